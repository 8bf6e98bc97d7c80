"""The body of the page: under every section's figures, its tables with what they say and how to make them again."""

import math
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_lab.report.cells import Grid, of_row, p_cell, spread
from dropout_lab.report.evidence import Evidence
from dropout_lab.report.gallery import SECTIONS, Picture
from dropout_lab.report.names import (
    amount,
    difference,
    duration,
    in_unit,
    number,
    plural,
    setting,
    title,
    unit_of,
    value,
)
from dropout_lab.report.tables.occupancy import used
from dropout_lab.report.words.better import few_seeds, same
from dropout_lab.report.words.cost import ratio
from dropout_lab.report.words.sure import best_rate
from dropout_lab.report.words.unseen import flattery

ROWS = 12
"""Of a table so many rows are on the page; its files have all."""

FEW = 6
"""So many of the best configurations are looked at one by one, and their baseline."""


@dataclass(frozen=True)
class Block:
    """A table of `TABLES` on the page: what it says in words, its first rows, and the command that prints it."""

    name: str
    heading: str
    words: Sequence[str]
    grid: Grid
    total: int
    command: str

    @property
    def named(self) -> Sequence[int]:
        """The columns that hold names of configurations, which may be long."""
        return [place for place, head in enumerate(self.grid.header) if "configuration" in head]


@dataclass(frozen=True)
class Section:
    anchor: str
    title: str
    pictures: Sequence[Picture]
    blocks: Sequence[Block]


def sections(folder: Path, evidence: Evidence, pictures: Sequence[Picture]) -> list[Section]:
    """The sections that have a figure or a table, in the order of the page."""
    found = []
    for name in SECTIONS:
        shown = [picture for picture in pictures if picture.section == name]
        blocks = [block for make in MAKERS.get(name, ()) if (block := _block(folder, evidence, make)) is not None]
        if shown or blocks:
            heading = name.replace("no dropout", evidence.reference_name)
            found.append(Section(name.lower().replace(" ", "-"), heading, shown, blocks))
    return found


@dataclass(frozen=True)
class Part:
    """What a maker gives: the table's name, a heading, sentences, and rows in words."""

    name: str
    heading: str
    words: Sequence[str]
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def _block(folder: Path, evidence: Evidence, make: Callable[[Evidence], Part]) -> Block | None:
    part = make(evidence)
    if not part.rows:
        return None
    reference = "" if evidence.frames.reference is None else f" report.baseline={evidence.frames.reference}"
    command = f"dropout-lab report {shlex.quote(str(folder))} report.table={part.name}{reference}"
    total = len(evidence.tables[part.name])
    return Block(part.name, part.heading, part.words, Grid(part.header, part.rows), total, command)


def _few(evidence: Evidence) -> Sequence[Any]:
    """Numbers of the best configurations and of the baseline."""
    baseline = evidence.found.baseline
    best = list(evidence.table.loc[evidence.table["whole"], "trial"].head(FEW)) if len(evidence.table) else []
    return list(dict.fromkeys([*best, *([] if baseline is None else [baseline["trial"]])]))


def _of_few(evidence: Evidence, name: str) -> Iterator["pd.Series[Any]"]:
    table = evidence.tables[name]
    for trial in _few(evidence):
        yield from (row for _, row in table[table["trial"] == trial].iterrows())


def _best_rates(evidence: Evidence) -> Part:
    metric = evidence.found.objective
    header = ["rate", "configurations", f"{title(metric)} of the best", "best in resamples", "from the best of all", ""]
    rows = [
        [
            setting(float(row["rate"])),
            str(row["configurations"]),
            value(metric, row["mean"]),
            f"{100 * row['share']:.1f} %",
            "best" if row["best"] else of_row(difference, metric, row, "difference"),
            ", ".join(word for word, is_so in (("in the interval", row["inside"]), ("flat", row["flat"])) if is_so),
        ]
        for _, row in evidence.rates.iterrows()
    ]
    kept = rows if len(rows) <= 2 * ROWS else [row for row in rows if row[5]][: 2 * ROWS]
    words = [
        *best_rate(evidence),
        "Resamples: the sweep's seeds drawn again with replacement, the best configuration chosen anew each time. "
        "Flat: with a configuration that is not told from the best of all. From the best of all: bounds that hold with "
        "95 % each and account for its choice.",
    ]
    return Part("best_rates", "The best rate", words, header, kept)


