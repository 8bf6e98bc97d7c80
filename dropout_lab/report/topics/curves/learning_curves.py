"""The curves of a few representative configurations."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dropout_lab.core.metrics.lookup import per_epoch
from dropout_lab.report.draw import style
from dropout_lab.report.draw.scales import Scale
from dropout_lab.report.frames.column import Columns, text
from dropout_lab.report.frames.documentation import columns, of_runs
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import in_unit, title, unit, value
from dropout_lab.report.topics import chance
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.choice import Choice
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Picture, Plan

PANELS = 6


TRAIN, VALIDATION = "#E69F00", "#0072B2"


OTHERS = "best of its placement"


SINGLE = 5
"""Seeds that are drawn one by one, at most."""


def curves(frames: Frames, table: pd.DataFrame, choice: Choice, shape: pd.DataFrame) -> pd.DataFrame:
    """Train and validation curves of the best configuration, its baseline, the best of other placements and the worst.

    One row per configuration (with its `role`), seed and epoch; `diagnosis` is that of `curve_shape`. All share the
    context of the best, so that they are comparable.
    """
    picked: dict[int, str] = {}
    for role, trial in (("best", choice.best), ("baseline", choice.baseline), ("worst", choice.worst)):
        if trial is not None:
            number = int(trial["trial"])
            picked[number] = f"{picked[number]} and {role}" if number in picked else role
    if choice.best is not None:
        same = table[table["whole"] & ~table["baseline"] & (table["context"] == choice.best["context"])]
        for _, trial in same.drop_duplicates("placement").dropna(subset=["placement"]).iterrows():
            if len(picked) < PANELS and trial["placement"] != choice.best["placement"]:
                picked.setdefault(int(trial["trial"]), OTHERS)
    last = [number for number, role in picked.items() if role == "worst"]
    order = [number for number in picked if number not in last] + last
    names = table.set_index("trial")["name"]
    ails = shape.set_index("trial")["diagnosis"]
    complete = frames.runs.loc[frames.runs["status"] == "complete", ["trial", "seed", "best_epoch"]]
    recorded = [metric for metric in per_epoch() if metric.in_curves and metric.in_runs]
    metrics = [metric.name for metric in recorded if metric.name in frames.curves]
    shown = frames.curves.loc[frames.curves["trial"].isin(order), ["trial", "seed", "epoch", *metrics]]
    frame = shown.merge(complete, on=["trial", "seed"])
    frame = frame.assign(
        role=frame["trial"].map(picked), name=frame["trial"].map(names), diagnosis=frame["trial"].map(ails)
    )
    place = {number: index for index, number in enumerate(order)}
    return frame.sort_values("trial", key=lambda trial: trial.map(place), kind="stable", ignore_index=True)


def learning_curves(curves: pd.DataFrame, metric: str, classification: bool) -> Figure:
    """`metric` ("loss", "f1_macro") per epoch, a panel per configuration, on the same scales.

    On the validation part and, where it is measured there, on the training part.
    """
    trials = list(curves["trial"].unique())
    columns = style.columns_for(len(trials))
    figure, axes = style.grid(len(trials), columns, height=2.7 if len(trials) <= columns else 2.3, share=True)
    colors = {f"train_{metric}": TRAIN, f"val_{metric}": VALIDATION}
    names = [name for name in colors if name in curves]
    epochs = int(curves["epoch"].max())
    for place, (trial, ax) in enumerate(zip(trials, axes, strict=True)):
        shown = curves[curves["trial"] == trial]
        seeds = shown["seed"].unique()
        for name in names:
            color = colors[name]
            matrix = shown.pivot(index="epoch", columns="seed", values=name)
            values = in_unit(name, 1) * matrix.to_numpy(dtype=float)
            ax.plot(matrix.index, values[:, :SINGLE], color=color, linewidth=0.6, alpha=0.45)
            # After the first run stopped, a mean would be of other runs than before.
            every = np.isfinite(values).sum(axis=1) == len(seeds)
            ax.plot(matrix.index[every], values[every].mean(axis=1), color=color, linewidth=2.2)
        best = shown[(shown["epoch"] == shown["best_epoch"]) & shown["seed"].isin(seeds[:SINGLE])]
        ax.plot(
            best["epoch"], in_unit(names[-1], 1) * best[names[-1]], "o", color=VALIDATION, mec="white", mew=0.7, ms=5
        )
        first = shown.iloc[0]
        ails = first["diagnosis"] if isinstance(first["diagnosis"], str) else ""
        role = f"{first['role']}: " if first["role"] != OTHERS and first["name"] != "no dropout" else ""
        style.heading(ax, ails, f"{role}{first['name']}")
        ax.tick_params(labelbottom=place + columns >= len(trials))
        if place + columns >= len(trials):
            ax.set_xlabel("epoch")
    axes[0].set_xlim(1 - 0.03 * epochs, epochs + 0.03 * epochs)
    axes[0].xaxis.set_major_locator(style.epoch_ticks())
    values = curves[list(names)].to_numpy(dtype=float)
    if metric == "loss" and np.nanmin(values) > 0 and np.nanmax(values) > 8 * np.nanmin(values):
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        Scale(maximised=False, logarithmic=True, limits=(0.85 * low, high / 0.85)).set(axes)
    name = unit(f"val_{metric}", classification)
    for ax in axes[::columns]:
        said = title(names[-1]).removeprefix("validation ")
        ax.set_ylabel(f"{said} ({name})" if name else said)
    style.legend_of(
        figure,
        [
            *(
                Line2D([], [], color=colors[name], linewidth=2.2, label=label)
                for name, label in zip(names, ("train", "validation")[-len(names) :], strict=True)
            ),
            Line2D([], [], color="#777777", linewidth=0.6, label="one seed"),
            Line2D([], [], color=VALIDATION, marker="o", mec="white", linestyle="", label="best epoch of a seed"),
        ],
    )
    return figure


def _plan(evidence: Evidence) -> Plan | str:
    found = curves(evidence.frames, evidence.table, evidence.choice, evidence.tables["curve_shape"])
    if found.empty:
        return "No curves are drawn: no configuration has all its seeds complete."
    metric = evidence.main.removeprefix("val_")
    has_train = f"train_{metric}" in found
    thin = f"{SINGLE} single seeds" if evidence.frames.seeds > SINGLE else "single seeds"
    return Plan(
        f"{'Train and validation' if has_train else 'Validation'} "
        f"{title(evidence.main).removeprefix('validation ')} over the epochs",
        "The best configuration, no dropout, the best of other placements, and the worst of the same context, with "
        f"the diagnosis of most of their runs. {'Train values are measured with dropout off. ' if has_train else ''}"
        f"Thick: the mean while all seeds train. Thin: {thin}. Marks: a seed's best epoch."
        f" {chance.note(evidence.frames, [evidence.main])}".rstrip(),
        sentence([_ends(part, metric) for _, part in found.groupby("trial", sort=False)]),
        found,
        partial(learning_curves, found, metric, evidence.is_class),
    )


def _ends(part: pd.DataFrame, metric: str) -> str:
    """Both curves at the best epoch, as means over seeds."""
    best = part[part["epoch"] == part["best_epoch"]]
    names = {"train": f"train_{metric}", "validation": f"val_{metric}"}
    sides = [f"{side} {value(name, best[name].mean())}" for side, name in names.items() if name in part]
    return (
        f"{part['role'].iloc[0]}, {part['name'].iloc[0]}: {' and '.join(sides)} "
        f"at the best epoch, {best['epoch'].mean():.1f} on average"
    )


COLUMNS: Columns = {
    **columns()["curves"],
    "best_epoch": of_runs()["best_epoch"],
    "role": text("why it is drawn: best, baseline, worst, best of its placement"),
    "diagnosis": text("that of most of its runs, see curve_shape"),
}

CURVES = Picture("curves", _plan, COLUMNS)
