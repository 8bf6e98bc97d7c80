"""Sums of squares of factors and of their interactions, by least squares, for grids with holes too."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.special import fdtrc

from dropout_lab.report.statistics.floats import Bools, Floats

Term = tuple[str, ...]


class Square(NamedTuple):
    """One term: degrees of freedom, sum of squares (per seed), share of the total, F test with `error_df`.

    `share` is the sum of squares over that of all differences between configurations. NaN without a test.
    """

    term: Term
    df: int
    squares: float
    share: float
    f: float
    p: float
    error_df: int


def type_two(
    values: Floats, factors: Mapping[str, Floats], interactions: Sequence[Term] | None = None
) -> Sequence[Square]:
    """Test each factor and each pair of factors, or the given `interactions`.

    `values`: configurations x seeds without gaps.

    `factors`: the columns of each factor, one row per configuration (`dummies` or `polynomial`). Sums of squares are of
    type II: of a term after all terms that do not contain it (F. Yates, JASA 29 (1934) 51-66). They do not depend on
    the order of the factors, and add up for a balanced grid.

    Seeds are random blocks that cross all factors. The common effect of a seed on all configurations is removed. Each
    term is tested against its own term x seed mean square, with df (seeds - 1) degrees of freedom: a seed may have its
    own effect on all configurations of one level (those of one data size share the examples it drew), which an error
    pooled over the terms would take for many independent findings. With more than one df, the test assumes that the
    effect of seeds is equally strong in all directions of the term (sphericity). With one seed nothing is tested, and
    `error_df` is 0.
    """
    count, seeds = values.shape
    means = values.mean(axis=1)
    rest = values - means[:, None] - values.mean(axis=0) + values.mean()
    total = float(((means - means.mean()) ** 2).sum()) if count else 0.0
    pairs = list(combinations(factors, 2)) if interactions is None else interactions
    terms: list[Term] = [*((name,) for name in factors), *pairs]
    columns = {term: _product([factors[name] for name in term]) for term in terms}
    # One matrix of products serves all designs: each is some of its columns.
    design = np.concatenate([np.ones((count, 1)), *columns.values()], axis=1)
    # The first column has the means, the others the effect of each seed on single configurations.
    gram, along = design.T @ design, design.T @ np.concatenate([(means - means.mean())[:, None], rest], axis=1)
    owner = np.repeat(np.arange(len(terms) + 1), [1, *(part.shape[1] for part in columns.values())])
    found = []
    for place, term in enumerate(terms, start=1):
        others = [0, *(at for at, other in enumerate(terms, start=1) if not set(term) <= set(other))]
        without, rank = _explained(gram, along, np.isin(owner, others))
        within, rank_full = _explained(gram, along, np.isin(owner, [*others, place]))
        df, own = rank_full - rank, np.maximum(0.0, within - without)
        squares, freedom = float(own[0]), df * (seeds - 1)
        error = float(own[1:].sum()) / freedom if freedom else np.nan
        f = seeds * squares / df / error if freedom and error > 0 else np.nan
        p = float(fdtrc(df, freedom, f)) if np.isfinite(f) else np.nan
        share = squares / total if total > 0 else np.nan
        found.append(Square(term, df, squares, share, float(f), p, freedom))
    return found


def dummies(levels: Sequence[object]) -> Floats:
    """A column per level but the first: 1 where the configuration has it."""
    names = list(dict.fromkeys(levels))
    return np.array([[float(level == name) for name in names[1:]] for level in levels]).reshape(len(levels), -1)


def polynomial(values: Floats) -> Floats:
    """Value and square, for a setting with too many levels for a column each; centred, in units of its spread."""
    scaled = (values - values.mean()) / (values.std() or 1.0)
    return np.stack([scaled, scaled**2 - (scaled**2).mean()], axis=1)


def _product(parts: Sequence[Floats]) -> Floats:
    result = parts[0]
    for part in parts[1:]:
        result = (result[:, :, None] * part[:, None, :]).reshape(len(result), -1)
    return result


def _explained(gram: Floats, along: Floats, kept: Bools) -> tuple[Floats, int]:
    """The sums of squares of each column of `along` that these columns of the design explain, and their rank."""
    values, vectors = np.linalg.eigh(gram[np.ix_(kept, kept)])
    real = values > 1e-9 * values.max()
    squares = (vectors[:, real].T @ along[kept]) ** 2 / values[real, None]
    return np.asarray(squares.sum(axis=0)), int(real.sum())
