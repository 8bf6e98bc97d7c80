"""Which classes the networks take for which, on the test set, summed over seeds."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dropout_lab.records import predictions
from dropout_lab.report.draw import style
from dropout_lab.report.draw.layout import shorten
from dropout_lab.report.frames.column import TRIAL, Columns, made, real, text, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import percent, plural
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.choice import choose
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Picture, Plan, Shown, Table

MOST = 20
"""A figure of more classes than this would have no room for their names and numbers."""

BESIDE = 10
"""Up to this many classes, two matrices are side by side."""

PAIRS = 10
"""The pairs that the page lists."""

COLUMNS: Columns = {
    **TRIAL,
    "role": text("best, or other: what it is shown beside, see test_set"),
    "target": text("the examples' class: its name, or its number"),
    "answer": text("the class that the networks answer"),
    "examples": whole("test examples of the class, times seeds", unit="answers"),
    "answers": whole("of these the ones with this answer, summed over seeds", unit="answers"),
    "share": real("answers over examples", unit="fraction"),
}


def confusion(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per class and answer that occur together, for the best configuration and what it is shown beside.

    That is no dropout, or if no dropout is the best, the best of the others; see `Choice.beside`.

    Without rows if no run has predictions.
    """
    choice = choose(frames, table)
    parts = []
    for role, trial in (("best", choice.best), ("other", choice.beside)):
        counts = None if trial is None else _counts(frames, str(trial["key"]))
        if trial is not None and counts is not None:
            parts.append(_rows(counts, names(frames, len(counts)), role, trial))
    return made(COLUMNS, pd.concat(parts, ignore_index=True) if parts else None)


def names(frames: Frames, classes: int) -> list[str]:
    """The classes' names, or their numbers where no names are recorded."""
    known = (frames.asked.get("scope") or {}).get("classes") or []
    return [str(name) for name in known] if len(known) == classes else [str(number) for number in range(classes)]


def _counts(frames: Frames, key: str) -> NDArray[np.int64] | None:
    """(class, class): targets by answers, summed over the complete runs of a configuration."""
    runs = frames.runs[(frames.runs["key"] == key) & (frames.runs["status"] == "complete")]
    kept = [] if frames.folder is None else predictions.read_all(frames.folder, map(str, runs["id"]))
    if not kept:
        return None
    classes = kept[0][0].shape[1]
    pairs = sum(
        np.bincount(targets * classes + probs.argmax(1), minlength=classes * classes) for probs, targets in kept
    )
    return np.asarray(pairs, dtype=np.int64).reshape(classes, classes)


def _rows(counts: NDArray[np.int64], classes: list[str], role: str, trial: "pd.Series[Any]") -> pd.DataFrame:
    target, answer = np.nonzero(counts)
    examples = counts.sum(axis=1)[target]
    return pd.DataFrame(
        {
            "trial": int(trial["trial"]),
            "name": str(trial["name"]),
            "role": role,
            "target": [classes[index] for index in target],
            "answer": [classes[index] for index in answer],
            "examples": examples,
            "answers": counts[target, answer],
            "share": counts[target, answer] / examples,
        }
    )


def mistakes(table: pd.DataFrame) -> pd.DataFrame:
    """The pairs of class and answer that differ: those that the best configuration mistakes most often first."""
    wrong = table[table["target"] != table["answer"]]
    both = wrong.pivot_table(index=["target", "answer"], columns="role", values="answers", aggfunc="sum", fill_value=0)
    both = both.reindex(columns=list(table["role"].unique()), fill_value=0)
    return both.sort_values(list(both.columns), ascending=False, kind="stable").reset_index()


def draw(table: pd.DataFrame, classes: list[str]) -> Figure:
    """A matrix per configuration: a row per class, a column per answer, coloured by the share of the row."""
    roles = list(table["role"].unique())
    columns = 2 if len(classes) <= BESIDE else 1
    side = 2.9 if columns == 2 else 1.2 + 0.27 * len(classes)
    figure, axes = style.grid(len(roles), columns, height=side)
    for place, (role, ax) in enumerate(zip(roles, axes, strict=True)):
        part = table[table["role"] == role]
        _panel(ax, part, classes, named=place % columns == 0)
        name = str(part["name"].iloc[0])
        style.heading(ax, name, "best" if role == "best" else "")
    return figure


