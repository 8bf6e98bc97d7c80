"""Every configuration compared with its baseline or with any configuration."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.curves import TOLERANCE
from dropout_lab.core.metrics.lookup import compared_names
from dropout_lab.report.frames.by_seed import BySeed, by_seed, metrics_of
from dropout_lab.report.frames.column import METRIC, TRIAL, Columns, made, real, text, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import amount, difference, is_maximised, title, unit_of
from dropout_lab.report.statistics import (
    ALPHA,
    POWER,
    Floats,
    Ints,
    equivalence_p,
    holm,
    known_rows,
    means_of_rows,
    no_better_p,
    paired_improvement,
    seeds_needed,
    seeds_to_reach,
    sign_flip_p,
    smallest_p,
)
from dropout_lab.report.topics.cells import count, p_cell, spread
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.few import ROWS
from dropout_lab.report.topics.part import Shown, Table

POINTS = 0.5
"""Accuracies less than this many percentage points apart count as equivalent, unless a margin is given. Half a point is
the precision to which most tables of accuracies with one decimal can be trusted."""

SCALE = "val_loss"
"""The margin of a gap in loss is a share of this metric."""


COLUMNS: Columns = {
    **TRIAL,
    "metric": text("metric that is compared; the row's values are in its unit (accuracies: fractions)"),
    "against": whole("trial it is compared with"),
    "n": whole("seeds that both have", unit="seeds"),
    "mean": real("mean over these seeds of the configuration minus the other", unit=METRIC),
    "low": real("95 % t interval of the mean, lower bound", unit=METRIC),
    "high": real("95 % t interval of the mean, upper bound", unit=METRIC),
    "deviation": real("standard deviation of the difference over seeds", unit=METRIC),
    "p": real("two-sided p of the paired t test", unit="probability"),
    "p_holm": real(
        "p, corrected by Holm for all comparisons of this metric; for comparisons with the best see p_best of to_best",
        unit="probability",
    ),
    "p_flip": real("two-sided p of the paired sign-flip test, which does not assume normal values", unit="probability"),
    "p_flip_holm": real("p_flip, corrected by Holm likewise", unit="probability"),
    "p_flip_least": real(
        "the least p_flip_holm that the best of all comparisons can reach with n seeds; above 0.05, neither the paired "
        "sign-flip test nor Wilcoxon's signed-rank test can reach significance after Holm correction",
        unit="probability",
    ),
    "p_flip_seeds": real(
        "the least number of seeds with which the best of all comparisons can be below 0.05 by either of these two "
        "tests, corrected by Holm",
        unit="seeds",
    ),
    "improvement": real(
        "probability that a network of the configuration is better than one of the other, paired", unit="probability"
    ),
    "improvement_low": real("its 95 % interval (Clopper-Pearson), lower bound", unit="probability"),
    "improvement_high": real("its 95 % interval (Clopper-Pearson), upper bound", unit="probability"),
    "seeds_needed": real(
        "seeds that detect the observed difference with power 0.8 at level 0.05 / comparisons", unit="seeds"
    ),
    "margin": real("equivalence margin: differences up to this are too small to matter", unit=METRIC),
    "p_equivalence": real("p of two one-sided t tests that the difference lies within the margin", unit="probability"),
    "p_no_better": real(
        "p of the one-sided t test that the configuration is not better than the other by more than the margin",
        unit="probability",
    ),
    "p_equivalence_holm": real(
        "p_equivalence, corrected by Holm for all comparisons of this metric", unit="probability"
    ),
}


def comparisons(
    frames: Frames,
    table: pd.DataFrame,
    *,
    baseline: int | None = None,
    margins: Mapping[str, float] | None = None,
    metrics: Sequence[str] | None = None,
) -> pd.DataFrame:
    """A row per configuration and metric, in the order of `table`; see `COLUMNS`.

    `baseline`: number of the trial that all are compared with, in any context. By default, all are compared with
    `Frames.reference` or, without that, each with the baseline of its context. `metrics`: a selection of metrics.
    `margins`: metric -> equivalence margin, by default that of `margin`. Configurations without a counterpart, or
    without a seed in common with it, have no row. Raises UserError if there is no trial `baseline`.
    """
    names = metrics_of(frames, compared_names()) if metrics is None else metrics
    values = by_seed(frames, list(dict.fromkeys([*names, SCALE])))
    if table.empty:
        if baseline is not None:
            values.rows([baseline])
        return made(COLUMNS)
    rows = values.rows(table["trial"])
    against = values.against(baseline)[rows]
    parts = []
    for metric in names:
        differences = values.differences(metric, baseline)[rows]
        some = known_rows(differences)
        part = _compared(metric, differences[some])
        part |= {"trial": table["trial"].to_numpy()[some], "name": table["name"].to_numpy()[some], "metric": metric}
        part["against"] = values.trials[against[some]]
        given = (margins or {}).get(metric)
        small = margin(values, metric, against[some]) if given is None else np.full(some.sum(), float(given))
        same = equivalence_p(differences[some], small)
        part |= {"margin": small, "p_equivalence": same, "p_equivalence_holm": holm(same)}
        part["p_no_better"] = no_better_p(differences[some] if is_maximised(metric) else -differences[some], small)
        parts.append(pd.DataFrame(part))
    return made(COLUMNS, pd.concat(parts, ignore_index=True))


def margin(values: BySeed, metric: str, against: Ints) -> Floats:
    """The equivalence margin, for each configuration `against` which is compared.

    Losses and gaps in loss: 1 % of the other's mean loss (validation loss for a gap), the tolerance within which a run
    counts as converged, so that the whole report uses one notion of equivalence. Accuracies and gaps in accuracy: half
    a percentage point. Other metrics: 1 % of the other's mean. Except for the scale of the loss, it is fixed before the
    results are seen; a margin from the spread of the seeds would reward noise.
    """
    unit = unit_of(metric)
    if unit.difference:
        return np.full(len(against), POINTS / unit.factor)
    scale = SCALE if metric.startswith("gap") else metric
    return np.asarray(TOLERANCE * np.abs(means_of_rows(values.of(scale, against)).mean))


def _compared(metric: str, differences: Floats) -> dict[str, object]:
    found = means_of_rows(differences)
    tests = int(np.isfinite(found.p).sum())
    better = paired_improvement(differences if is_maximised(metric) else -differences)
    flip = sign_flip_p(differences)
    flips = int(np.isfinite(flip).sum())
    return {
        "n": found.n,
        "mean": found.mean,
        "low": found.low,
        "high": found.high,
        "deviation": found.deviation,
        "p": found.p,
        "p_holm": holm(found.p),
        "p_flip": flip,
        "p_flip_holm": holm(flip),
        "p_flip_least": [smallest_p(int(n), max(1, flips)) for n in found.n],
        "p_flip_seeds": float(seeds_to_reach(max(1, flips))),
        "improvement": better.probability,
        "improvement_low": better.low,
        "improvement_high": better.high,
        "seeds_needed": seeds_needed(found.mean / found.deviation, ALPHA / max(1, tests)),
    }


def _shown(evidence: Evidence) -> Shown:
    metric, table = evidence.objective, evidence.tables["comparisons"]
    mine = table[table["metric"] == metric].head(ROWS)
    may_be = set(evidence.indistinguishable["trial"])
    if evidence.choice.best is not None:
        may_be.add(evidence.choice.best["trial"])
    header = ["configuration", f"difference in {title(metric)}", "pairs won", "p (Holm)", "p (equivalence, Holm)"]
    header += ["seeds needed", "may be the best"]
    rows = [
        [
            one["name"],
            spread(difference, metric, one["mean"], one["low"], one["high"]),
            f"{one['improvement'] * one['n']:g} of {one['n']}",
            p_cell(one["p_holm"]),
            p_cell(one["p_equivalence_holm"]),
            count(one["seeds_needed"]),
            "yes" if one["trial"] in may_be else "no",
        ]
        for _, one in mine.iterrows()
    ]
    return Shown(f"Differences from {evidence.reference_name}", list(_words(metric, mine)), header, rows)


def _words(metric: str, mine: pd.DataFrame) -> Iterator[str]:
    if mine.empty:
        return
    least, most = (amount(metric, float(end)) for end in (mine["margin"].min(), mine["margin"].max()))
    margin = least if least == most else f"{least} to {most}, depending on the loss of the reference"
    yield "Paired by seed. The 95 % intervals are of single comparisons; p is corrected for all of them."
    yield f"Equivalence: two one-sided t tests with a margin of {margin}."
    yield (
        f"Seeds needed: to detect a difference of the observed size with power {POWER:g}, corrected for all "
        "comparisons."
    )
    first = mine.iloc[0]
    if first["n"] > 1 and first["p_flip_least"] > ALPHA:
        yield (
            f"The t test assumes normally distributed differences between seeds. With {first['n']:.0f} seeds and "
            "this many comparisons, tests without that assumption (sign-flip, Wilcoxon) cannot reach significance; "
            f"they need {first['p_flip_seeds']:.0f} seeds."
        )


COMPARISONS = Table("comparisons", comparisons, COLUMNS, _shown)
