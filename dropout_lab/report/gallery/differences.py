"""The figures of differences to no dropout."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from dropout_lab.report import figure_data
from dropout_lab.report.figures.forest import difference_scale, forest
from dropout_lab.report.gallery.alts import sentence
from dropout_lab.report.gallery.picture import Plan
from dropout_lab.report.gallery.source import Source
from dropout_lab.report.names import difference, is_maximised, plural, title
from dropout_lab.report.statistics import ALPHA

NAMES = ("forest",)


def plans(source: Source) -> Iterator[Plan]:
    comparisons = source.made("comparisons")
    shown = figure_data.differences(comparisons, source.table, source.objective)
    count = int((comparisons["metric"] == source.objective).sum())
    if len(shown) < 2:
        why = (
            "no two configurations have a baseline"
            if len(source.table) > 2
            else "there are no two configurations to compare"
        )
        source.skipped.append(f"Differences to no dropout are not drawn: {why}.")
        return
    other = "no dropout" if source.frames.reference is None else f"trial {source.frames.reference}"
    significant = shown.loc[shown["p_holm"] < ALPHA, "mean"]
    signs = np.sign(significant) if is_maximised(source.objective) else -np.sign(significant)
    first = shown.iloc[0]
    some = f"The best {len(shown)} of {count} configurations, without those that learned nothing,"
    which = some if len(shown) < count else "Every configuration"
    yield Plan(
        "forest",
        f"Differences to {other} in {title(source.objective)}",
        f"{which} minus {other}, paired by seed. {source.interval} Filled: significant by the paired t test, "
        f"corrected by Holm for all {count} comparisons. Shaded: differences too small to matter. "
        f"{difference_scale(shown, source.objective).note}".strip(),
        sentence(
            [
                f"{first['name']}: {difference(source.objective, first['mean'])}",
                f"significantly better: {(signs > 0).sum()} of {plural(len(shown), 'difference')}",
                f"significantly worse: {(signs < 0).sum()}",
            ]
        ),
        shown,
        partial(forest, shown, source.objective, source.looks, source.is_class, other),
    )