def _panel(ax: Axes, part: pd.DataFrame, classes: list[str], *, named: bool) -> None:
    places = {name: place for place, name in enumerate(classes)}
    shares, counts = (np.zeros((len(classes), len(classes))) for _ in range(2))
    rows, columns = part["target"].map(places), part["answer"].map(places)
    shares[rows, columns], counts[rows, columns] = part["share"], part["answers"]
    ax.grid(False)
    ax.spines[:].set_visible(False)
    # Cells, not an image, so that SVG and PDF are sharp at any size. The root, because mistakes are rare.
    mesh = ax.pcolormesh(np.sqrt(shares), cmap="cividis", vmin=0, vmax=1, edgecolors="white", linewidth=0.6)
    ax.invert_yaxis()
    ink = mesh.to_rgba(np.sqrt(shares))[..., :3] @ np.array([0.3, 0.59, 0.11])
    for (row, column), count in np.ndenumerate(counts):
        if count:
            color = "#010101" if ink[row, column] > 0.5 else "#fefefe"  # kept in dark mode
            ax.text(
                column + 0.5, row + 0.5, f"{count:.0f}", ha="center", va="center", fontsize=7, color=color,
                in_layout=False,
            )  # fmt: skip
    room = [shorten(name, 14) for name in classes]
    turned = 0 if max(map(len, room)) <= 2 else 45
    ax.set_xticks(np.arange(len(classes)) + 0.5, room, rotation=turned, ha="right" if turned else "center")
    ax.set_yticks(np.arange(len(classes)) + 0.5, room if named else [])
    ax.tick_params(length=0)
    ax.set_xlabel("answer")
    if named:
        ax.set_ylabel("class")


def _classes(evidence: Evidence) -> list[str]:
    """The classes in their order; those of a table whose names are not recorded are numbers."""
    table = evidence.tables["confusion"]
    there = [*table["target"], *table["answer"]]
    known = [str(name) for name in (evidence.frames.asked.get("scope") or {}).get("classes") or []]
    if set(there) <= set(known):
        return known
    return [str(number) for number in range(1 + max(map(int, there)))]


def _worst(evidence: Evidence) -> list[str]:
    """The most frequent mistakes of the best configuration, in words."""
    table = evidence.tables["confusion"]
    best = table[table["role"] == "best"]
    wrong = best[best["target"] != best["answer"]].sort_values("answers", ascending=False, kind="stable")
    return [
        f"{row['target']} taken for {row['answer']} {plural(int(row['answers']), 'time')} "
        f"({percent(row['answers'], row['examples'])})"
        for row in wrong.head(3).to_dict("records")
    ] or ["no mistakes"]


def _plan(evidence: Evidence) -> Plan | str | None:
    table = evidence.tables["confusion"]
    if not evidence.is_class or table.empty:
        return None
    classes = _classes(evidence)
    if len(classes) > MOST:
        return (
            f"The {len(classes)} classes are too many to draw which is taken for which; the table lists the mistakes."
        )
    caption = (
        "Answers on the held-out test set, summed over seeds. Colours: the root of the share of a class's examples, "
        "so that rare mistakes are seen. An empty cell never occurs."
    )
    shown = table.drop(columns="trial")
    return Plan(
        "Which class is taken for which", caption, sentence(_worst(evidence)), shown, partial(draw, table, classes)
    )


def _shown(evidence: Evidence) -> Shown | None:
    table = evidence.tables["confusion"]
    if table.empty or (found := mistakes(table)).empty:
        return None
    totals = table.drop_duplicates(["role", "target"]).groupby("target")["examples"].max()
    labels = table.drop_duplicates("role").set_index("role")["name"]
    roles = [str(role) for role in found.columns[2:]]
    rows = [
        [row["target"], row["answer"], *(str(row[role]) for role in roles), str(totals[row["target"]])]
        for row in found.head(PAIRS).to_dict("records")
    ]
    header = ["class", "taken for", *(str(labels[role]) for role in roles), "examples times seeds"]
    return Shown("The most frequent mistakes", ["On the held-out test set, summed over seeds."], header, rows)


CONFUSION = Table("confusion", confusion, COLUMNS, _shown)
MATRIX = Picture("confusion", _plan)
