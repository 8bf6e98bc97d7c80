"""What must be true of a dataset's groups, folds and fixed validation part."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.core.errors import UserError


def check_validation(name: str, validation: Tensor, rest: Tensor) -> None:
    """Raises UserError for a fixed validation part that is empty, everything, or not of the rows outside the test
    set, `rest`."""
    if not bool(torch.isin(validation, rest).all()) or len(set(validation.tolist())) != len(validation):
        raise UserError(f"dataset {name}: validation must hold different rows outside of the test set")
    if not 0 < len(validation) < len(rest):
        raise UserError(
            f"dataset {name}: of its {len(rest)} examples outside of the test set, {len(validation)} are the validation"
            " part; there must be one to validate and one to train on"
        )


def check_groups(name: str, groups: Tensor, size: int, test: Tensor, validation: Tensor | None) -> None:
    """Raises UserError for groups that are not one per row, and for one on both sides."""
    if groups.dtype != torch.int64 or tuple(groups.shape) != (size,) or bool((groups < 0).any()):
        raise UserError(f"dataset {name}: groups must be int64 numbers from 0, one for each of {size} rows")
    part = torch.zeros(size, dtype=torch.int64)
    part[test] = 1
    if validation is not None:
        part[validation] = 2
    pairs = np.unique(torch.stack([groups, part], 1).numpy(), axis=0)
    if len(pairs) > len(np.unique(groups.numpy())):
        raise UserError(f"dataset {name}: a group is on both sides of its parts; each must be in one part")


def check_folds(folds: int, rest: int, groups: Tensor | None, group_name: str, *, fixed: bool, is_stream: bool) -> None:
    """Raises UserError where the `rest` examples outside of the test set, or their groups, cannot be that many folds.

    fixed: whether the validation part is the same for every seed.
    """
    if folds < 2:
        raise UserError(f"dataset.folds={folds}: must be at least 2")
    if fixed:
        raise UserError(f"dataset.folds={folds}: the validation part is given, so there are no folds of it")
    if is_stream:
        raise UserError(f"dataset.folds={folds}: a text that is read on has no folds; leave it out")
    if groups is None and folds > rest:
        raise UserError(
            f"dataset.folds={folds}: must be at most {rest}, the number of examples outside of the test set"
        )
    count = 0 if groups is None else len(np.unique(groups.numpy()))
    if groups is not None and folds > count:
        raise UserError(
            f"dataset.folds={folds}: must be at most {count}, the number of groups ({group_name or 'groups'}) outside"
            " of the test set"
        )


def require_group_that_fits(
    key: str, fraction: float, groups: NDArray[np.int64], size: int, name: str, *, varied: bool = False
) -> None:
    """Raises UserError where no group is as small as a part of `size` rows, or, if the part is to be `varied` by seeds,
    where all that are fit into it together."""
    sizes = np.bincount(groups)
    sizes = sizes[sizes > 0]
    fitting = sizes[sizes <= size]
    part = f"dataset.{key}={fraction}: is {size} of {len(groups)} rows"
    if not len(fitting):
        raise UserError(
            f"{part}, and the smallest of {len(sizes)} groups ({name or 'groups'}) has {sizes.min()}; give a larger"
            " fraction"
        )
    if varied and fitting.sum() <= size:
        raise UserError(
            f"{part}, and of {len(sizes)} groups ({name or 'groups'}) only {len(fitting)} are that small, which fit"
            " together: every seed would have the same validation part; give a larger fraction, or dataset.folds="
        )
