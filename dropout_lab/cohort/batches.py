"""The inputs of an epoch's training steps: each run's batches, rates, progress, course and noise keys."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dropout_lab.cohort.course import NUMBERS, course
from dropout_lab.cohort.data import LaneData
from dropout_lab.cohort.keys import FIRST_SAMPLE, keys
from dropout_lab.cohort.lane import Lane
from dropout_lab.cohort.mixing import MIXES
from dropout_lab.cohort.recipe import Structure
from dropout_lab.cohort.step import Program
from dropout_lab.core.seeding import generator

ORDERS_KEPT = 1 << 22
"""Numbers (32 MB) of the shuffled orders that are kept: all configurations of a seed have the same orders."""


class Epoch(NamedTuple):
    """The inputs of all steps of an epoch; each step gets its slice of every tensor, in this order."""

    rates: Tensor
    """(step, lane, site): the sites' scheduled rates."""
    progress: Tensor
    """(step, lane): the share of the training that is over."""
    mix: Tensor
    """(step, lane): the share of an example itself where it is mixed with its neighbour."""
    course: Tensor
    """(step, lane, number): see `course`."""
    keys: Tensor
    """(step, lane, stream, 2) int32: the noise keys."""
    rows: Tensor
    """(step, lane, batch)"""
    targets: Tensor
    """(step, lane, batch, ...)"""


class Batches:
    """Fills `epoch`, in place, for one epoch after another."""

    def __init__(
        self, structure: Structure, program: Program, data: LaneData, width: int, device: torch.device
    ) -> None:
        self._structure, self._data, self._width, self._streams = structure, data, width, program.streams
        self.size = min(structure.batch_size, data.train_rows.shape[1])
        """Examples of a batch."""
        self.steps = data.train_rows.shape[1] // self.size
        """Steps of an epoch."""
        lanes, targets = (self.steps, width), data.train_targets
        self._shuffled = lru_cache(max(1, ORDERS_KEPT // data.train_rows.shape[1]))(_shuffled)
        self.epoch = Epoch(
            rates=torch.zeros(*lanes, len(program.sites), device=device),
            progress=torch.zeros(lanes, device=device),
            mix=torch.ones(lanes, device=device),
            course=torch.zeros(*lanes, len(NUMBERS), device=device),
            keys=torch.zeros(*lanes, len(program.streams), 2, dtype=torch.int32, device=device),
            rows=torch.zeros(*lanes, self.size, dtype=torch.int64, device=device),
            targets=torch.zeros(*lanes, self.size, *targets.shape[2:], dtype=targets.dtype, device=device),
        )

    def fill(self, active: Mapping[int, Lane]) -> None:
        """Makes the next epoch of the active lanes; the others get rate 0 and the order of their rows."""
        order = self._order(active)[:, : self.steps * self.size]
        rates, progress = self._rates_and_progress(active)
        made = Epoch(
            rates=rates,
            progress=progress,
            mix=self._mix(active),
            course=self._course(active),
            keys=self._keys(active),
            rows=self._batches(self._data.train_rows, order),
            targets=self._batches(self._data.train_targets, order),
        )
        for held, value in zip(self.epoch, made, strict=True):
            held.copy_(value)

    def sample_keys(self, active: Mapping[int, Lane], sample: int) -> Tensor:
        """The keys of a sample of masks in evaluation, which no training step has: (lane, stream, 2) int32."""
        return self._keys_at(active, np.full((1, self._width), FIRST_SAMPLE + sample))[0]

    def _batches(self, values: Tensor, order: Tensor) -> Tensor:
        """(lane, n, ...) at the positions `order`, (lane, step x batch) -> (step, lane, batch, ...)"""
        lanes = torch.arange(self._width, device=values.device).unsqueeze(1)
        shape = self._width, self.steps, self.size, *values.shape[2:]
        return values[lanes, order].view(shape).transpose(0, 1)

    def _order(self, active: Mapping[int, Lane]) -> Tensor:
        """Each lane's shuffled training positions: (lane, n). Lanes of one seed and epoch share them."""
        rows = self._data.train_rows
        if self._structure.dataset.is_stream:  # each example of a batch continues that of the batch before
            positions = torch.arange(self.steps * self.size).view(self.size, -1)
            return positions.t().reshape(1, -1).repeat(self._width, 1).to(rows.device)
        order = torch.arange(rows.shape[1]).repeat(self._width, 1)
        for index, lane in active.items():
            order[index] = self._shuffled(lane.recipe.seed, lane.epoch, rows.shape[1])
        return order.to(rows.device)

    def _rates_and_progress(self, active: Mapping[int, Lane]) -> tuple[Tensor, Tensor]:
        """(step, lane, site) and (step, lane)"""
        rates = np.zeros(self.epoch.rates.shape, dtype=np.float32)
        progress = np.zeros(self.epoch.progress.shape, dtype=np.float32)
        for index, lane in active.items():
            total = lane.recipe.epochs * self.steps
            shares = [(lane.steps + step) / total for step in range(self.steps)]
            scheduled = np.array([lane.recipe.schedule(share) for share in shares], dtype=np.float32)
            rates[:, index] = scheduled[:, None] * lane.rates.numpy()
            progress[:, index] = shares
        return torch.from_numpy(rates), torch.from_numpy(progress)

    def _mix(self, active: Mapping[int, Lane]) -> Tensor:
        """(step, lane)"""
        mix = torch.ones(self.epoch.mix.shape)
        for index, lane in active.items():
            for name in MIXES:
                alpha = lane.recipe.options.get(name, 0.0)
                if alpha > 0:
                    drawn = generator(lane.recipe.seed, name, lane.epoch).beta(alpha, alpha, self.steps)
                    mix[:, index] = torch.from_numpy(drawn)
        return mix

    def _course(self, active: Mapping[int, Lane]) -> Tensor:
        """(step, lane, number)"""
        made = torch.zeros(self.epoch.course.shape)
        for index, lane in active.items():
            made[:, index] = torch.from_numpy(course(lane.recipe, lane.epoch, self.steps))
        return made

    def _keys(self, active: Mapping[int, Lane]) -> Tensor:
        """(step, lane, stream, 2) int32"""
        done = np.zeros(self._width, dtype=np.int64)
        for index, lane in active.items():
            done[index] = lane.steps
        return self._keys_at(active, done[None, :] + np.arange(self.steps)[:, None])

    def _keys_at(self, active: Mapping[int, Lane], steps: NDArray[np.int64]) -> Tensor:
        """steps: (step, lane). Returns (step, lane, stream, 2) int32."""
        seeds = [active[index].mask_seed if index in active else 0 for index in range(self._width)]
        return torch.from_numpy(keys(seeds, steps, self._streams))


def _shuffled(seed: int, epoch: int, size: int) -> Tensor:
    """The positions of the training rows, in the order of a seed's epoch."""
    return torch.from_numpy(generator(seed, "order", epoch).permutation(size))
