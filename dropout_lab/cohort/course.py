"""The numbers of an optimizer step that change over a training: the course of a run, made on the host for an epoch."""

from math import ceil

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.cohort.optim import Hyper, is_lr
from dropout_lab.cohort.recipe import Recipe

NUMBERS = ("lr_factor", "momentum", "share", "taken")
"""By what the learning rate is multiplied; the momentum, 0 where the optimizer has none; what a batch's gradient weighs
in the optimizer step that follows it, 0 where none does; what the moving average takes of the weights after it.
"""


def course(recipe: Recipe, epoch: int, batches: int) -> NDArray[np.float32]:
    """The numbers at each batch of an epoch, counted from 0: (batch, number).

    An optimizer step follows every `accumulate` batches, and those that are left over at the end of the epoch.
    Schedules count optimizer steps.
    """
    every = int(recipe.options.get("accumulate", 1))
    steps = ceil(batches / every)
    total, momentum = recipe.epochs * steps, getattr(recipe.optimizer, "momentum", 0.0)
    made = []
    for batch in range(batches):
        step = epoch * steps + batch // every
        together = min(every, batches - batch // every * every)
        acts = batch % every == together - 1
        taken = 1.0 if step == 0 else 1 - recipe.options.get("ema", 0.0)
        scheduled = recipe.lr_schedule(step, total), recipe.momentum_schedule(momentum, step, total)
        made.append((*scheduled, 1 / together if acts else 0.0, taken if acts else 0.0))
    return np.array(made, dtype=np.float32)


def at_step(hyper: Hyper, numbers: Tensor) -> Hyper:
    """The hyperparameters at a step with these numbers, (number,), as `course` makes them."""
    now = {name: value * numbers[0] if is_lr(name) else value for name, value in hyper.items()}
    return {**now, "momentum": numbers[1]} if "momentum" in hyper else now
