"""The figures of the effects of settings."""

from collections.abc import Iterator
from functools import partial

from dropout_lab.report import figure_data
from dropout_lab.report.figures.bars import explained
from dropout_lab.report.figures.levels import crossed, main_effects
from dropout_lab.report.gallery.alts import sentence
from dropout_lab.report.gallery.picture import Plan
from dropout_lab.report.gallery.source import Source
from dropout_lab.report.names import difference, percent, title, value

ADJUSTED = "adjusted for the other settings where the grid has holes, as far as their effects add up"


def plans(source: Source) -> Iterator[Plan]:
    metric = source.main
    shares = figure_data.shares(source.made("effects"), [metric, metric.replace("val", "gap")])
    if shares["term"].nunique() < 2:
        source.skipped.append("The effects of the settings are not drawn: no two settings were swept together.")
        return
    first = shares[shares["metric"] == metric]
    stars = (
        " Star: significant against its own variation between seeds (F test, Holm)." if source.frames.seeds > 1 else ""
    )
    parts = list(zip(first["term"], first["share"], strict=True))
    yield Plan(
        "effects",
        "What the settings explain",
        "Shares of the sum of squares (type II) between the means of the configurations with dropout." + stars,
        sentence([f"{term} {percent(part)} of the {title(metric)}" for term, part in parts[:4]]),
        shares,
        partial(explained, shares),
    )
    levels = figure_data.levels(source.made("effect_levels"), metric)
    several = levels[levels.groupby("factor")["level"].transform("size") > 1]
    left = figure_data.unknown(source.made("effect_levels"), metric)
    if left:
        source.skipped.append(
            f"Main effects of {' and '.join(left)} are not drawn: never varied without another setting."
        )
    numbers = [
        f"{factor}: {title(metric)} from {difference(metric, part['effect'].min())} at "
        f"{part['level'].iloc[int(part['effect'].argmin())]} to {difference(metric, part['effect'].max())} at "
        f"{part['level'].iloc[int(part['effect'].argmax())]}"
        for factor, part in several.groupby("factor", sort=False)
    ]
    if len(several):
        yield Plan(
            "levels",
            f"Main effects on the {title(metric)}",
            "Mean of the configurations with dropout that have the value, minus the mean of all, paired by seed; "
            f"{ADJUSTED}. {source.interval} These are averages: the best configuration can behave differently.",
            sentence(numbers),
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
            f"Mean of the configurations with dropout that have both values, {ADJUSTED}, with 95 % t intervals over "
            "seeds. Where the lines or rows of marks are parallel, the effect of one setting does not depend on the "
            "other.",
            sentence(
                [
                    f"{title(metric)} from {value(metric, lowest['mean'])} at {lowest['level']} to "
                    f"{value(metric, highest['mean'])} at {highest['level']}"
                ]
            ),
            pairs,
            partial(crossed, pairs, source.looks, source.is_class),
        )
