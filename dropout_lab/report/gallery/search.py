"""The figures of the search: fronts, importances, the best of every value, the budget."""

from collections.abc import Iterator
from functools import partial

from dropout_lab.report import figure_data
from dropout_lab.report.figures.bars import importances
from dropout_lab.report.figures.best_so_far import found_so_far
from dropout_lab.report.figures.isolation import isolated
from dropout_lab.report.figures.pareto import front_scale, fronts
from dropout_lab.report.gallery.alts import sentence
from dropout_lab.report.gallery.picture import Plan
from dropout_lab.report.gallery.source import Source
from dropout_lab.report.names import and_list, percent, plural, setting, title, value

NAMES = ("pareto", "isolation", "importance", "best_so_far")

PANELS = 9


def plans(source: Source) -> Iterator[Plan]:
    yield from _fronts(source)
    yield from _isolation(source)
    yield from _importance(source)
    yield from _budget(source)


def _fronts(source: Source) -> Iterator[Plan]:
    points = figure_data.fronts(source.made("pareto"), source.table)
    if points["trial"].nunique() < 3:
        source.skipped.append("The Pareto front is not drawn: fewer than three configurations have all seeds complete.")
        return
    contexts = points.loc[points["context"] != "", "context"].nunique()
    own = " Epochs are to the target of the context, and each context has its own front." if contexts > 1 else ""
    numbers = []
    for pair, part in points[points["front"]].groupby("pair", sort=False):
        first, second = str(pair).split(" and ")
        some = [
            f"{row['name']} ({value(first, row['first'])}, {value(second, row['second'])})"
            for row in part.head(5).to_dict("records")
        ]
        more = f" and {len(part) - 5} more" if len(part) > 5 else ""
        numbers.append(f"on the front of {title(first)} and {title(second)}: {', '.join(some)}{more}")
    note = max(front_scale(part, str(pair).split(" and ")[0]).note for pair, part in points.groupby("pair"))
    heading = "What accuracy costs" if source.is_class else "What a low loss costs"
    if len(source.frames.objectives) > 1:
        heading = f"Trade-off between {and_list([title(name) for name in source.frames.objectives])}"
    yield Plan(
        "pareto",
        heading,
        "A mark per configuration with all seeds, means over seeds. Ringed: no other is as good in both and better in "
        "one. The front does not show which differences are significant."
        f"{own} {note}".strip(),
        sentence(numbers),
        points,
        partial(fronts, points, source.looks, source.is_class),
    )


def _isolation(source: Source) -> Iterator[Plan]:
    isolation = source.made("isolation")
    if isolation["setting"].nunique() < 2:
        source.skipped.append("The best per value is not drawn: no two settings were swept together.")
        return
    rows = figure_data.isolated(isolation, source.table, PANELS)
    metric = source.frames.objectives[0]
    numbers = [
        f"{row['setting']}: best at {setting(row['value'])}, {value(metric, row['mean'])}; no dropout for comparison "
        f"{value(metric, row['baseline_mean'])}"
        for row in rows[rows["best"]].drop_duplicates("setting").to_dict("records")
    ]
    yield Plan(
        "isolation",
        f"The best {title(metric)} with each value of a setting",
        "For each value, the best configuration that has it, all other settings free, and the best no dropout of the "
        f"same number of contexts (short lines). {source.interval} They do not account for the choice of the best.",
        sentence(numbers),
        rows,
        partial(isolated, rows, metric, source.looks, source.is_class),
    )


def _importance(source: Source) -> Iterator[Plan]:
    table = source.made("importance")
    if table["parameter"].nunique() < 2:
        if len(source.table) > 1:
            why = "it needs two settings and ten configurations with all seeds"
            source.skipped.append(f"The importance of settings is not drawn: {why}.")
        return
    first = table[table["metric"] == table["metric"].iloc[0]]
    yield Plan(
        "importance",
        "Which settings decide what is best",
        "PED-ANOVA (Watanabe et al., 2023): how much more the best tenth of the configurations concentrate on some "
        "values of a setting than all configurations do. Importances add up to 100 %.",
        sentence([f"{row['parameter']} {percent(row['importance'])}" for row in first.to_dict("records")]),
        table,
        partial(importances, table),
    )


def _budget(source: Source) -> Iterator[Plan]:
    if source.frames.asked.get("n_trials") is None:
        source.skipped.append("The best so far is not drawn: a grid has no search order.")
        return
    table = source.made("best_so_far")
    known = table[table["best"].notna()]
    if len(known) < 2:
        return
    metric, last = source.frames.objectives[0], known.iloc[-1]
    half = known.iloc[len(known) // 2]
    yield Plan(
        "best_so_far",
        f"The best {title(metric)} found so far",
        "Steps: the best mean of a trial with all seeds. Band and dashes: the same trials in random order (drawn with "
        "replacement), which is the luck of the order only for a random search. Trials much worse than most lie beyond "
        "the axis.",
        sentence(
            [
                f"best after {plural(int(half['budget']), 'trial')} {value(metric, half['best'])}, after "
                f"{plural(int(last['budget']), 'trial')} {value(metric, last['best'])}, "
                f"found by trial {last['best_trial']:.0f}"
            ]
        ),
        table,
        partial(found_so_far, table, metric, source.is_class),
    )