def _gaps(evidence: Evidence) -> Part:
    found = evidence.tables["gaps"].to_dict("records")
    table: dict[Any, dict[Any, Any]] = {(row["trial"], row["measure"], row["epoch"]): row for row in found}
    kinds = ("loss", "accuracy") if evidence.frames.is_classification else ("loss",)
    header = ["configuration", "train loss", "validation loss", "gap in loss"]
    header += [f"difference to {evidence.reference_name}", "at the last epoch"]
    header += [f"gap in {kind}" for kind in kinds[1:]]
    rows = []
    for trial in (trial for trial in _few(evidence) if (trial, "loss", "best") in table):
        best, last = (pd.Series(table[trial, "loss", epoch]) for epoch in ("best", "last"))
        cells = [str(best["name"]), value("train_loss", best["train"]), value("val_loss", best["validation"])]
        cells += [_gap("loss", best), of_row(difference, "gap_loss", best, "difference"), _gap("loss", last)]
        rows.append([*cells, *(_gap(kind, pd.Series(table[trial, kind, "best"])) for kind in kinds[1:])])
    words = [
        "At the best epoch, train measured with dropout off. The gap stands beside the validation itself, for it is "
        "smallest where nothing is learnt: at rate 1 it would be 0."
    ]
    return Part("gaps", "The gap", words, header, rows)


def _gap(kind: str, row: "pd.Series[Any]") -> str:
    return spread(value, f"gap_{kind}", row["gap"], row["low"], row["high"])


def _comparisons(evidence: Evidence) -> Part:
    metric, table = evidence.found.objective, evidence.tables["comparisons"]
    mine = table[table["metric"] == metric].head(ROWS)
    row = evidence.comparison
    words = [] if row is None else [*same(evidence, row), *few_seeds(evidence, row)]
    if len(mine):
        least, most = (amount(metric, float(end)) for end in (mine["margin"].min(), mine["margin"].max()))
        margin = least if least == most else f"{least} to {most}, by the loss of what each is compared with"
        words.append(
            f"As good means within {margin}; the p behind it is that of the equivalence test. Seeds needed: to see a "
            "difference as large as it looks with power 0.8, corrected for all comparisons."
        )
        if not mine["bca_honest"].all():
            words.append(
                "With so few seeds the bootstrap interval (BCa) is too short; the t interval is the one to go by."
            )
    header = [
        "configuration",
        f"difference in {title(metric)}",
        "BCa interval",
        "pairs won",
        "p (Holm)",
        "seeds needed",
    ]
    rows = [
        [
            one["name"],
            spread(difference, metric, one["mean"], one["low"], one["high"]),
            _bounds(metric, one["bca_low"], one["bca_high"]),
            f"{one['improvement'] * one['n']:g} of {one['n']}",
            p_cell(one["p_holm"]),
            _count(one["seeds_needed"]),
            p_cell(one["p_equivalence"]),
        ]
        for _, one in mine.iterrows()
    ]
    return Part("comparisons", "Each difference", words, [*header, "p (as good)"], rows)


def _bounds(metric: str, low: float, high: float) -> str:
    return "–" if pd.isna(low) else f"[{difference(metric, low)}, {difference(metric, high)}]"


def _to_best(evidence: Evidence) -> Part:
    metric, table = evidence.found.objective, evidence.tables["to_best"].head(ROWS)
    rows = [
        [
            one["name"],
            spread(difference, metric, one["mean"], one["low"], one["high"]),
            p_cell(one["p_best"]),
            p_cell(one["p_equivalence_holm"]),
        ]
        for _, one in table.iterrows()
    ]
    header = ["configuration", f"{title(metric)} minus that of the best", "p (best)", "p (as good, Holm)"]
    words = [
        "Every configuration minus the best, paired by seed, with its 95 % interval, which is of this comparison "
        "alone. p (best): that it is the best, by a one-sided paired t test times the number of the others, which "
        "accounts for the choice of the best; below 0.05 it is told from the best. p (as good): of the equivalence "
        "test; below 0.05 it is shown to be as good. With neither, it is open."
    ]
    return Part("to_best", "Beside the best", words, header, rows)


