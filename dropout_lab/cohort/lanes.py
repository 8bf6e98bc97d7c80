"""The state of a cohort: what every lane holds, as tensors whose first axis is the lane."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.func import vmap

from dropout_lab.cohort.keys import keys, mask_seed
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.cohort.step import Program
from dropout_lab.datasets.dataset import Split
from dropout_lab.streams import generator

EVALUATION_ROWS = 1024
"""Examples of each lane that are evaluated at once: bounds the memory of the activations."""


@dataclass
class Lane:
    """What the host knows of the run in a lane."""

    recipe: Recipe
    split: Split
    mask_seed: int
    steps: int = 0
    seconds: float = 0.0
    best: float = float("inf")
    since_best: int = 0
    curves: dict[str, list[float | None]] = field(default_factory=dict)

    @property
    def epoch(self) -> int:
        """Finished epochs."""
        return len(self.curves.get("val_loss", ()))


class Lanes:
    """`width` lanes of one structure. A lane is the run alone: nothing is computed across lanes."""

    def __init__(self, structure: Structure, width: int, device: torch.device) -> None:
        # A single matrix goes through another matmul kernel than a stack of them, with another rounding.
        self.width = max(2, width)
        self.device = device
        self.program = Program(structure)
        self.structure = structure
        self.active: dict[int, Lane] = {}
        self._splits: dict[int, Split] = {}
        self._initial: dict[int, tuple[Tensor, dict[str, Tensor]]] = {}
        dataset = structure.dataset
        self._inputs = dataset.inputs.to(device)
        split, (params, buffers) = self._split(0), self._init(0)
        self.batch_size = min(structure.batch_size, len(split.train))
        self.steps_per_epoch = len(split.train) // self.batch_size
        self._params = params.to(device).expand(self.width, -1).clone()
        self._state = structure.optimizer.init(self._params)
        self._buffers = {n: b.to(device).expand(self.width, *b.shape).clone() for n, b in buffers.items()}
        self._best_params = self._params.clone()
        self._best_buffers = {name: buffer.clone() for name, buffer in self._buffers.items()}
        self._rates = torch.zeros(self.width, len(self.program.sites), device=device)
        numbers = {**structure.optimizer.numbers(), "max_norm": 0.0, "clip_norm": 0.0}
        self._hyper = {name: torch.zeros(self.width, device=device) for name in numbers}
        self._targets = {part: self._stack(getattr(split, part)) for part in ("train_targets", "val_targets")}
        self._targets["test_targets"] = self._stack(split.test_targets)
        self._rows = {part: self._stack(getattr(split, part)) for part in ("train", "val")}
        self._mean, self._std = self._stack(split.mean), self._stack(split.std)
        self._train_step = vmap(self.program.train)
        self._evaluate = vmap(self.program.evaluate)

    @property
    def idle(self) -> Sequence[int]:
        return [lane for lane in range(self.width) if lane not in self.active]

    def load(self, lane: int, recipe: Recipe) -> None:
        """Puts a run into a lane; nothing of the lane's former run is left."""
        split, (params, buffers) = self._split(recipe.seed), self._init(recipe.seed)
        self._params[lane] = params.to(self.device)
        self._best_params[lane] = self._params[lane]
        for value in self._state.values():
            value[lane] = 0
        for name, buffer in buffers.items():
            self._buffers[name][lane] = buffer.to(self.device)
            self._best_buffers[name][lane] = self._buffers[name][lane]
        numbers = {
            **recipe.optimizer.numbers(),
            "max_norm": recipe.max_norm or 0.0,
            "clip_norm": recipe.clip_norm or 0.0,
        }
        for name, value_of in numbers.items():
            self._hyper[name][lane] = value_of
        for part, rows in self._rows.items():
            rows[lane] = getattr(split, part).to(self.device)
        for part, targets in self._targets.items():
            targets[lane] = getattr(split, part).to(self.device)
        self._mean[lane], self._std[lane] = split.mean.to(self.device), split.std.to(self.device)
        self.active[lane] = Lane(recipe, split, mask_seed(recipe.seed))

    def train_epoch(self) -> Tensor:
        """One epoch of every lane, also of idle ones, whatever is left in them; its batches' mean loss: (lane,)."""
        order = self._order()
        rates, noise = self._epoch_rates(), self._epoch_keys()
        total = torch.zeros(self.width, device=self.device)
        for step in range(self.steps_per_epoch):
            picked = order[:, step * self.batch_size : (step + 1) * self.batch_size]
            x = self._input(self._rows["train"].gather(1, picked))
            y = self._targets["train_targets"].gather(1, picked)
            self._params, self._state, self._buffers, loss = self._train_step(
                self._params, self._state, self._buffers, self._hyper, rates, noise[step], x, y
            )
            total += loss
        for lane in self.active.values():
            lane.steps += self.steps_per_epoch
        return total / self.steps_per_epoch

    def evaluate(self) -> Mapping[str, Tensor]:
        """Loss and accuracy of every lane, (lane,), on its validation part and on as much of its training part."""
        size = self._rows["val"].shape[1]
        metrics = {}
        for part, rows in (("train", self._rows["train"][:, :size]), ("val", self._rows["val"])):
            targets = self._targets[f"{part}_targets"][:, :size]
            metrics[f"{part}_loss"], metrics[f"{part}_accuracy"] = self._measure(
                self._params, self._buffers, rows, targets
            )
        return metrics

    def keep_best(self, lanes: Iterable[int]) -> None:
        """Remembers the parameters of these lanes as the best of their runs so far."""
        index = torch.tensor(list(lanes), device=self.device)
        self._best_params[index] = self._params[index]
        for name, buffer in self._buffers.items():
            self._best_buffers[name][index] = buffer[index]

    def test(self) -> tuple[Tensor, Tensor]:
        """Loss and accuracy, (lane,), on the test part with the best parameters of every lane."""
        rows = self.structure.dataset.test.to(self.device).expand(self.width, -1)
        return self._measure(self._best_params, self._best_buffers, rows, self._targets["test_targets"])

    def _measure(
        self, params: Tensor, buffers: Mapping[str, Tensor], rows: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        loss, correct = torch.zeros(self.width, device=self.device), torch.zeros(self.width, device=self.device)
        for some, wanted in zip(
            torch.split(rows, EVALUATION_ROWS, 1), torch.split(targets, EVALUATION_ROWS, 1), strict=True
        ):
            more_loss, more_correct = self._evaluate(params, buffers, self._rates, self._input(some), wanted)
            loss, correct = loss + more_loss, correct + more_correct
        return loss / rows.shape[1], correct / rows.shape[1]

    def _input(self, rows: Tensor) -> Tensor:
        """(lane, n) rows -> (lane, n, *input_shape), standardized as each lane's training part demands."""
        return (self._inputs[rows] - self._mean.unsqueeze(1)) / self._std.unsqueeze(1)

    def _order(self) -> Tensor:
        """Each lane's shuffled training positions: (lane, n). Lanes of one seed and epoch share them."""
        size = self._rows["train"].shape[1]
        shuffled: dict[tuple[int, int], Tensor] = {}
        order = torch.arange(size).repeat(self.width, 1)
        for index, lane in self.active.items():
            which = (lane.recipe.seed, lane.epoch)
            if which not in shuffled:
                shuffled[which] = torch.from_numpy(generator(which[0], "order", which[1]).permutation(size))
            order[index] = shuffled[which]
        return order.to(self.device)

    def _epoch_rates(self) -> Tensor:
        """The sites' rates in this epoch, scheduled: (lane, site). Evaluation reads them too."""
        rates = torch.zeros(self.width, len(self.program.sites))
        for index, lane in self.active.items():
            scale = lane.recipe.schedule(lane.epoch / lane.recipe.epochs)
            rates[index] = torch.tensor([scale * lane.recipe.rates.get(site, 0.0) for site in self.program.sites])
        self._rates = rates.to(self.device)
        return self._rates

    def _epoch_keys(self) -> Tensor:
        """(step, lane, site, 2) int32."""
        seeds, done = np.zeros(self.width, dtype=np.uint64), np.zeros(self.width, dtype=np.int64)
        for index, lane in self.active.items():
            seeds[index], done[index] = lane.mask_seed, lane.steps
        steps = done[None, :] + np.arange(self.steps_per_epoch)[:, None]
        return torch.from_numpy(keys(seeds.tolist(), steps, tuple(self.program.sites))).to(self.device)

    def _split(self, seed: int) -> Split:
        if seed not in self._splits:
            self._splits[seed] = self.structure.dataset.split(seed)
        return self._splits[seed]

    def _init(self, seed: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Initial parameters, flat, and buffers of a seed: the same for all its runs, whatever their rates."""
        if seed not in self._initial:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(int(generator(seed, "init").integers(2**63)))
                model = self.structure.build()
            buffers = {
                name: buffer.detach()
                for name, buffer in model.named_buffers()
                if name.rpartition(".")[0] not in self.program.sites.values()
            }
            self._initial[seed] = self.program.layout.flatten(dict(model.named_parameters())), buffers
        return self._initial[seed]

    def _stack(self, value: Tensor) -> Tensor:
        return value.to(self.device).expand(self.width, *value.shape).clone()
