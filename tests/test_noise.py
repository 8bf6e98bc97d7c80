"""The counter-based stream: uniform, and independent between elements, steps, sites and seeds.

The keys are fixed, so a test passes always or never; the thresholds are those of single tests at 0.1 %.
"""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from torch.func import vmap

from dropout_lab.cohort.keys import keys, mask_seed
from dropout_lab.noise import Noise

SITES = ("input", "hidden.0", "hidden.1")


def draws(seed: int, step: int, site: str, size: int = 50_000) -> NDArray[np.float64]:
    key = keys([mask_seed(seed)], np.array([[step]]), (site,))[0, 0, 0]
    return Noise(torch.from_numpy(key)).uniform((size,)).double().numpy()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("step", [0, 1, 1000])
def test_it_is_uniform(seed: int, step: int) -> None:
    u = draws(seed, step, "input")
    assert u.min() >= 0
    assert u.max() < 1
    assert stats.kstest(u, "uniform").pvalue > 1e-3
    counts, _ = np.histogram(u, bins=256, range=(0, 1))
    assert stats.chisquare(counts).pvalue > 1e-3


def test_neighbours_and_elements_a_row_apart_are_independent() -> None:
    u = draws(0, 0, "input", 100_000)
    for lag in (1, 2, 16, 64, 128, 1024):
        pairs, _, _ = np.histogram2d(u[:-lag], u[lag:], bins=16, range=[[0, 1], [0, 1]])
        assert stats.chisquare(pairs.ravel()).pvalue > 1e-3, lag


@pytest.mark.parametrize("others", [(0, 1, "input"), (1, 0, "input"), (0, 0, "hidden.0"), (7, 500, "hidden.1")])
def test_other_steps_seeds_and_sites_are_independent(others: tuple[int, int, str]) -> None:
    a, b = draws(0, 0, "input"), draws(*others)
    pairs, _, _ = np.histogram2d(a, b, bins=16, range=[[0, 1], [0, 1]])
    assert stats.chisquare(pairs.ravel()).pvalue > 1e-3
    # Nor is one stream the other, moved: no element is found in the other's neighbourhood more often than by chance.
    assert len(np.intersect1d(a[:2000], b)) < 30


def test_one_element_over_the_steps_is_uniform_too() -> None:
    key = torch.from_numpy(keys([mask_seed(3)], np.arange(20_000)[:, None], ("input",))[:, 0, 0])
    u = vmap(lambda k: Noise(k).uniform((4,)))(key).double().numpy()
    for element in u.T:
        assert stats.kstest(element, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(u.T) - np.eye(4)).max() < 0.03


def test_a_key_does_not_depend_on_the_company() -> None:
    many = keys([mask_seed(0), mask_seed(1)], np.array([[4, 9], [5, 10]]), SITES)
    assert np.array_equal(many[1, 1, 2], keys([mask_seed(1)], np.array([[10]]), ("hidden.1",))[0, 0, 0])
    assert len(np.unique(many.reshape(-1, 2), axis=0)) == 12


def test_a_lane_draws_what_it_draws_alone() -> None:
    key = torch.from_numpy(keys([mask_seed(0), mask_seed(1)], np.array([[3, 3]]), ("input",))[0, :, 0])
    together = vmap(lambda k: Noise(k).uniform((5, 7)))(key)
    assert torch.equal(together[1], Noise(key[1]).uniform((5, 7)))
