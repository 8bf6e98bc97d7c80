"""The inputs of an epoch's steps: rates and progress as scheduled, each run's own rows, keys that no sample has."""

import pytest
import torch

from dropout_lab.cohort.batches import Epoch
from dropout_lab.cohort.lanes import Lanes
from tests.cohort.runs import recipe, structure


def epochs(count: int) -> tuple[Lanes, Epoch]:
    """Lane 1 of two has a run of two epochs, whose rates fall; the inputs are those of epoch number `count`."""
    lanes = Lanes(structure(), 2, torch.device("cpu"))
    lanes.load(1, recipe(1, rates={"hidden.0": 0.5}, epochs=2, schedule=lambda progress: 1 - progress))
    for _ in range(count):
        lanes.batches.fill(lanes.active)
        lanes.active[1].steps += lanes.batches.steps
        lanes.active[1].epoch += 1
    return lanes, lanes.batches.epoch


@pytest.mark.parametrize("count", [1, 2])
def test_progress_is_the_share_of_the_training_and_scales_the_rates(count: int) -> None:
    lanes, epoch = epochs(count)
    steps, site = lanes.batches.steps, list(lanes.program.sites).index("hidden.0")
    expected = torch.arange((count - 1) * steps, count * steps) / (2 * steps)
    torch.testing.assert_close(epoch.progress[:, 1], expected)
    torch.testing.assert_close(epoch.rates[:, 1, site], 0.5 * (1 - expected))
    assert epoch.rates.shape == (steps, 2, len(lanes.program.sites))
    assert epoch.rates.count_nonzero() == steps


def test_a_lane_without_a_run_has_no_progress_and_rate_0() -> None:
    _, epoch = epochs(1)
    assert not epoch.progress[:, 0].any()
    assert not epoch.rates[:, 0].any()


def test_each_epoch_has_each_training_row_at_most_once_in_an_order_of_its_own() -> None:
    lanes, first = epochs(1)
    rows = [first.rows[:, 1].flatten().clone()]
    lanes.batches.fill(lanes.active)
    rows.append(lanes.batches.epoch.rows[:, 1].flatten())
    for one in rows:
        assert len(one.unique()) == len(one) == lanes.batches.steps * lanes.batches.size
        assert torch.isin(one, lanes.active[1].split.train).all()
    assert not torch.equal(*rows)


def test_samples_have_masks_that_no_step_has() -> None:
    lanes, epoch = epochs(1)
    samples = torch.stack([lanes.batches.sample_keys(lanes.active, number)[1] for number in range(3)])
    drawn = torch.cat([samples, epoch.keys[:, 1]]).flatten(0, 1)
    assert len(drawn.unique(dim=0)) == len(drawn)