def _optimism(evidence: Evidence) -> Part:
    rows = [
        [
            title(row["metric"]),
            row["name"],
            str(row["configurations"]),
            value(row["metric"], row["value"]),
            amount(row["metric"], max(0.0, row["optimism"])),
            value(row["metric"], row["corrected"]),
            spread(value, row["test_metric"], row["test"], row["test_low"], row["test_high"])
            if row["test_metric"]
            else "–",
        ]
        for _, row in evidence.tables["optimism"].iterrows()
    ]
    header = ["chosen by", "configuration", "of", "looks like", "flattered by", "expected", "on the test data"]
    return Part("optimism", "The winner's curse", list(flattery(evidence)), header, rows)


def _convergence(evidence: Evidence) -> Part:
    rows = []
    for row in _of_few(evidence, "convergence"):
        bounds = "" if pd.isna(row["median_low"]) else f" [{_count(row['median_low'])}, {_count(row['median_high'])}]"
        rows.append(
            [
                row["name"],
                "its own best" if row["definition"] == "own_best" else f"the baseline's {number(row['target'])}",
                f"{row['n_reached']} of {row['n']}",
                f"{_count(row['median'])}{bounds}",
                number(row["restricted"], 3),
                duration(row["restricted_seconds"]),
                f"{row['n_improving']}" if row["n_improving"] else "",
            ]
        )
    header = ["configuration", "to", "runs there", "median epochs", "mean epochs", "mean time", "still improving"]
    words = [
        "Median: Kaplan-Meier, with its 95 % interval. Mean: restricted, a run that never gets there counts with all "
        "epochs. Still improving: runs whose best epoch lies in the last tenth, so that their own best is not final."
    ]
    return Part("convergence", "Epochs and time to converge", words, header, rows)


def _count(value: float) -> str:
    return f"{value:g}" if math.isfinite(value) else number(value)


def _time_ratio(evidence: Evidence) -> Part:
    best = evidence.found.best
    rows = [
        [
            f"{100 * row['progress']:g} %",
            number(row["target"]),
            f"{row['n_reached']} of {row['n']}",
            f"{row['baseline_n_reached']} of {row['baseline_n']}",
            number(row["ratio"], 3),
            spread(lambda _, x: number(x, 3), "", *(row[f"restricted_{end}"] for end in ("ratio", "low", "high"))),
        ]
        for _, row in evidence.rows("time_ratio", best).iterrows()
    ]
    header = ["of the baseline's way", "validation loss", "runs there", "without dropout", "ratio of medians"]
    words = list(ratio(evidence, best)) if best is not None else []
    return Part("time_ratio", "Epochs, times those of no dropout", words, [*header, "ratio of means"], rows)


def _curve_shape(evidence: Evidence) -> Part:
    rows = [
        [
            row["name"],
            row["diagnosis"],
            _count(row["onset"]),
            difference("val_loss", row["rise"]),
            spread(value, "val_loss", row["area"], row["area_low"], row["area_high"]),
        ]
        for row in _of_few(evidence, "curve_shape")
    ]
    header = ["configuration", "most runs are", "turns at epoch", "rise since", "area between train and validation"]
    words = [
        "Turns at epoch: where the validation loss turns for the worse, median over runs; ∞: in half of them it does "
        "not. Rise since: by how much it is higher at the last epoch than at its best, mean over runs. Area: "
        "validation minus train loss, summed over the epochs. Runs that were stopped early are not judged."
    ]
    return Part("curve_shape", "What the curves say", words, header, rows)


