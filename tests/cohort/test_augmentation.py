"""Images turned, cropped, recoloured, cut out and mixed, beside the same by plain indexing and SciPy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import vmap

from dropout_lab.cohort.augment import augmented
from dropout_lab.cohort.compilation.compiler import Compilable, load
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.mixing import mixed, rectangle
from dropout_lab.core.mask_streams import Noise
from tests.cohort.images import cut_mixed, recolored, resampled, square
from tests.cohort.runs import recipe, structure
from tests.cohort.test_options import Steps, changed
from tests.dropout.test_every_dropout import noise

NOTHING: Mapping[str, float] = {"rotate": 0, "crop": 1, "color": 0, "cutout": 0}
SOMETHING: Mapping[str, float] = {"rotate": 40, "crop": 0.3, "color": 0.5, "cutout": 3}


@pytest.mark.parametrize(("rotate", "crop"), [(90, 1), (0, 0.2), (180, 0.5)])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 9)])
def test_turned_and_cropped_images_are_scipys(rotate: float, crop: float, shape: tuple[int, ...]) -> None:
    x = torch.randn(40, *shape)
    y = changed(x, rotate=rotate, crop=crop)
    torch.testing.assert_close(y, resampled(x, noise(), rotate, crop), atol=1e-4, rtol=0)
    assert not torch.allclose(y, x, atol=0.1)


def test_all_angles_and_shares_are_equally_likely() -> None:
    """A ramp's slope says how large the part was, and by what it was turned; its middle, where the part was."""
    size = 41
    ramp = (torch.arange(float(size)) - size // 2).expand(1, 1, size, size)
    y = changed(ramp.expand(2000, 1, size, size), rotate=30, crop=0.25)[:, 0]
    middle = size // 2
    right = y[:, middle, middle + 1] - y[:, middle, middle - 1]
    down = y[:, middle + 1, middle] - y[:, middle - 1, middle]
    angle, share = torch.rad2deg(torch.atan2(-down, right)), (right.square() + down.square()) / 4
    for values, low, high in ((angle, -30, 30), (share, 0.25, 1)):
        at = values.quantile(torch.tensor([0.005, 0.25, 0.5, 0.75, 0.995]))
        expected = low + (high - low) * torch.tensor([0.005, 0.25, 0.5, 0.75, 0.995])
        torch.testing.assert_close(at, expected, atol=0.05 * (high - low), rtol=0)
    centre = y[:, middle, middle] / (1 - share.sqrt()) / size
    assert centre.mean().item() == pytest.approx(0, abs=0.03)
    assert centre.abs().quantile(0.95).item() == pytest.approx(0.475, abs=0.03)


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_is_nothing_to_the_bit_beside_lanes_that_have_something(name: str) -> None:
    x, keys = torch.randn(3, 6, 3, 7, 5), torch.arange(6, dtype=torch.int32).view(3, 2)
    numbers = torch.tensor([float(NOTHING[name]), float(SOMETHING[name]), float(NOTHING[name])])

    def lane(x: Tensor, number: Tensor, key: Tensor) -> Tensor:
        return augmented(x, {name}, {name: number}, Noise(key))

    y = vmap(lane)(x, numbers, keys)
    assert torch.equal(y[0], x[0])
    assert torch.equal(y[2], x[2])
    assert not torch.equal(y[1], x[1])
    assert torch.equal(y[1], lane(x[1], numbers[1], keys[1]))


@pytest.mark.parametrize("channels", [1, 3])
def test_colors_are_blended_with_the_mean_and_with_grey(channels: int) -> None:
    x = 2 + torch.randn(50, channels, 4, 5)
    torch.testing.assert_close(changed(x, color=0.6), recolored(x, noise(), 0.6), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("side", [1, 2, 5])
def test_a_square_is_cut_out_about_any_pixel_and_may_reach_over_the_border(side: int) -> None:
    y = changed(torch.ones(3000, 2, 4, 6), cutout=side)
    assert torch.equal(y[:, 0], y[:, 1])
    seen = {tuple(map(tuple, one.int().tolist())) for one in y[:, 0]}
    possible = set()
    for row in range(4):
        for column in range(6):
            image = np.ones((4, 6), dtype=int)
            image[square(row, column, side)] = 0
            possible.add(tuple(map(tuple, image.tolist())))
    assert seen == possible


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_cutmix_takes_a_rectangle_of_the_neighbour_and_weighs_by_its_exact_area(share: float) -> None:
    steps = Steps(cutmix=1.0)
    x, area = cut_mixed(steps.x, Noise(steps.keys[-1]), share)
    output = steps.model(x)
    expected = area * F.cross_entropy(output, steps.y) + (1 - area) * F.cross_entropy(output, steps.y.roll(1, 0))
    torch.testing.assert_close(steps.loss(mix=share), expected.detach())
    assert (area == 1) == (share == 1)


def test_lanes_with_mixup_beside_lanes_with_cutmix_have_each_its_own() -> None:
    x, keys = torch.randn(3, 6, 1, 8, 8), torch.arange(6, dtype=torch.int32).view(3, 2)
    alphas = {"mixup": torch.tensor([0.4, 0.0, 0.0]), "cutmix": torch.tensor([0.0, 1.0, 0.0])}
    shares = torch.tensor([0.7, 0.4, 1.0])

    def lane(x: Tensor, hyper: Mapping[str, Tensor], share: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        return mixed(x, hyper, hyper, share, Noise(key))

    y, weights = vmap(lane)(x, alphas, shares, keys)
    torch.testing.assert_close(y[0], 0.7 * x[0] + 0.3 * x[0].roll(1, 0))
    taken, _ = mixed(x[1], ["cutmix"], {"cutmix": torch.tensor(1.0)}, shares[1], Noise(keys[1]))
    assert torch.equal(y[1], taken)
    assert torch.equal(y[2], x[2])
    own = (taken == x[1]).float().mean().item()
    assert weights.tolist() == pytest.approx([0.7, own, 1.0])


def test_a_rectangle_has_its_pixels() -> None:
    places = torch.tensor([0.5]).view(1, 1), torch.tensor([0.0]).view(1, 1)
    found = rectangle(*places, torch.tensor([2.0, 3.0]), (4, 5))
    assert found.int().tolist() == [[0] * 5, [1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [0] * 5]


@pytest.mark.slow
@pytest.mark.usefixtures("shared_programs")
def test_a_compiled_step_changes_images_as_the_eager_one_does() -> None:
    options = {"rotate": 40.0, "color": 0.5, "cutmix": 1.0}
    given: Any = dict.fromkeys(options, True)
    eager, compiled = (Lanes(structure(**given), 2, torch.device("cpu")) for _ in range(2))
    for lanes in (eager, compiled):
        for lane in range(2):
            lanes.load(lane, recipe(lane + 1, options=options))
    (compiled.executor.run_train_step,) = load(
        [Compilable(compiled.executor.train_step, compiled.executor.examples()[0], "images")]
    )
    for _ in range(2):
        torch.testing.assert_close(compiled.train_epoch(), eager.train_epoch(), rtol=1e-4, atol=0)
    torch.testing.assert_close(compiled.state.params, eager.state.params, rtol=1e-3, atol=1e-4)
