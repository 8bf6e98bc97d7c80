"""The importance of each swept setting for being among the best, as Optuna computes it.

`optuna.importance` would be the slowest part of a report, because it loads scikit-learn and all of scipy.stats.
"""

from typing import Any

import numpy as np
import pandas as pd

from dropout_lab.report.load import Frames
from dropout_lab.report.names import is_maximised
from dropout_lab.report.statistics import Bools, Floats, Ints
from dropout_lab.report.tables.columns import Columns, made, real, text, whole
from dropout_lab.report.tables.factors import is_truth, swept

LEAST = 10
"""The least number of configurations that has a best tenth."""

BEST = 0.1
"""The share of configurations that count as the best."""

STEPS = 50
"""Steps into which a numeric setting is divided."""

COLUMNS: Columns = {
    "metric": text("objective"),
    "parameter": text("a swept setting"),
    "importance": real("share of the importance of all settings; they add up to 1"),
    "configurations": whole("configurations with dropout and all seeds that enter"),
}


def importance(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per objective and setting, the most important first; none with fewer than 10 configurations or no setting.

    PED-ANOVA: how much more the best tenth of the configurations concentrate on some values of a setting than all
    configurations do (S. Watanabe et al., IJCAI 2023, arXiv:2304.10255), with the numbers of Optuna's evaluator. It
    measures which settings decide what is best, not how much is lost elsewhere; for that see `effects`.
    """
    if table.empty:
        return made(COLUMNS)
    order = table[table["whole"] & ~table["baseline"]].sort_values("trial").reset_index(drop=True)
    names = swept(frames, order)
    if len(order) < LEAST or not names:
        return made(COLUMNS)
    parts = []
    for metric in frames.objectives:
        found = _importances(order[names], order[metric], maximised=is_maximised(metric))
        part = pd.DataFrame({"parameter": list(found), "importance": list(found.values())})
        parts.append(part.assign(metric=metric, configurations=len(order)))
    return made(COLUMNS, pd.concat(parts, ignore_index=True))


def _importances(settings: pd.DataFrame, values: "pd.Series[float]", *, maximised: bool) -> dict[str, float]:
    """Shares that add up to 1, the largest first."""
    loss = values.to_numpy(dtype=float) * (-1 if maximised else 1)
    known = np.isfinite(loss)
    settings, loss = settings[known], loss[known]
    cut = max(1, int(np.ceil(BEST * len(loss))))
    top = loss <= np.partition(loss, cut - 1)[cut - 1]
    found = {str(name): _divergence(*_counts(settings[name], top)) for name in settings}
    total = sum(found.values())
    shares = {name: value / total if total > 0 else 1 / len(found) for name, value in found.items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _counts(column: "pd.Series[Any]", top: Bools) -> tuple[Floats, Floats, bool]:
    """The number of all and of the best configurations at each step of a numeric setting, or at each of its values.

    Steps have equal widths, on a logarithmic scale if a positive setting spans more than a factor of 30.
    """
    if pd.api.types.is_numeric_dtype(column) and not is_truth(column):
        x = column.to_numpy(dtype=float)
        if x.min() > 0 and x.max() > 30 * x.min():
            x = np.log(x)
        width = (x.max() - x.min()) / (STEPS - 1)
        # A value half-way between two steps counts for the lower one.
        at = np.clip(np.ceil((x - x.min()) / width - 0.5), 0, STEPS - 1).astype(int)
        return *_counted(at, top, STEPS), True
    at, kinds = pd.factorize(column, use_na_sentinel=False)
    return *_counted(at, top, len(kinds)), False


def _counted(at: Ints, top: Bools, kinds: int) -> tuple[Floats, Floats]:
    every, best = (np.bincount(some, minlength=kinds).astype(np.float64) for some in (at, at[top]))
    return every, best


def _divergence(every: Floats, best: Floats, numeric: bool) -> float:
    """Pearson's divergence of the density of the best from that of all (Watanabe et al., eq. 14)."""
    density = _of_steps if numeric else _of_values
    of_best, of_all = density(best) + 1e-12, density(every) + 1e-12
    return float(of_all @ (of_best / of_all - 1) ** 2)


def _of_steps(counts: Floats) -> Floats:
    """Parzen density over the steps: truncated normal kernels of Scott's width, and a wide one of a single count."""
    from scipy.special import ndtr

    at = np.flatnonzero(counts).astype(float)
    weights = counts[counts > 0]
    upto, total = np.cumsum(weights), weights.sum()
    mean = at @ weights / total
    sigma = np.sqrt((at - mean) ** 2 @ weights / max(1, total - 1))
    quartiles = np.searchsorted(upto, total // 4), np.searchsorted(upto, total * 3 // 4, side="right")
    span = at[min(len(at) - 1, quartiles[1])] - at[quartiles[0]]
    sigma = max(1.059 * min(span / 1.34, sigma) * total**-0.2, 0.5 / 1.64)  # nine tenths of a kernel within its step
    last = len(counts) - 1
    centres, widths = np.append(at, last / 2), np.append(np.full(len(at), sigma), last + 1.0)
    edges = (np.arange(len(counts) + 1)[:, None] - 0.5 - centres) / widths
    # The difference is exact in the lower tail, where both terms are small, but not in the upper one.
    sign = np.where(edges[:-1] + edges[1:] > 0, -1, 1)
    mass = np.abs(ndtr(sign * edges[1:]) - ndtr(sign * edges[:-1])) / (ndtr(edges[-1]) - ndtr(edges[0]))
    kernels = np.append(weights, 1)
    return np.asarray(mass @ kernels / kernels.sum())


def _of_values(counts: Floats) -> Floats:
    """Smoothed shares of the values: each value seen, and one count spread over all."""
    seen = np.flatnonzero(counts)
    kernels = np.full((len(seen) + 1, len(counts)), 1 / (len(seen) + 1))
    kernels[np.arange(len(seen)), seen] += 1
    kernels /= kernels.sum(axis=1, keepdims=True)
    weights = np.append(counts[seen], 1)
    return np.asarray(weights @ kernels / weights.sum())
