"""The figures of what each setting does."""

from collections.abc import Iterator
from functools import partial

from dropout_lab.report import figure_data
from dropout_lab.report.figures.bars import explained
from dropout_lab.report.figures.levels import crossed, main_effects
from dropout_lab.report.gallery.alts import sentence
from dropout_lab.report.gallery.picture import Plan
from dropout_lab.report.gallery.source import Source
from dropout_lab.report.names import difference, percent, title, value

ADJUSTED = "where the grid has holes adjusted for the other settings, as far as these add up"


def plans(source: Source) -> Iterator[Plan]:
    metric = source.main
    shares = figure_data.shares(source.made("effects"), [metric, metric.replace("val", "gap")])
    if shares["term"].nunique() < 2:
        source.skipped.append("What each setting does is not drawn: no two settings were swept together.")
        return
    first = shares[shares["metric"] == metric]
    stars = " A star: told from what seeds do to the same term (F test, Holm)." if source.frames.seeds > 1 else ""
    parts = list(zip(first["term"], first["share"], strict=True))
    yield Plan(
        "effects",
        "What the settings explain",
        "Shares of the sum of squares (type II) of the differences between the means of configurations with dropout."
        + stars,
        sentence([f"{term} {percent(part)} of the {title(metric)}" for term, part in parts[:4]]),
        shares,
        partial(explained, shares),
    )
    levels = figure_data.levels(source.made("effect_levels"), metric)
    several = levels[levels.groupby("factor")["level"].transform("size") > 1]
    left = figure_data.unknown(source.made("effect_levels"), metric)
    if left:
        source.skipped.append(f"No main effect is drawn of {' and '.join(left)}: never varied without another setting.")
    told = [
        f"{factor}: {title(metric)} from {difference(metric, part['effect'].min())} at "
        f"{part['level'].iloc[int(part['effect'].argmin())]} to {difference(metric, part['effect'].max())} at "
        f"{part['level'].iloc[int(part['effect'].argmax())]}"
        for factor, part in several.groupby("factor", sort=False)
    ]
    if len(several):
        yield Plan(
            "levels",
            f"Main effects on the {title(metric)}",
            "Mean of configurations with dropout that have the value, minus the mean of all, paired by seed; "
            f"{ADJUSTED}. {source.interval} It is an average: what the best configuration does can differ.",
            sentence(told),
            several,
            partial(main_effects, several, source.looks, source.is_class),
        )
    pairs = figure_data.interactions(source.made("effect_levels"), metric)
    if len(pairs):
        lowest = pairs.iloc[int(pairs["mean"].argmin())]
        highest = pairs.iloc[int(pairs["mean"].argmax())]
        yield Plan(
            "crossed",
            f"Two settings together: {title(metric)}",
            f"Mean of configurations with dropout that have both values, {ADJUSTED}, with 95 % t intervals over seeds. "
            "Where the lines, or the rows of marks, are parallel, each setting does the same whatever the other is.",
            sentence(
                [
                    f"{title(metric)} from {value(metric, lowest['mean'])} at {lowest['level']} to "
                    f"{value(metric, highest['mean'])} at {highest['level']}"
                ]
            ),
            pairs,
            partial(crossed, pairs, source.looks, source.is_class),
        )
