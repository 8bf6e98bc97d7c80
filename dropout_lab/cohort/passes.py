"""A training step and an evaluation of all lanes, as functions of tensors only, which can be compiled."""

from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from typing import Any

import torch
from torch import Tensor

from dropout_lab.cohort.advance import advance
from dropout_lab.cohort.lift import lift
from dropout_lab.cohort.step import Program, StepInputs
from dropout_lab.core.torch_private import tree_flatten, tree_leaves, tree_unflatten

InPlace = Callable[..., None]
"""Takes tensors by position and writes its results into some of them."""


class TrainStep:
    """One training step of every lane.

    carried: what a step changes in place, as `State.changed`. total: (lane,), to which
    it adds the loss. given: tensors that it reads, the same in every step of an epoch.
    """

    def __init__(self, program: Program, carried: Any, total: Tensor, given: Any) -> None:
        self._program = program
        self.fixed: Sequence[Tensor]
        """The tensors that are the same in every call."""
        self.fixed, self._spec = tree_flatten((carried, total, given))

    def __call__(self, *tensors: Tensor) -> None:
        """`fixed`, then the step's slice of each tensor of `batches.Epoch`."""
        *fixed, rates, progress, mix, course, keys, rows, targets = tensors
        carried, total, given = tree_unflatten(fixed, self._spec)
        x = inputs_of(rows, given)
        hyper = {**given["hyper"], **{name: given[name] for name in ("class_weights",) if name in given}}
        # A lane's loss depends on its own parameters only, so the gradient of the sum is every lane's own gradient.
        # torch.func.grad gives the same, but imports torch's whole compiler first.
        params = carried["params"].detach().requires_grad_()
        with torch.enable_grad():
            loss, buffers = lift(self._program.loss, self._program.engine)(
                params, carried["buffers"], hyper, StepInputs(rates, progress, mix, keys, x, targets)
            )
            (grads,) = torch.autograd.grad(loss.sum(), params)
        with torch.no_grad():
            after = lift(partial(advance, self._program), self._program.engine)(
                carried, grads, buffers, given["hyper"], course
            )
            for old, new in zip(tree_leaves(carried), tree_leaves(after), strict=True):
                old.copy_(new)
            total.add_(loss)


class Evaluation:
    """Adds the loss and the correct answers of every lane on some examples to `loss` and `correct`, both (lane,).

    carried: the model's state between batches, (lane, batch, ...), which is changed in place.
    """

    def __init__(self, program: Program, loss: Tensor, correct: Tensor, carried: Any, given: Any, weights: Any) -> None:
        self._program = program
        self.fixed: Sequence[Tensor]
        """The tensors that are the same in every call."""
        self.fixed, self._spec = tree_flatten((loss, correct, carried, given))
        self._weights_spec = tree_flatten(weights)[1]

    def __call__(self, *tensors: Tensor) -> None:
        """`fixed`, the leaves of params, buffers and rates, then rows, targets and weight of a chunk of a `Part`."""
        size = self._spec.num_leaves
        loss, correct, carried, given = tree_unflatten(tensors[:size], self._spec)
        *weights, rows, targets, weight = tensors[size:]
        model = tree_unflatten(weights, self._weights_spec)
        x = inputs_of(rows, given)
        with torch.no_grad():
            more_loss, more_correct, after = lift(self._program.evaluate, self._program.engine)(
                model["params"], model["buffers"], model["rates"], carried, x, targets, weight
            )
        for name, state in carried.items():
            state.copy_(after[name])
        loss.add_(more_loss)
        correct.add_(more_correct)


def inputs_of(rows: Tensor, given: Any) -> Tensor:
    """(lane, n) rows -> (lane, n, *input_shape), as read by each lane: numbers are standardized by its training part,
    and tokens that are not in its training part are replaced by UNKNOWN.

    NaN in a table's row is a missing value and becomes 0, the mean of the lane's training part.
    """
    inputs: Tensor = given["inputs"][rows]
    if "known" in given:  # tokens: (lane, vocabulary)
        known: Tensor = given["known"]
        return known.gather(1, inputs.flatten(1)).view(inputs.shape)
    x: Tensor = (inputs - given["mean"].unsqueeze(1)) / given["std"].unsqueeze(1)
    if x.dim() == 3:  # tables; other data have no missing values
        x = torch.nan_to_num(x, nan=0.0, posinf=inf, neginf=-inf)
    return x
