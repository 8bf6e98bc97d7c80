"""Trained networks side by side, as a measure sees them: the best epochs of runs that have ended."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from dropout_lab.cohort.example_losses import correct, losses
from dropout_lab.cohort.keys import FIRST_SAMPLE, keys
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.lift import lift
from dropout_lab.cohort.passes import inputs_of
from dropout_lab.core.mask_streams import Noise
from dropout_lab.core.torch_private import tree_map

FIRST_MEASURE = FIRST_SAMPLE << 1
"""The step number of the first noise that a measure draws; no training and no other evaluation has it."""

EXAMPLES = 1 << 20
"""The first number of the streams of single examples, as in `step.EXAMPLES`."""


class Batch(NamedTuple):
    """A chunk of a part of the data, the lane as the first axis."""

    rows: Tensor
    """(lane, n): the examples' numbers in the data set."""
    x: Tensor
    """(lane, n, *input_shape), as the networks read it: standardized by each lane's training part."""
    y: Tensor
    """(lane, n, ...)"""
    weight: Tensor
    """(lane, n): 1, or 0 for what fills up a chunk."""


Change = Callable[[Batch], Tensor]
"""A batch -> the inputs that the networks are given instead of its own, of the same shape."""


class Trained:
    """The networks of some lanes, with the weights of their best epochs.

    Nothing is computed across lanes, and all noise comes from streams of the runs' own seeds. So a run's values do not
    depend on the runs beside it, and configurations of one seed meet the same noise.
    """

    def __init__(self, lanes: Lanes, wanted: Sequence[int]) -> None:
        """wanted: numbers of active lanes, at least one."""
        # A single matrix goes through another matmul kernel than a stack of them, with another rounding.
        numbers = list(wanted) if len(wanted) > 1 else [*wanted, *wanted]
        index = torch.tensor(numbers, device=lanes.device)
        self._lanes, self._index = lanes, index
        best: dict[str, Any] = tree_map(lambda value: value[index], lanes.state.best)
        self.params: Tensor = best["params"]
        """(lane, size), in the layout of the program."""
        self.buffers: dict[str, Tensor] = best["buffers"]
        self.rates: Tensor = best["rates"]
        """(lane, site): those of the best epoch's last step."""
        self.reading = {name: value[index] for name, value in lanes.data.reading.items()}
        """How each lane reads its inputs."""
        self.recipes = [lanes.active[number].recipe for number in numbers]
        self.splits = [lanes.active[number].split for number in numbers]
        self._mask_seeds = [lanes.active[number].mask_seed for number in numbers]
        self.structure, self.program, self.device = lanes.structure, lanes.program, lanes.device

    @property
    def width(self) -> int:
        """Lanes, one of them twice where only one is wanted."""
        return len(self.recipes)

    def key(self, stream: str, number: int = 0) -> Tensor:
        """The keys of noise of each lane's own: (lane, 2) int32. `stream`: the name of what draws it."""
        step = np.full((1, self.width), FIRST_MEASURE + number)
        return torch.from_numpy(keys(self._mask_seeds, step, [f"/measure/{stream}"]))[0, :, 0].to(self.device)

    def batches(self, part: str = "test") -> Iterator[Batch]:
        """A part of the data, `test`, `val` or `train`, in the chunks in which it is evaluated."""
        chunks = self._lanes.data.parts[part]
        for rows, targets, weight in zip(chunks.rows, chunks.targets, chunks.weight, strict=True):
            at = rows[self._index]
            yield Batch(at, self.read(at), targets[self._index], weight[self._index])

    def read(self, rows: Tensor) -> Tensor:
        """The inputs of rows of the data set, (lane, n), as each lane reads them."""
        return inputs_of(rows, {"inputs": self._lanes.data.inputs, **self.reading})

    def outputs(self, x: Tensor, params: Tensor | None = None) -> Tensor:
        """The networks' outputs in evaluation mode, (lane, n, ...), of inputs that follow no others."""
        return self._passed(x, self._nothing_carried(x), self.params if params is None else params)[0]

    def score(
        self, change: Change | None = None, params: Tensor | None = None, part: str = "test"
    ) -> Mapping[str, Tensor]:
        """Mean `loss` and, unless it is a regression, `accuracy` on a part: (lane,) each, in evaluation mode.

        change: what is done to the inputs; params: other parameters than the networks' own.
        """
        task = self.structure.dataset.task

        def sums(output: Tensor, y: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
            return (losses(output, y, task) * weight).sum(), (correct(output, y, task) * weight).sum()

        total = torch.zeros(2, self.width, device=self.device)
        carried: dict[str, Tensor] | None = None
        with torch.no_grad():
            for batch in self.batches(part):
                x = batch.x if change is None else change(batch)
                carried = self._nothing_carried(x) if carried is None else carried
                output, carried = self._passed(x, carried, self.params if params is None else params)
                total += torch.stack(lift(sums, self.program.engine)(output, batch.y, batch.weight))
        loss, right = total / self._lanes.data.parts[part].size
        return {"loss": loss, "accuracy": right} if self.structure.dataset.has_accuracy else {"loss": loss}

    def _passed(self, x: Tensor, carried: dict[str, Tensor], params: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The networks' outputs, and what they carry to the next chunk."""

        def one(
            params: Tensor, buffers: Mapping[str, Tensor], rates: Tensor, carried: Mapping[str, Tensor], x: Tensor
        ) -> tuple[Tensor, dict[str, Tensor]]:
            held = {**buffers, **{name: value.clone() for name, value in carried.items()}}
            output = self.program.output(params, held, rates, x)
            return output, {name: held[name] for name in carried}

        output, after = lift(one, self.program.engine)(params, self.buffers, self.rates, carried, x)
        return output, after

    def _nothing_carried(self, x: Tensor) -> dict[str, Tensor]:
        shapes = {name: self._lanes.state.changed["buffers"][name].shape[2:] for name in self.program.carried}
        return {name: torch.zeros(*x.shape[:2], *shape, device=self.device) for name, shape in shapes.items()}


def of_examples(draw: Callable[[Noise], Tensor], keys: Tensor, rows: Tensor) -> Tensor:
    """(lane, n, ...): what `draw` makes of a stream of each example's own, whatever chunk it is in.

    keys: (lane, 2) int32; rows: (lane, n).
    """

    def one(key: Tensor, row: Tensor) -> Tensor:
        return draw(Noise(key).stream(EXAMPLES + row.int()))

    drawn: Tensor = torch.vmap(torch.vmap(one, in_dims=(None, 0)))(keys, rows)
    return drawn
