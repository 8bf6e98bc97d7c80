"""The counter-based stream: uniform, and independent between elements, steps, sites and seeds.

The keys are fixed, so a test passes always or never; the thresholds are those of single tests at 0.1 %.
"""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor
from torch.func import vmap
from torch.utils._python_dispatch import TorchDispatchMode

from dropout_lab.cohort.keys import keys, mask_seed
from dropout_lab.core.mask_streams import Noise

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


class _Products(TorchDispatchMode):
    """Looks for products of numbers that were counted up, and of sums of them."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: list[Tensor] = []
        self.multiplied = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func._schema.name
        places = {known.data_ptr() for known in self.counted}
        of_counted = any(isinstance(arg, Tensor) and arg.data_ptr() in places for arg in args)
        if name == "aten::arange" or (of_counted and name == "aten::add"):
            self.counted.append(result)
        self.multiplied += of_counted and name in ("aten::mul", "aten::mul_")
        return result


def test_no_compiler_can_multiply_places_in_its_own_arithmetic() -> None:
    # Triton's has 32 bits and overflows.
    noise = Noise(torch.tensor([3, 4], dtype=torch.int32))
    with _Products() as products:
        noise.stream(1 << 18).uniform((5, 7))
        torch.arange(3) * 2
    assert products.multiplied == 1  # the last line's


def test_the_streams_are_what_they_were() -> None:
    noise = Noise(torch.tensor([3, -4], dtype=torch.int32))
    index = np.arange(4, dtype=np.uint64)
    bits = (index * 0x9E3779B9 % 2**32) ^ 3
    bits = (bits ^ (bits >> 16)) * 0x85EBCA6B % 2**32
    bits = (bits ^ (bits >> 15) ^ (2**32 - 4)) * 0xC2B2AE35 % 2**32
    bits = (bits ^ (bits >> 16)) >> 8
    assert noise.uniform((4,)).tolist() == (bits.astype(float) * 2.0**-24).tolist()
