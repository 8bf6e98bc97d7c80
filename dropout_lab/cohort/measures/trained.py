"""Trained networks side by side, as a measure sees them: the best epochs of runs that have ended."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from dropout_lab.cohort.example_losses import correct, losses
from dropout_lab.cohort.keys import FIRST_SAMPLE, keys
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.lift import lift
from dropout_lab.cohort.measures.watch import Watch, hooked
from dropout_lab.cohort.passes import inputs_of
from dropout_lab.core.mask_streams import Noise
from dropout_lab.core.torch_private import tree_map
from dropout_lab.models import survey
from dropout_lab.sites.info import SiteInfo

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
    of_loss: Tensor
    """(lane, n), the weight of each example in the loss; 0 of padding."""


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
        self.hyper = {name: value[index] for name, value in lanes.state.hyper.items()}
        """What a training step's loss reads: (lane,) each, and the weights of the classes, (lane, classes)."""
        if lanes.data.class_weights is not None:
            self.hyper["class_weights"] = lanes.data.class_weights[index]
        active = [lanes.active[number] for number in numbers]
        shares = [(lane.epoch - lane.since_best) / lane.recipe.epochs for lane in active]
        self.progress = torch.tensor(shares, device=lanes.device)
        """(lane,): the share of the training that was over at the best epoch's end."""
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
            own = weight[self._index]
            counted, of_loss = own.unbind(-1) if own.dim() == 3 else (own, own)
            yield Batch(at, self.read(at), targets[self._index], counted, of_loss)

    def read(self, rows: Tensor) -> Tensor:
        """The inputs of rows of the data set, (lane, n), as each lane reads them."""
        return inputs_of(rows, {"inputs": self._lanes.data.inputs, **self.reading})

    @cached_property
    def infos(self) -> Sequence[SiteInfo]:
        """What stands at the sites, in the order in which an example meets them."""
        with torch.random.fork_rng(devices=[]):
            return survey.site_infos(self.structure.build().eval(), self.structure.dataset.example())

    @cached_property
    def input_range(self) -> tuple[Tensor, Tensor]:
        """The least and the greatest number in the raw inputs of the whole data set, as each lane reads them."""
        inputs = self._lanes.data.inputs
        mean, std = self.reading["mean"], self.reading["std"]
        return (inputs.min() - mean) / std, (inputs.max() - mean) / std

    def outputs(self, x: Tensor) -> Tensor:
        """The networks' outputs in evaluation mode, (lane, n, ...), of inputs that follow no others."""
        return self._passed(x, self._nothing_carried(x), self.params)[0]

    def input_gradient(self, x: Tensor, y: Tensor) -> Tensor:
        """The gradient of the summed losses to the inputs, in evaluation mode: of the shape of x."""
        given = x.detach().requires_grad_()
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):  # whose LSTM has none in evaluation mode
            task = self.structure.dataset.task
            each = lift(lambda output, y: losses(output, y, task).sum(), self.program.engine)(self.outputs(given), y)
            (gradient,) = torch.autograd.grad(each.sum(), given)
        return gradient

    def standardized(self, inputs: Tensor) -> Tensor:
        """Raw inputs of any data set, (n, *input_shape), as each lane reads its own: (lane, n, *input_shape)."""
        rows = torch.arange(len(inputs), device=self.device).expand(self.width, -1)
        return inputs_of(rows, {"inputs": inputs, **self.reading})

    def masks(self, number: int) -> Tensor:
        """The keys of a training step's streams, as no training has them: (lane, stream, 2) int32."""
        step = np.full((1, self.width), FIRST_MEASURE + number)
        return torch.from_numpy(keys(self._mask_seeds, step, self.program.streams))[0].to(self.device)

    def score(
        self,
        change: Change | None = None,
        params: Tensor | None = None,
        part: str = "test",
        watch: Watch | None = None,
    ) -> Mapping[str, Tensor]:
        """Mean `loss` and, unless it is a regression, `accuracy` on a part: (lane,) each, in evaluation mode.

        change: what is done to the inputs; params: other parameters than the networks' own; watch: what is done to the
        values at sites.
        """
        task = self.structure.dataset.task

        def sums(output: Tensor, y: Tensor, weight: Tensor, of_loss: Tensor) -> tuple[Tensor, Tensor]:
            return (losses(output, y, task) * of_loss).sum(), (correct(output, y, task) * weight).sum()

        total = torch.zeros(2, self.width, device=self.device)
        carried: dict[str, Tensor] | None = None
        for batch in self.batches(part):
            x = batch.x if change is None else change(batch)
            with torch.no_grad():
                carried = self._nothing_carried(x) if carried is None else carried
                output, carried, _ = self._passed(x, carried, self.params if params is None else params, watch)
                total += torch.stack(lift(sums, self.program.engine)(output, batch.y, batch.weight, batch.of_loss))
        loss, right = total / self._lanes.data.parts[part].sizes[self._index]
        return {"loss": loss, "accuracy": right} if self.structure.dataset.has_accuracy else {"loss": loss}

    def watched(self, sites: Sequence[str]) -> Iterator[tuple[Batch, Mapping[str, Sequence[Tensor]]]]:
        """The batches of the test set, and the values that each call of these sites gets: (lane, n, ...)."""
        watch = Watch(sites, lambda site, values, given: values, {})
        carried: dict[str, Tensor] | None = None
        for batch in self.batches():
            with torch.no_grad():
                carried = self._nothing_carried(batch.x) if carried is None else carried
                _, carried, seen = self._passed(batch.x, carried, self.params, watch, keep=True)
            yield batch, seen

    def _passed(
        self, x: Tensor, carried: dict[str, Tensor], params: Tensor, watch: Watch | None = None, *, keep: bool = False
    ) -> tuple[Tensor, dict[str, Tensor], Mapping[str, Sequence[Tensor]]]:
        """The networks' outputs, what they carry to the next chunk, and, to `keep`, what the sites get."""
        watched = Watch((), lambda site, values, given: values, {}) if watch is None else watch

        def one(
            params: Tensor,
            buffers: Mapping[str, Tensor],
            rates: Tensor,
            carried: Mapping[str, Tensor],
            given: Mapping[str, Tensor],
            x: Tensor,
        ) -> tuple[Tensor, dict[str, Tensor], Mapping[str, Sequence[Tensor]]]:
            held = {**buffers, **{name: value.clone() for name, value in carried.items()}}
            with hooked(self.program, watched, given) as seen:
                # A network may change its input in place, which autograd forbids for a view of what it differentiates.
                output = self.program.output(params, held, rates, x.clone() if x.requires_grad else x)
            return output, {name: held[name] for name in carried}, seen if keep else {}

        found: tuple[Tensor, dict[str, Tensor], Mapping[str, Sequence[Tensor]]]
        found = lift(one, self.program.engine)(params, self.buffers, self.rates, carried, watched.given, x)
        return found

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
