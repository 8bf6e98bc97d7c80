"""The figures of time."""

from collections.abc import Iterator
from functools import partial

from dropout_lab.report import figure_data
from dropout_lab.report.figures.cost import cost_scale, seconds
from dropout_lab.report.figures.occupancy import occupancy
from dropout_lab.report.gallery.alts import sentence
from dropout_lab.report.gallery.picture import Plan
from dropout_lab.report.gallery.source import Source
from dropout_lab.report.names import duration, number, percent, plural, title
from dropout_lab.report.tables.occupancy import used

NAMES = ("cost", "occupancy")


def plans(source: Source) -> Iterator[Plan]:
    yield from _cost(source)
    yield from _occupancy(source)


def _occupancy(source: Source) -> Iterator[Plan]:
    if source.frames.lanes.empty:
        source.skipped.append("Lanes in use are not drawn: the records do not contain them.")
        return
    table, cohorts = figure_data.occupancy(source.frames), source.made("occupancy")
    seconds, elapsed = float(cohorts["seconds"].sum()), float(table["end"].max())
    sessions, workers = cohorts["session"].nunique(), cohorts["worker"].nunique()
    shown = f" The first {figure_data.WORKERS} of {workers} workers." if workers > figure_data.WORKERS else ""
    started = " Dashes: another command continued the training." if sessions > 1 else ""
    yield Plan(
        "occupancy",
        "Lanes in use over time",
        "Runs train as lanes of a cohort, one cohort after another; when a run ends, its lane takes the next one. "
        "Filled: lanes that trained a run, mean over time. Line: lanes of the cohort. White below the line: no run was "
        f"left, or time between epochs.{started}{shown}",
        sentence(
            [
                f"on average {percent(used(cohorts))} of the lanes were in use, in {plural(len(cohorts), 'cohort')} of "
                f"{plural(sessions, 'command')} and {plural(workers, 'worker')}",
                f"the epochs of all workers took {duration(seconds)}; from the first to the last, {duration(elapsed)} "
                "passed",
            ]
        ),
        table,
        partial(occupancy, table),
    )


def _cost(source: Source) -> Iterator[Plan]:
    if source.objective == "seconds":
        return  # that is the cost
    table = figure_data.cost(source.frames, source.table, source.objective)
    if len(table) < 2 or table["seconds_per_epoch"].nunique() < 2:
        source.skipped.append("Times are not drawn: all configurations took equally long, or none has a time.")
        return
    several = table["lanes"].nunique() > 1
    total, lanes = table["seconds"].sum(), table["lanes"]
    yield Plan(
        "cost",
        f"Training time and {title(source.objective)}",
        f"A mark per configuration{'. Left' * several}: the time of all its runs, including those that failed or were "
        f"pruned.{' Right: the time of one epoch of a run.' * several} Runs train as lanes of a cohort; the time of a "
        f"run is its share of the cohort's time. {cost_scale(table, source.objective).note}".strip(),
        sentence(
            [
                f"{number(float(total), 3)} s in all, from {number(float(table['seconds'].min()), 3)} to "
                f"{number(float(table['seconds'].max()), 3)} s per configuration",
                f"{number(float(1000 * table['seconds_per_epoch'].median()), 3)} ms per epoch of a run (median), with "
                f"{f'{lanes.min():.0f} to {lanes.max():.0f}' if several else f'{lanes.min():.0f}'} lanes",
            ]
        ),
        table,
        partial(seconds, table, source.objective, source.looks, source.is_class),
    )
