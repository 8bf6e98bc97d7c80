"""Means of levels, adjusted for the other settings, for grids with holes."""

import numpy as np

from dropout_lab.report.statistics.floats import Floats, Ints


def adjusted_means(values: Floats, codes: Ints, others: Floats) -> Floats:
    """Least-squares means of each level, levels x columns: the mean that all rows would have at that level.

    `values`: rows x columns (configurations x seeds), without gaps. `codes`: the level of each row, 0, 1, ..., each
    occurring in some row. `others`: the columns of the other settings (`dummies`, `polynomial`), rows x any number. The
    model is additive in level and others, and the others are held at their mean over all rows (least-squares means with
    observed margins: S. Searle, F. Speed, G. Milliken, Am. Stat. 34 (1980) 216-221). If all levels have the same
    others, these are the plain means. NaN for levels that only ever vary together with others.
    """
    count = np.bincount(codes).astype(float)[:, None]
    away = others - others.mean(axis=0)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(count)))
    plain = np.add.reduceat(values[order], starts, axis=0) / count
    if not others.shape[1]:
        return np.asarray(plain)
    beside = np.add.reduceat(away[order], starts, axis=0) / count
    left = away.T @ away - beside.T @ (count * beside)
    roots, vectors = np.linalg.eigh(left)
    real = roots > 1e-9 * max(float((away**2).sum(axis=0).max()), np.finfo(float).tiny)
    slopes = vectors[:, real] @ (
        (vectors[:, real].T @ (away.T @ values - beside.T @ (count * plain))) / roots[real, None]
    )
    known = (np.abs(beside @ vectors[:, ~real]) < 1e-6).all(axis=1)
    return np.where(known[:, None], plain - beside @ slopes, np.nan)
