"""The test set of data that have none of their own: held out of all examples, and the same for everybody."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from dropout_lab.config.bounds import Fraction
from dropout_lab.config.kinds import Kind
from dropout_lab.datasets.division_checks import require_group_that_fits
from dropout_lab.datasets.grouped import part_of_groups, strata
from dropout_lab.datasets.split import Task, cut, part_size

FRACTION = Kind(Fraction)
TEST_SEED = 0
"""The test set is cut with this seed, never with a run's: no run may train on what another is tested on."""


def hold_out_test(
    targets: Tensor,
    task: Task,
    test_fraction: float,
    class_names: Sequence[str] = (),
    groups: Tensor | None = None,
    group_name: str = "",
) -> Tensor:
    """The rows, ascending, of a test set of that fraction: stratified by class, and the same on every call. Of
    `groups`, (n,), whole ones, of which as many as fit."""
    FRACTION.check("dataset.test_fraction", test_fraction)
    if groups is not None:
        size = part_size("test_fraction", test_fraction, targets, "regression")
        require_group_that_fits("test_fraction", test_fraction, groups.numpy(), size, group_name)
        chosen = part_of_groups(groups.numpy(), strata(targets, task), size, np.random.default_rng(TEST_SEED))
        return torch.from_numpy(np.flatnonzero(chosen))
    size = part_size("test_fraction", test_fraction, targets, task, class_names)
    _, test = cut(torch.arange(len(targets)), targets, task, size, TEST_SEED)
    return test.sort().values
