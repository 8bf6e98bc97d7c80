"""Which figures a sweep gets, in which order, with their captions."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain
from multiprocessing import get_context

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report import drawn, figures_rate, figures_trials, style
from dropout_lab.report.answer import Answer
from dropout_lab.report.load import Frames
from dropout_lab.report.names import plural, title
from dropout_lab.report.style import Drawing

NAMES = ("rate", "gap", "epochs_to_target", "heatmap", "sites", "configurations", "curves_loss", "curves_accuracy")
"""All names a picture may have."""


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


def gallery(frames: Frames, table: pd.DataFrame, found: Answer, jobs: int = 1) -> Gallery:
    """Every picture that the sweep gives, drawn by `jobs` processes, forked from this one if more than one."""
    if frames.curves.empty or table.empty or not (table["n_complete"] > 0).any():
        return Gallery([], ["There are no figures, as no run is complete."])
    skipped: list[str] = []
    with style.styled():
        planned = list(chain(_over_rates(frames, table, found, skipped), _over_trials(frames, table, found, skipped)))
        figures = [figure for _, _, figure in planned]
        if jobs == 1:
            drawings = list(map(style.save, figures))
        else:
            with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
                drawings = list(pool.map(style.save, figures))
    return Gallery(
        [
            Picture(name, heading, caption.strip(), drawn_table, drawing)
            for ((name, heading, caption), drawn_table, _), drawing in zip(planned, drawings, strict=True)
        ],
        skipped,
    )


Plan = tuple[tuple[str, str, str], pd.DataFrame, Figure]
"""Name, heading and caption; the table; what was drawn from it."""


def _means(frames: Frames) -> str:
    return f"means over {plural(frames.seeds, 'seed')}" + (", with 95 % t intervals" if frames.seeds > 1 else "")


def _over_rates(frames: Frames, table: pd.DataFrame, found: Answer, skipped: list[str]) -> Iterator[Plan]:
    every = drawn.by_rate(frames, table)
    if not drawn.has_rate_axis(every):
        skipped.append("Nothing is drawn against rate: the configurations have no rate axis.")
        return
    part = drawn.chosen(every, found.objective)
    rates = part.rates
    looks = style.looks(drawn.placements(frames))
    is_class = frames.is_classification
    main = found.objective if found.objective in ("val_loss", "val_accuracy") else "val_loss"
    values = [main, "val_accuracy"] if is_class and main == "val_loss" and not part.crowded else [main]
    means = _means(frames) + ("" if frames.seeds == 1 else " (bands)" if part.joined else " (bars)")
    dashed = "Dashed: no dropout, which is also rate 0 of every placement. " if rates["baseline"].any() else ""
    words = (
        "rate",
        f"{' and '.join(title(name) for name in values).capitalize()} against rate",
        f"{'A line' if part.joined else 'A colour'} per placement: {means}. {dashed}{part.note}",
    )
    yield words, rates, figures_rate.against_rate(part, values, looks, is_class)

    gaps = ["gap_loss", "gap_accuracy"] if is_class and not part.crowded else ["gap_loss"]
    words = (
        "gap",
        "Gap between train and validation against rate",
        f"At each run's best epoch, dropout off on both sides; {means}. A small gap with a bad validation value is "
        f"underfitting. {part.note}",
    )
    yield words, rates, figures_rate.against_rate(part, gaps, looks, is_class)

    arrivals = drawn.arrivals(frames, rates)
    if len(arrivals):
        words = (
            "epochs_to_target",
            "Epochs to reach the baseline's level against rate",
            "The target is the median over the baseline's seeds of their best validation loss. Pale marks: runs that "
            "got there. Open triangles: runs that did not while they trained (censored). A larger mark is more runs. "
            f"Lines join the Kaplan-Meier medians and break where half of the runs never got there. {part.note}",
        )
        yield words, arrivals, figures_rate.times_to_target(arrivals, looks, part.joined)
    else:
        reason = "no configuration with dropout has a baseline to set the target"
        skipped.append(f"Epochs to target are not drawn: {reason}.")

    if part.joined and rates["placement"].nunique() > 1:
        star = ", a star a cell with seeds missing" if (rates["n_complete"] < frames.seeds).any() else ""
        caption = f"Means over complete seeds. The frame marks the best cell of a panel{star}. {part.note}"
        cells = figures_rate.heat(rates, [main, "gap_loss"], frames.seeds, is_class)
        yield ("heatmap", "Placement and rate", caption), rates, cells


def _over_trials(frames: Frames, table: pd.DataFrame, found: Answer, skipped: list[str]) -> Iterator[Plan]:
    looks = style.looks(drawn.placements(frames))
    is_class, objective = frames.is_classification, found.objective
    sites = drawn.by_site(frames, table, objective)
    if len(sites) and frames.trials.loc[~frames.trials["baseline"], "placement"].isna().any():
        words = (
            "sites",
            f"{title(objective).capitalize()} against the rate of each site",
            "One point per configuration. Sites that always share a rate share a panel. A panel shows one site while "
            "the rates of the others differ too.",
        )
        yield words, sites, figures_trials.against_site_rates(sites, objective, looks, is_class)

    listed = drawn.listed(frames, table, objective)
    if len(listed) > 1:
        some = f"the best of {len(table)} configurations" if len(listed) < len(table) else "all configurations"
        hollow = "" if listed["whole"].all() else " Hollow: not all seeds complete, so not ranked."
        dashed = " Dashed: no dropout." if listed["baseline"].any() else ""
        words = (
            "configurations",
            f"{title(objective).capitalize()} of {some}",
            f"Dots: {_means(frames)}.{dashed} These are intervals of single configurations; differences to "
            f"no dropout, paired by seed, are in the table and are often narrower.{hollow}",
        )
        yield words, listed, figures_trials.list_of_configurations(listed, objective, looks, is_class)

    curves = drawn.curves(frames, found)
    if curves.empty:
        skipped.append("No curves are drawn: no configuration has all its seeds complete.")
        return
    for metric in ("loss", "accuracy") if is_class else ("loss",):
        words = (
            f"curves_{metric}",
            f"Train and validation {metric} over the epochs",
            "The best configuration, no dropout, and the worst of the same context. Train values are measured with "
            "dropout off. Thick: the mean while all seeds train; thin: single seeds.",
        )
        yield words, curves, figures_trials.learning_curves(curves, metric, is_class)