def _isolation(evidence: Evidence) -> Part:
    metric, table = evidence.found.objective, evidence.tables["isolation"]
    kept = table.assign(near=table.groupby("setting")["mean"].rank()).sort_values(["near"], kind="stable")
    kept = kept.groupby("setting", sort=False).head(ROWS // 2).sort_index()
    rows = [
        [
            row["setting"],
            setting(row["value"]) + (" (best)" if row["best"] else ""),
            row["name"],
            str(row["n_trials"]),
            of_row(value, metric, row.rename({"mean": "m", "low": "m_low", "high": "m_high"}), "m"),
            of_row(difference, metric, row, "difference"),
            p_cell(row["p_holm"]),
        ]
        for _, row in kept.iterrows()
    ]
    header = ["setting", "value", "its best configuration", "of", title(metric), "difference to no dropout", "p (Holm)"]
    words = [
        "For each value of a setting the best configuration that has it, chosen of so many (of), all other settings "
        "free; beside it the best no dropout of as many contexts, paired by seed. p is corrected for the values of the "
        "setting, not for the choice, which flatters."
    ]
    return Part("isolation", "The best of every value", words, header, rows[: 3 * ROWS])


def _variance(evidence: Evidence) -> Part:
    table = evidence.tables["variance"]
    table = table[table["context"] == ""]
    rows = [
        [
            title(row["metric"]),
            _deviation(row["metric"], row["trial_deviation"]),
            _deviation(row["metric"], row["common_deviation"]),
            _deviation(row["metric"], row["own_deviation"]),
            _deviation(row["metric"], row["study_deviation"]),
        ]
        for _, row in table.iterrows()
    ]
    header = ["standard deviation of", "between seeds", "alike in all", "left by pairing", "between configurations"]
    words = [
        "Between seeds: between runs of one configuration. It has two parts, which add up as squares: alike in all, "
        "what a seed does to every configuration, which pairing by seed takes out; and left by pairing, what a seed "
        "does to one of them. Between configurations: what differs that seeds have not made."
    ]
    return Part("variance", "Seeds and configurations", words, header, rows)


def _deviation(metric: str, deviation: float) -> str:
    shown = f"{number(in_unit(metric, deviation), 3)} {unit_of(metric).difference}".rstrip()
    return "–" if pd.isna(deviation) else shown


def _occupancy(evidence: Evidence) -> Part:
    table = evidence.tables["occupancy"]
    if table.empty:
        return Part("occupancy", "Lanes in use", (), (), ())
    rows = [
        [
            f"{row['session']}",
            f"{row['worker']}",
            f"{row['cohort']}",
            f"{row['lanes']}",
            f"{row['run_epochs']:,}",
            f"{100 * row['occupancy']:.0f} %",
            duration(row["seconds"]),
            duration(row["elapsed"]),
            f"{number(1000 * row['seconds_per_run_epoch'], 3)} ms",
        ]
        for row in table.sort_values("seconds", ascending=False, kind="stable").head(ROWS).to_dict("records")
    ]
    header = ["command", "worker", "cohort", "lanes", "epochs of runs", "lanes in use", "time of its epochs"]
    words = [
        f"Lanes were in use {100 * used(table):.0f} % of the time: lanes that trained a run, over all epochs of the "
        "cohorts. From first to last: with what lies between the epochs. An epoch that an interruption repeated "
        "counts twice."
    ]
    return Part("occupancy", "Lanes in use", words, [*header, "from first to last", "an epoch of a run"], rows)


def _effects(evidence: Evidence) -> Part:
    objective, table = evidence.found.objective, evidence.tables["effects"]
    metric = objective if objective in ("val_loss", "val_accuracy") else "val_loss"  # as the figure beside it
    mine = table[table["metric"] == metric]
    rows = [
        [row["term"], str(row["df"]), f"{100 * row['share']:.1f} %", number(row["f"], 3), p_cell(row["p_holm"])]
        for _, row in mine.head(ROWS).iterrows()
    ]
    header = ["setting, or two together", "df", "of what differs", "F", "p (Holm)"]
    words = [
        f"What the settings explain of the {title(metric)} of "
        f"{plural(int(count), 'configuration')} with dropout and all seeds."
        for count in mine["configurations"].head(1)
    ]
    return Part("effects", "Main effects and interactions", words, header, rows)


MAKERS: Mapping[str, Sequence[Callable[[Evidence], Part]]] = {
    "Rates and placements": (_best_rates, _gaps, _effects),
    "Differences to no dropout": (_comparisons, _to_best, _optimism),
    "Convergence": (_convergence, _time_ratio),
    "Curves": (_curve_shape,),
    "Search": (_isolation, _variance),
    "Cost": (_occupancy,),
}
