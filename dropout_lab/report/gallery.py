"""Which figures a sweep gets, in which order, with their captions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report import drawn, figures_rate, figures_trials, style
from dropout_lab.report.answer import Answer
from dropout_lab.report.load import Frames
from dropout_lab.report.names import plural, title
from dropout_lab.report.style import Drawing


@dataclass(frozen=True)
class Picture:
    """A figure as files (`name` is their stem), its words, and the one table it draws."""

    name: str
    heading: str
    caption: str
    table: pd.DataFrame
    drawing: Drawing


@dataclass(frozen=True)
class Gallery:
    """The pictures, and one sentence per figure that this sweep does not get."""

    pictures: list[Picture]
    skipped: list[str]


def gallery(frames: Frames, table: pd.DataFrame, found: Answer) -> Gallery:
    skipped: list[str] = []
    if frames.curves.empty or table.empty or not (table["n_complete"] > 0).any():
        return Gallery([], ["There are no figures, as no run is complete."])
    with style.styled():
        pictures = [
            Picture(name, heading, caption, drawn_table, style.save(draw()))
            for name, heading, caption, drawn_table, draw in _plan(frames, table, found, skipped)
        ]
    return Gallery(pictures, skipped)


Plan = tuple[str, str, str, pd.DataFrame, Callable[[], Figure]]


def _plan(frames: Frames, table: pd.DataFrame, found: Answer, skipped: list[str]) -> Iterator[Plan]:
    looks = style.looks(drawn.placements(frames))
    is_class = frames.is_classification
    objective = found.objective
    seeds = f"means over {plural(frames.seeds, 'seed')}" + (", with 95 % t intervals" if frames.seeds > 1 else "")

    every = drawn.by_rate(frames, table)
    if drawn.has_rate_axis(every):
        part = drawn.chosen(every, objective)
        rates, more = part.rates, f" {part.note}".rstrip()
        bands = "bands" if part.joined else "bars"
        main = "val_accuracy" if is_class else "val_loss"
        yield (
            "rate",
            f"{title(main).capitalize()} against rate",
            f"One line per placement: {seeds} ({bands}). Dashed: no dropout, which is also rate 0 of every placement.{more}",
            rates,
            lambda: figures_rate.against_rate(part, [main], looks, is_class),
        )
        gaps = ["gap_loss", "gap_accuracy"] if is_class and not part.crowded else ["gap_loss"]
        yield (
            "gap",
            "Gap between train and validation against rate",
            f"At each run's best epoch, dropout off on both sides; {seeds} ({bands}). A gap near zero with a bad "
            f"validation value is underfitting.{more}",
            rates,
            lambda: figures_rate.against_rate(part, gaps, looks, is_class),
        )
        arrivals = drawn.arrivals(frames, rates)
        if len(arrivals):
            yield (
                "epochs_to_target",
                "Epochs to reach the baseline's level against rate",
                "The level is the median over the baseline's seeds of their best validation loss. Pale marks: runs that "
                "got there; open triangles: runs that did not while they trained (censored); a larger mark is more runs. "
                f"Lines join the Kaplan-Meier medians and break where half of the runs never got there.{more}",
                arrivals,
                lambda: figures_rate.times_to_target(arrivals, looks, part.joined),
            )
        else:
            skipped.append("Epochs to target are not drawn: no context has a finished baseline to set the target.")
        if part.joined and rates["placement"].nunique() > 1:
            yield (
                "heatmap",
                "Placement and rate",
                "Means over complete seeds; the frame marks the best cell of a panel"
                + (", a star a cell with seeds missing." if (rates["n_complete"] < frames.seeds).any() else ".")
                + more,
                rates,
                lambda: figures_rate.heat(rates, [main, "gap_loss"], frames.seeds, is_class),
            )
    else:
        skipped.append("Nothing is drawn against rate: the configurations have no rate axis.")

    if frames.trials.loc[~frames.trials["baseline"], "placement"].isna().any():
        sites = drawn.by_site(frames, table, objective)
        if len(sites):
            yield (
                "sites",
                f"{title(objective).capitalize()} against the rate of each site",
                f"One point per configuration: {seeds.split(',')[0]}. Sites that always share a rate share a panel; a "
                "panel shows one site while the others differ too.",
                sites,
                lambda: figures_trials.against_site_rates(sites, objective, looks, is_class),
            )
    listed = drawn.listed(frames, table, objective)
    if len(listed):
        some = (
            f"the best {drawn.LISTED} of {len(table)} configurations"
            if len(listed) < len(table)
            else "all configurations"
        )
        yield (
            "configurations",
            f"{title(objective).capitalize()} of {some}",
            f"Dots: {seeds}. Grey: no dropout. These are intervals of single configurations; differences to no dropout, "
            "paired by seed, are in the table and are often narrower.",
            listed,
            lambda: figures_trials.list_of_configurations(listed, objective, looks, is_class),
        )
    curves = drawn.curves(frames, found)
    for metric in ("loss", "accuracy") if is_class else ("loss",):
        if len(curves):
            yield (
                f"curves_{metric}",
                f"Train and validation {metric} over the epochs",
                "The best configuration, no dropout, and the worst of the same context. Train values are measured with "
                "dropout off. Thick: mean while all seeds still train; thin: single seeds.",
                curves,
                lambda metric=metric: figures_trials.learning_curves(curves, metric, is_class),
            )
    if curves.empty:
        skipped.append("No curves are drawn: no configuration has all its seeds complete.")
