"""The number of seeds that the detection of a difference needs."""

import functools

import numpy as np
from scipy.special import chdtr, ndtri, stdtrit

from dropout_lab.report.statistics.floats import Floats

POWER = 0.8
"""The customary power: 4 of 5 repetitions of the experiment detect the difference."""

TABULATED = 300


NODES = np.arange(-8.0, 8.05, 0.1)


def power(effect: Floats, seeds: Floats, alpha: float) -> Floats:
    """Power of the two-sided paired t test; `effect`: the mean difference over its standard deviation (Cohen's d_z).

    J. Cohen, Statistical Power Analysis (1988), chapter 2. |t| exceeds its critical value c where the chi-square of the
    spread is below (z + d sqrt(n))^2 (n - 1) / c^2; the power is the mean of that probability over a normal z. SciPy's
    noncentral t is NaN in tails that many comparisons need.
    """
    effect, seeds = np.broadcast_arrays(np.abs(effect), seeds)
    freedom = (seeds - 1)[..., None]
    critical = stdtrit(freedom, 1 - alpha / 2)
    shift = (effect * np.sqrt(seeds))[..., None]
    weight = np.exp(-(NODES**2) / 2)
    return np.asarray(chdtr(freedom, freedom * ((NODES + shift) / critical) ** 2) @ (weight / weight.sum()))


def detectable(half_width: float, freedom: float, level: float = 0.95, wanted: float = POWER) -> float:
    """The least difference that a test whose interval has this half-width finds with power `wanted`.

    half_width (1 + t_wanted / t_level), with t quantiles of `freedom` degrees: the half-width is t_level standard
    errors, and the noncentral t is taken for a shifted one, which is 14 % too low with one degree, 5 % with two, and
    less than 3 % from three on. In the unit of the half-width. Bloom, Evaluation Review 19 (1995) 547-556.
    """
    return float(half_width * (1 + stdtrit(freedom, wanted) / stdtrit(freedom, 0.5 + level / 2)))


def seeds_needed(effect: Floats, alpha: float, wanted: float = POWER) -> Floats:
    """The least number of seeds with which each `effect` (d_z) is detected with power `wanted` at level `alpha`.

    At least 2. Infinity for an effect of 0, NaN for NaN. An effect measured from few seeds is itself uncertain, and so
    is this number: it is a plan, not a finding. Above 300 seeds, where t is nearly normal, it is
    ((z_alpha + z_power) / d)^2 + z_alpha^2 / 2.
    """
    size = np.abs(np.asarray(effect, dtype=np.float64))
    least = _detectable(alpha, wanted)
    needed = 2.0 + np.searchsorted(-least, -size, side="left")
    z = float(-ndtri(alpha / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        many = np.ceil(((z + ndtri(wanted)) / size) ** 2 + z**2 / 2)
    needed = np.where(size < least[-1], np.maximum(many, TABULATED + 1.0), needed)
    return np.where(np.isnan(size), np.nan, needed)


@functools.lru_cache(maxsize=32)
def _detectable(alpha: float, wanted: float) -> Floats:
    """The least effect that n = 2, 3, ... `TABULATED` seeds detect with this power; it falls with n."""
    seeds = np.arange(2, TABULATED + 1, dtype=np.float64)
    # Powers around 0.8 lie between these bounds, because the estimated spread is rarely above 1.4 times the true one.
    critical = stdtrit(seeds - 1, 1 - alpha / 2)
    low, high = critical / 2 / np.sqrt(seeds), (1.4 * critical + 2) / np.sqrt(seeds)

    def excess(effect: Floats) -> Floats:
        return np.asarray(ndtri(power(effect, seeds, alpha)) - ndtri(wanted))

    # The secant method: as a normal quantile, the power is nearly linear in the effect.
    last, effect = high, (critical + ndtri(wanted)) / np.sqrt(seeds)
    before, now = excess(last), excess(effect)
    while (np.abs(effect - last) > 1e-9 * effect).any():
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(now == before, 0.0, now * (effect - last) / (now - before))
        last, effect = effect, np.clip(effect - step, low, high)
        before, now = now, excess(effect)
    return np.asarray(np.minimum.accumulate(effect))
