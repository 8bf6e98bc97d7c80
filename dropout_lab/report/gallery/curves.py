"""The figures of curves."""

from collections.abc import Iterator
from functools import partial

import pandas as pd

from dropout_lab.report import figure_data
from dropout_lab.report.figures.curves import SINGLE, learning_curves
from dropout_lab.report.gallery import learned
from dropout_lab.report.gallery.alts import sentence
from dropout_lab.report.gallery.picture import Plan
from dropout_lab.report.gallery.source import Source
from dropout_lab.report.names import value

NAMES = ("curves_loss", "curves_accuracy", *learned.NAMES)


def plans(source: Source) -> Iterator[Plan]:
    yield from learned.plans(source)
    curves = figure_data.curves(source.frames, source.table, source.found, source.made("curve_shape"))
    if curves.empty:
        source.skipped.append("No curves are drawn: no configuration has all its seeds complete.")
        return
    thin = f"{SINGLE} single seeds" if source.frames.seeds > SINGLE else "single seeds"
    for metric in ("loss", "accuracy") if source.is_class else ("loss",):
        yield Plan(
            f"curves_{metric}",
            f"Train and validation {metric} over the epochs",
            "The best configuration, no dropout, the best of other placements, and the worst of the same context, with "
            "the diagnosis of most of their runs. Train values are measured with dropout off. "
            f"Thick: the mean while all seeds train. Thin: {thin}. Marks: a seed's best epoch.",
            sentence([_ends(part, metric) for _, part in curves.groupby("trial", sort=False)]),
            curves,
            partial(learning_curves, curves, metric, source.is_class),
        )


def _ends(part: pd.DataFrame, metric: str) -> str:
    """Both curves at the best epoch, as means over seeds."""
    best = part[part["epoch"] == part["best_epoch"]]
    train, val = (f"{side}_{metric}" for side in ("train", "val"))
    return (
        f"{part['role'].iloc[0]}, {part['name'].iloc[0]}: train {value(train, best[train].mean())} and validation "
        f"{value(val, best[val].mean())} at the best epoch, {best['epoch'].mean():.1f} on average"
    )
