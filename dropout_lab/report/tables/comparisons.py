"""Every configuration compared with its baseline or with any configuration: all statistics of the difference."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.curves import TOLERANCE
from dropout_lab.core.metrics.lookup import compared_names
from dropout_lab.report.load import Frames
from dropout_lab.report.names import is_maximised, unit_of
from dropout_lab.report.statistics import (
    ALPHA,
    BCA_SEEDS,
    Floats,
    Ints,
    bca,
    best_set,
    equivalence_p,
    holm,
    known_rows,
    means_of_rows,
    paired_improvement,
    seeds_needed,
    seeds_to_reach,
    sign_flip_p,
    smallest_p,
)
from dropout_lab.report.tables.columns import TRIAL, Columns, made, real, text, truth, whole
from dropout_lab.report.tables.seeds import BySeed, by_seed, metrics_of

POINTS = 0.5
"""Accuracies less than this many percentage points apart count as equivalent, unless a margin is given. Half a point is
the precision to which most tables of accuracies with one decimal can be trusted."""

COLUMNS: Columns = {
    **TRIAL,
    "metric": text(
        "metric that is compared; the row's values are in its unit (accuracy: a fraction; gap_accuracy: pp)"
    ),
    "against": whole("trial it is compared with"),
    "n": whole("seeds that both have"),
    "mean": real("mean over these seeds of the configuration minus the other"),
    "low": real("95 % t interval of the mean, lower bound"),
    "high": real("95 % t interval of the mean, upper bound"),
    "bca_low": real("95 % BCa bootstrap interval of the mean, lower bound"),
    "bca_high": real("95 % BCa bootstrap interval of the mean, upper bound"),
    "bca_honest": truth(f"whether n is at least {BCA_SEEDS}, where the BCa interval has nearly nominal coverage"),
    "deviation": real("standard deviation of the difference over seeds"),
    "p": real("two-sided p of the paired t test"),
    "p_holm": real(
        "p, corrected by Holm for all comparisons of this metric; for comparisons with the best see p_best of to_best"
    ),
    "p_flip": real("two-sided p of the paired sign-flip test, which does not assume normal values"),
    "p_flip_holm": real("p_flip, corrected by Holm likewise"),
    "p_flip_least": real(
        "the least p_flip_holm that the best of all comparisons can reach with n seeds; above 0.05, neither the paired "
        "sign-flip test nor Wilcoxon's signed-rank test can reach significance after Holm correction"
    ),
    "p_flip_seeds": real(
        "the least number of seeds with which the best of all comparisons can be below 0.05 by either of these two "
        "tests, corrected by Holm"
    ),
    "improvement": real("probability that a network of the configuration is better than one of the other, paired"),
    "improvement_low": real("its 95 % interval (Clopper-Pearson), lower bound"),
    "improvement_high": real("its 95 % interval (Clopper-Pearson), upper bound"),
    "seeds_needed": real("seeds that detect the observed difference with power 0.8 at level 0.05 / comparisons"),
    "margin": real("equivalence margin: differences up to this are too small to matter"),
    "p_equivalence": real("p of two one-sided t tests that the difference lies within the margin"),
    "p_equivalence_holm": real("p_equivalence, corrected by Holm for all comparisons of this metric"),
}

TO_BEST: Columns = {
    **COLUMNS,
    "p_best": real(
        "p that this is the best: one-sided p of the paired t test times the number of other configurations with all "
        "seeds, which accounts for choosing the best by the same seeds. Configurations with 0.05 or more, together "
        "with the best, form a 95 % confidence set for the best; missing without all seeds"
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
    values = by_seed(frames)
    if table.empty:
        if baseline is not None:
            values.rows([baseline])
        return made(COLUMNS)
    rows = values.rows(table["trial"])
    against = values.against(baseline)[rows]
    parts = []
    for metric in metrics_of(frames, compared_names()) if metrics is None else metrics:
        differences = values.differences(metric, baseline)[rows]
        some = known_rows(differences)
        part = _compared(metric, differences[some])
        part |= {"trial": table["trial"].to_numpy()[some], "name": table["name"].to_numpy()[some], "metric": metric}
        part["against"] = values.trials[against[some]]
        given = (margins or {}).get(metric)
        small = margin(values, metric, against[some]) if given is None else np.full(some.sum(), float(given))
        same = equivalence_p(differences[some], small)
        part |= {"margin": small, "p_equivalence": same, "p_equivalence_holm": holm(same)}
        parts.append(pd.DataFrame(part))
    return made(COLUMNS, pd.concat(parts, ignore_index=True))


def to_best(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """Every configuration compared with the chosen one in the objective: equivalent ones, and possibly best ones."""
    if table.empty or not table["whole"].iloc[0]:
        return made(TO_BEST)
    objective = frames.objectives[0]
    beside = comparisons(frames, table, baseline=int(table["trial"].iloc[0]), metrics=[objective])
    whole = table.loc[table["whole"], "trial"]
    values = by_seed(frames, [objective])
    matrix = values.values[objective][values.rows(whole)]
    p = pd.Series(best_set(-matrix if is_maximised(objective) else matrix).p, index=whole)
    return made(TO_BEST, beside.assign(p_best=p.reindex(beside["trial"]).to_numpy()))


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
    scale = "val_loss" if metric.startswith("gap") else metric
    return np.asarray(TOLERANCE * np.abs(means_of_rows(values.of(scale, against)).mean))


def _compared(metric: str, differences: Floats) -> dict[str, object]:
    found = means_of_rows(differences)
    bca_low, bca_high = bca(differences)
    tests = int(np.isfinite(found.p).sum())
    better = paired_improvement(differences if is_maximised(metric) else -differences)
    flip = sign_flip_p(differences)
    flips = int(np.isfinite(flip).sum())
    return {
        "n": found.n,
        "mean": found.mean,
        "low": found.low,
        "high": found.high,
        "bca_low": bca_low,
        "bca_high": bca_high,
        "bca_honest": found.n >= BCA_SEEDS,
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
