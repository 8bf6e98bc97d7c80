"""The placement x rate lines of a sweep, and which of them are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dropout_lab.report.load import Frames
from dropout_lab.report.names import group_parts, is_maximised, varying
from dropout_lab.report.tables import metrics_of

PANELS = 6
"""A figure has at most this many panels; more groups than this are not drawn."""

GRID = 25
"""Up to so many distinct rates are a grid, whose points are joined; more are a sampler's, and stay points."""

CROWD = 6
"""More placements than this have a panel each."""

DRAWN = ("val_loss", "val_accuracy", "test_loss", "test_accuracy", "gap_loss", "gap_accuracy")


def placements(frames: Frames) -> Sequence[str]:
    """The placements that have configurations: in the order asked for, then by trial."""
    dropped = frames.trials[~frames.trials["baseline"]]
    present = [str(name) for name in dropped["placement"].dropna().unique()]
    asked = frames.axes.get("placement")
    wanted = [str(name) for name in asked] if isinstance(asked, list) else []
    return [*(name for name in wanted if name in present), *(name for name in present if name not in wanted)]


def by_rate(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """Placement x rate lines: one row per configuration that has both, and its baseline as rate 0 of each placement.

    `group` spells what else varies, so that one group has one line per placement.
    """
    columns = ["trial", "context", "baseline", "n_complete", "name"]
    columns += [c for m in metrics_of(frames, DRAWN) for c in (m, f"{m}_low", f"{m}_high")]
    if not table.empty:
        columns += ["target", "n_reached", "n_timed", "epochs_to_target"]
    order = {name: index for index, name in enumerate(placements(frames))}
    names = varying(frames)
    lines: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for _, trial in table.iterrows():
        if not trial["baseline"] and pd.notna(trial["placement"]) and pd.notna(trial["rate"]):
            line = (str(trial["context"]), ", ".join(group_parts(trial, names)), str(trial["placement"]))
            lines.setdefault(line, []).append({"rate": float(trial["rate"]), **_row(trial, columns)})
    baselines = {str(b["context"]): b for _, b in table.iterrows() if b["baseline"]}
    groups: dict[str, set[str]] = {}
    for context, group, _ in lines:
        groups.setdefault(group, set()).add(context)
    rows = []
    for (context, group, placement), points in lines.items():
        # Contexts that no swept setting tells apart come of commands with other settings in one folder.
        title = group if len(groups[group]) == 1 else f"{group}, context {context[:4]}".removeprefix(", ")
        if context in baselines:
            points.append({"rate": 0.0, **_row(baselines[context], columns)})
        rows += [{"group": title, "placement": placement, **point} for point in points]
    frame = pd.DataFrame(rows, columns=None if rows else ["group", "placement", "rate", *columns])
    first = frame[~frame["baseline"].astype(bool)].groupby("group")["trial"].min()
    sorting = pd.DataFrame({"g": frame["group"].map(first), "p": frame["placement"].map(order), "r": frame["rate"]})
    return frame.loc[sorting.sort_values(["g", "p", "r"], kind="stable").index].reset_index(drop=True)


def _row(trial: pd.Series, columns: Sequence[str]) -> dict[str, Any]:
    return {name: trial[name] for name in columns}


def has_rate_axis(rates: pd.DataFrame) -> bool:
    return bool(rates["rate"].nunique() > 1)


@dataclass(frozen=True)
class Chosen:
    """The part of the rate table that is drawn, with a column `panel`.

    `joined`: whether points of a line may be joined. `crowded`: too many placements for one panel, so each has one of
    its own. `note` says what is not shown.
    """

    rates: pd.DataFrame
    joined: bool
    crowded: bool = False
    note: str = ""

    @property
    def banded(self) -> bool:
        """Whether the bands of a panel's lines can still be told apart."""
        return self.crowded or self.rates["placement"].nunique() <= CROWD


def chosen(rates: pd.DataFrame, objective: str) -> Chosen:
    """A panel per group, and not too many of them.

    Where a grid has more groups, those with the best configurations. Where the rates are a sampler's, or nearly every
    configuration is a group of its own, all are one group of points that are not joined.
    """
    groups = rates["group"].nunique()
    dropped = rates[~rates["baseline"]]
    joined, note = bool(rates["rate"].nunique() <= GRID), ""
    if groups <= PANELS:
        note = "" if joined else "Each point is a configuration."
    elif joined and dropped.groupby(["group", "placement"]).size().median() > 1:
        best_first = dropped.sort_values(objective, ascending=not is_maximised(objective), kind="stable")
        rates = rates[rates["group"].isin(best_first["group"].drop_duplicates().head(PANELS))]
        note = f"Of {groups} groups, the {PANELS} with the best configurations are drawn."
    else:
        rates = dropped.assign(group="").drop_duplicates(["placement", "trial"])
        joined, note = False, "Each point is a configuration; what else was swept differs among them too."
    if rates["placement"].nunique() > CROWD:
        if rates["group"].nunique() == 1:
            return Chosen(rates.assign(panel=rates["placement"]), joined, crowded=True, note=note)
        note = f"{note} With so many lines the intervals are left out; they are in the CSV.".strip()
    return Chosen(rates.assign(panel=rates["group"]), joined, note=note)


def heatmap(rates: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Placement x rate of one group: the mean of `metric`."""
    order = list(dict.fromkeys(rates["placement"]))
    return rates.pivot_table(index="placement", columns="rate", values=metric, sort=True).reindex(order)
