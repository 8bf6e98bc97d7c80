"""The figures over rates and placements."""

from collections.abc import Iterator, Sequence
from functools import partial

from dropout_lab.report import figure_data
from dropout_lab.report.figure_data import Chosen
from dropout_lab.report.figures.best_rate import best_rates
from dropout_lab.report.figures.heat import heat
from dropout_lab.report.figures.listed import list_of_configurations, list_scale
from dropout_lab.report.figures.rates import against_rate, scales_of
from dropout_lab.report.figures.sites import against_site_rates
from dropout_lab.report.gallery.alts import cells, extreme, sentence
from dropout_lab.report.gallery.effects import plans as effects
from dropout_lab.report.gallery.picture import Plan
from dropout_lab.report.gallery.source import Source
from dropout_lab.report.names import percent, plural, setting, title

NAMES = ("rate", "accuracy", "gap", "heatmap", "best_rate", "sites", "configurations", "effects", "levels", "crossed")


def plans(source: Source) -> Iterator[Plan]:
    if source.part is None:
        source.skipped.append("Figures against rate are not drawn: the configurations have no rate axis.")
    else:
        yield from _lines(source, source.part)
        yield from _heatmap(source, source.part)
    yield from _best_rate(source)
    yield from _sites(source)
    yield from _listed(source)
    yield from effects(source)


def _lines(source: Source, part: Chosen) -> Iterator[Plan]:
    rates, is_class = part.rates, source.is_class
    kinds = ["loss", "accuracy"] if is_class else ["loss"]
    if source.main == "val_accuracy":
        kinds.reverse()
    bands = "" if source.frames.seeds == 1 else " (bands)" if part.joined and part.banded else " (bars)"
    bands = "" if part.joined and not part.banded else bands
    what = "placement" if part.by == "placement" else "variant"
    means = f"{'A line' if part.joined else 'A colour'} per {what}: {source.means}{bands}."
    dashed = f" Dashed: no dropout, which is also rate 0 of every {what}." if rates["baseline"].any() else ""
    chosen = "Test values are at the epoch chosen by validation."
    for place, kind in enumerate(kinds):
        metrics = [f"val_{kind}"] if part.crowded else [f"val_{kind}", f"test_{kind}"]
        sides = "Validation" if part.crowded else "Validation and test"
        yield _plan(
            source,
            part,
            metrics,
            "accuracy" if kind == "accuracy" else "rate",
            f"{sides} {kind} against rate",
            f"{means}{dashed} {'' if part.crowded else chosen} {part.note}"
            if place == 0
            else f"The same for the {kind}. {part.note}",
            alike=True,
        )
    gaps = ["gap_loss", "gap_accuracy"] if is_class and not part.crowded else ["gap_loss"]
    caption = f"At each run's best epoch, with dropout off on both sides; {source.means}."
    caption += f" A small gap with a bad validation value is underfitting. {part.note}"
    yield _plan(source, part, gaps, "gap", "Gap between train and validation against rate", caption, alike=False)


def _plan(
    source: Source, part: Chosen, metrics: Sequence[str], name: str, heading: str, caption: str, *, alike: bool
) -> Plan:
    alt = sentence([extreme(part.rates, metric) for metric in metrics])
    notes = dict.fromkeys(one.note for one in scales_of(part.rates, metrics, alike=alike).values())
    caption = " ".join([caption, *notes])
    draw = partial(against_rate, part, metrics, source.line_looks, source.is_class, alike=alike)
    return Plan(name, heading, " ".join(caption.split()), alt, part.rates, draw)


def _heatmap(source: Source, part: Chosen) -> Iterator[Plan]:
    rates = part.rates
    if not part.joined or rates["placement"].nunique() < 2:
        return
    metrics = [source.main, "gap_loss" if source.main == "val_loss" else "gap_accuracy"]
    metrics[1:1] = ["val_accuracy"] if source.is_class and source.main == "val_loss" else []
    if "epochs_to_target" in rates and rates["epochs_to_target"].notna().any():
        metrics.append("epochs_to_target")
    metrics = metrics if rates["group"].nunique() == 1 else metrics[:1]
    caption = "Means over complete seeds. The frame marks the best cell of a panel."
    caption += " Star: seeds are missing." if (rates["n_complete"] < source.frames.seeds).any() else ""
    if "epochs_to_target" in metrics:
        caption += " Epochs: Kaplan-Meier medians; ∞: half of the runs never reach the target."
    size = f"{rates['placement'].nunique()} placements by {plural(rates['rate'].nunique(), 'rate')}"
    alt = sentence([size, *(cells(rates, metric) for metric in metrics)])
    draw = partial(heat, rates, metrics, source.frames.seeds, source.is_class)
    yield Plan("heatmap", "Placement and rate", f"{caption} {part.note}".strip(), alt, rates, draw)


def _best_rate(source: Source) -> Iterator[Plan]:
    table = source.made("best_rates")
    if source.frames.seeds < 2 or table["rate"].nunique() < 3:
        if table["rate"].nunique() >= 3:
            source.skipped.append("The certainty of the best rate is not drawn: one seed cannot be resampled.")
        return
    names = list(table["placement"].unique())
    kept = names if len(names) > 2 else names[-1:]  # all placements and the only one are the same
    table = table[table["placement"].isin(kept[: figure_data.PANELS])].reset_index(drop=True)
    numbers = [
        f"{str(name) or 'all placements'}: rate {setting(float(best['rate']))} is best, in "
        f"{percent(float(best['share']))} of the resamples; statistically indistinguishable: "
        f"{plural(int(part['flat'].sum()) - 1, 'other rate')}"
        for name, part in table.groupby("placement", sort=False)
        for best in part[part["best"]].head(1).to_dict("records")
    ]
    yield Plan(
        "best_rate",
        f"How sure the best rate is, by {title(source.frames.objectives[0])}",
        "Seeds are resampled, and the best configuration is chosen anew each time. Bars: share of the resamples in "
        "which it has this rate. Line on top: from the 2.5 % to the 97.5 % quantile. Shaded: rates of configurations "
        "that are statistically indistinguishable from the best, with its choice accounted for.",
        sentence(numbers),
        table,
        partial(best_rates, table, source.looks),
    )


def _sites(source: Source) -> Iterator[Plan]:
    sites = figure_data.by_site(source.frames, source.table, source.objective)
    trials = source.frames.trials
    if len(sites) and trials.loc[~trials["baseline"], "placement"].isna().any():
        yield Plan(
            "sites",
            f"{title(source.objective).capitalize()} against the rate of each site",
            "One point per configuration. Sites that always share a rate share a panel. A panel shows one site; the "
            "rates of the others vary too.",
            sentence([extreme(sites, source.objective)]),
            sites,
            partial(against_site_rates, sites, source.objective, source.looks, source.is_class),
        )


def _listed(source: Source) -> Iterator[Plan]:
    listed = figure_data.listed(source.frames, source.table, source.objective)
    if len(listed) < 2:
        return
    count = len(source.table)
    some = f"the best of {count} configurations" if len(listed) < count else "all configurations"
    hollow = "" if listed["whole"].all() else " Hollow: not ranked, because seeds are missing or nothing was learned."
    dashed = " Dashed: no dropout." if listed["baseline"].any() else ""
    yield Plan(
        "configurations",
        f"{title(source.objective).capitalize()} of {some}",
        f"Marks: {source.means}.{dashed} These are intervals of single configurations; those of differences to no "
        f"dropout, paired by seed, are often narrower.{hollow} {list_scale(listed, source.objective).note}".strip(),
        sentence([extreme(listed, source.objective)]),
        listed,
        partial(list_of_configurations, listed, source.objective, source.looks, source.is_class),
    )
