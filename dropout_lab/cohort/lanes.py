"""The state of a cohort: what every lane holds, as tensors whose first axis is the lane."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, prod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import vmap
from torch.utils._pytree import tree_leaves, tree_map

from dropout_lab.cohort.compiler import InPlace
from dropout_lab.cohort.keys import keys, mask_seed
from dropout_lab.cohort.parts import Part
from dropout_lab.cohort.passes import Evaluation, TrainStep, inputs_of
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.cohort.shares import Shares, Task, share
from dropout_lab.cohort.step import Program
from dropout_lab.cohort.transfer import carry_over
from dropout_lab.core.streams import generator
from dropout_lab.datasets.split import Split
from dropout_lab.sites.site import install

EVALUATION_ROWS = 1024
"""Examples of each lane that are evaluated at once, at most; it bounds the memory of the activations."""
EVALUATION_NUMBERS = 1 << 18
"""Numbers in these examples, at most. No bound may depend on the width, or the last bits of a sum would."""
EVALUATION_PIECES = 16
"""Examples that are read on without a break when a text is evaluated, at least: the first one has no past."""
FIRST_SAMPLE = 1 << 40
"""The number of the first mask that is drawn for an evaluation; a training has fewer steps."""
SEEDS_KEPT = 64
"""Seeds whose split and initial parameters are kept for the next run that has them."""


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
    epoch: int = 0
    """Finished epochs."""
    curves: dict[str, list[float | None]] = field(default_factory=dict)


class Lanes:
    """The lanes of one structure, `width` for each process that trains. A lane is the run alone: nothing is computed
    across lanes.

    All tensors are made once and changed in place, so that a compiled program is given the same ones at every call, and
    every process sees what another one writes.
    """

    def __init__(self, structure: Structure, width: int, device: torch.device, processes: int = 1) -> None:
        # A single matrix goes through another matmul kernel than a stack of them, with another rounding.
        self.share = max(2, width)
        """Lanes of one process."""
        self.width = self.share * processes
        """All lanes."""
        self.device = device
        self.program = Program(structure)
        self.structure = structure
        self.active: dict[int, Lane] = {}
        dataset = structure.dataset
        self._split = lru_cache(SEEDS_KEPT)(structure.split)
        self._initial = lru_cache(SEEDS_KEPT)(self._make_initial)
        split, (params, buffers) = self._split(0), self._flattened(self._built(0))
        self.batch_size = min(structure.batch_size, len(split.train))
        self.steps_per_epoch = len(split.train) // self.batch_size
        stacked = params.to(device).expand(self.width, -1).clone()
        self._carried: dict[str, Any] = {
            "params": stacked,
            "state": structure.optimizer.init(stacked),
            "buffers": {name: self._stack(buffer) for name, buffer in buffers.items()},
        }
        for name in self.program.carried:
            self._carried["buffers"][name] = self._zeros(self.batch_size, *buffers[name].shape[1:])
        self._rates = self._zeros(len(self.program.sites))
        self._best = tree_map(torch.clone, self._network)
        self._hyper = {name: self._zeros() for name in (*structure.optimizer.numbers(), *sorted(structure.options))}
        self._reading = {name: self._stack(value) for name, value in split.reading().items()}
        self._train_rows, self._train_targets = self._stack(split.train), self._stack(split.train_targets)
        chunk = self._chunk(len(split.val))
        self._read_on = {name: self._zeros(chunk, *buffers[name].shape[1:]) for name in self.program.carried}
        self._parts = {
            name: Part.empty(size, chunk, self.width, dataset, device)
            for name, size in (
                ("train", min(structure.gap_examples or len(split.val), len(split.train))),
                ("val", len(split.val)),
                ("test", len(dataset.test)),
            )
        }
        self._total, self._loss, self._correct = self._zeros(), self._zeros(), self._zeros()
        self.evaluation_inputs = dataset.inputs.to(device)
        given = {"inputs": self.evaluation_inputs, **self._reading}
        self.train_step = TrainStep(self.program, self._carried, self._total, {**given, "hyper": self._hyper})
        self.evaluation = Evaluation(self.program, self._loss, self._correct, self._read_on, given, self._best)
        self.run_train_step: InPlace = self.train_step
        """`train_step`, or its compiled program."""
        self.run_evaluation: InPlace = self.evaluation
        self._epoch = self._empty_epoch()
        self._keys, self._log_probs = self._epoch[2][0].clone(), self._empty_answers()
        self._shares: Shares | None = None
        if processes > 1:
            share(tree_leaves((self._carried, self._best, self._rates, self._hyper, self._reading, self._read_on)))
            share([self._total, self._loss, self._correct, *self._epoch, self._keys, self._log_probs])
            for part in self._parts.values():
                share([part.rows, part.targets, part.weight])

    def use(self, train_step: InPlace, evaluation: InPlace) -> None:
        """From now on these, as compiled for the lanes of one process."""
        self.close()
        self.run_train_step, self.run_evaluation = train_step, evaluation

    def close(self) -> None:
        """Ends the other processes; they are started again when there is something to do."""
        if self._shares is not None:
            self._shares.close()
            self._shares = None

    @property
    def params(self) -> Tensor:
        """The lanes' parameters now: (lane, size)."""
        params: Tensor = self._carried["params"]
        return params

    @property
    def _network(self) -> dict[str, Any]:
        """What an evaluation reads of the lanes now: parameters, buffers, and the rates they were last trained with."""
        buffers = {name: held for name, held in self._carried["buffers"].items() if name not in self.program.carried}
        return {"params": self._carried["params"], "buffers": buffers, "rates": self._rates}

    @property
    def idle(self) -> Sequence[int]:
        """Lanes without a run, those of all processes in turn."""
        of_processes = range(0, self.width, self.share)
        return [first + at for at in range(self.share) for first in of_processes if first + at not in self.active]

    @property
    def evaluations_per_epoch(self) -> int:
        """Calls of `evaluation` for each process."""
        return sum(len(self._parts[name].rows) for name in ("train", "val"))

    def examples(self) -> tuple[list[Tensor], list[Tensor]]:
        """Arguments of `train_step` and of `evaluation`, of the shapes and types that all their calls have."""
        lanes, val = slice(self.share), self._parts["val"]
        evaluated = (*tree_leaves(self._best), val.rows[0], val.targets[0], val.weight[0])
        return (
            [*self._of(lanes, self.train_step.fixed), *(given[0, lanes] for given in self._epoch)],
            [*self._of(lanes, self.evaluation.fixed), *self._of(lanes, evaluated)],
        )

    def load(self, lane: int, recipe: Recipe) -> None:
        """Puts a run into a lane; nothing of the lane's former run is left."""
        split, (params, buffers) = self._split(recipe.seed), self._initial(recipe.seed)
        self._rates[lane] = self._best["rates"][lane] = 0
        for held in (self._carried, self._best):
            held["params"][lane] = params.to(self.device)
            for name in held["buffers"].keys() - self.program.carried:
                held["buffers"][name][lane] = buffers[name].to(self.device)
        for value in self._carried["state"].values():
            value[lane] = 0
        for name, number in {**recipe.optimizer.numbers(), **recipe.options}.items():
            self._hyper[name][lane] = number
        self._train_rows[lane] = split.train.to(self.device)
        self._train_targets[lane] = split.train_targets.to(self.device)
        self._parts["train"].load(lane, split.train, split.train_targets)
        self._parts["val"].load(lane, split.val, split.val_targets)
        self._parts["test"].load(lane, self.structure.dataset.test, split.test_targets)
        for name, value in split.reading().items():
            self._reading[name][lane] = value.to(self.device)
        self.active[lane] = Lane(recipe, split, mask_seed(recipe.seed))

    def train_epoch(self) -> Tensor:
        """One epoch of every lane, also of idle ones, whatever is left in them; its batches' mean loss: (lane,)."""
        rates, mix, noise = self._epoch_rates(), self._epoch_mix(), self._epoch_keys()
        order = self._order()[:, : self.steps_per_epoch * self.batch_size]
        rows, targets = self._batches(self._train_rows, order), self._batches(self._train_targets, order)
        for state in (self._total, *(self._carried["buffers"][name] for name in self.program.carried)):
            state.zero_()
        for held, given in zip(self._epoch, (rates, mix, noise, rows, targets), strict=True):
            held.copy_(given)
        self._do("train", self.steps_per_epoch)
        self._rates.copy_(rates[self.steps_per_epoch - 1, :, : len(self.program.sites)])
        for lane in self.active.values():
            lane.steps += self.steps_per_epoch
            lane.epoch += 1
        return self._total / self.steps_per_epoch

    def rehearse(self) -> None:
        """One training step of whatever is in the lanes."""
        self._do("train", 1)

    def evaluate(self) -> Mapping[str, Tensor]:
        """Loss and accuracy of every lane, (lane,), on its validation part and on some of its training part."""
        metrics = {}
        for part in ("train", "val"):
            metrics[f"{part}_loss"], metrics[f"{part}_accuracy"] = self._measure(part, best=False)
        return metrics

    def network(self, lane: int) -> Mapping[str, Tensor]:
        """Parameters and buffers of a lane now, by name, but for what it carries from batch to batch."""
        now = self._network
        held = {
            **self.program.layout.unflatten(now["params"][lane]),
            **{name: buffer[lane] for name, buffer in now["buffers"].items()},
        }
        return {name: value.detach().clone().cpu() for name, value in held.items()}

    def measured(self) -> Mapping[str, Tensor]:
        """What the sites' methods have learned: `<what>/<site>` -> (lane,)."""
        if not self.program.layout.has_learned:
            return {}
        with torch.no_grad():
            now = self._network
            values: Mapping[str, Tensor] = vmap(self.program.measured)(now["params"], now["buffers"], now["rates"])
        return values

    def keep_best(self, lanes: Iterable[int]) -> None:
        """Remembers the networks of these lanes as the best of their runs so far."""
        index = torch.tensor(list(lanes), device=self.device)
        for best, now in zip(tree_leaves(self._best), tree_leaves(self._network), strict=True):
            best[index] = now[index]

    def test(self) -> tuple[Tensor, Tensor]:
        """Loss and accuracy, (lane,), on the test part with the best network of every lane."""
        return self._measure("test", best=True)

    def predict(self, sample: int | None = None) -> Tensor:
        """Log-probabilities of every lane on the test part, with its best parameters: (lane, n, classes).

        With `sample`, under the masks of that number; they are others than any step of the training has.
        """
        step = np.full((1, self.width), 0 if sample is None else FIRST_SAMPLE + sample)
        seeds = [self.active[i].mask_seed if i in self.active else 0 for i in range(self.width)]
        self._keys.copy_(torch.from_numpy(keys(seeds, step, self.program.streams))[0])
        self._do("predict", sample is not None)
        return self._log_probs[:, : self._parts["test"].size].clone()

    def test_targets(self) -> Tensor:
        """(lane, n), in the order of `predict`."""
        part = self._parts["test"]
        return part.targets.transpose(0, 1).flatten(1)[:, : part.size].cpu()

    def _measure(self, part: str, *, best: bool) -> tuple[Tensor, Tensor]:
        self._do("evaluate", part, best)
        size = self._parts[part].size
        return self._loss / size, self._correct / size

    def _do(self, task: str, *given: Any) -> None:
        if self._shares is None:
            shares = [slice(first, first + self.share) for first in range(0, self.width, self.share)]
            tasks: dict[str, Task] = {
                "train": self._train_share,
                "evaluate": self._evaluate_share,
                "predict": self._predict_share,
            }
            self._shares = Shares(shares, tasks)
        self._shares.do(task, *given)

    def _train_share(self, lanes: slice, steps: int) -> None:
        fixed = self._of(lanes, self.train_step.fixed)
        for step in range(steps):
            self.run_train_step(*fixed, *(given[step, lanes] for given in self._epoch))

    def _evaluate_share(self, lanes: slice, name: str, best: bool) -> None:
        part = self._parts[name]
        held = self._of(lanes, tree_leaves(self._best if best else self._network))
        for state in (self._loss, self._correct, *self._read_on.values()):
            state[lanes].zero_()
        fixed = self._of(lanes, self.evaluation.fixed)
        for rows, targets, weight in zip(part.rows, part.targets, part.weight, strict=True):
            self.run_evaluation(*fixed, *held, rows[lanes], targets[lanes], weight[lanes])

    def _predict_share(self, lanes: slice, masked: bool) -> None:
        given = {name: value[lanes] for name, value in self._reading.items()} | {"inputs": self.evaluation_inputs}
        best = tree_map(lambda value: value[lanes], self._best)
        drawn = self._keys[lanes, : len(self.program.sites)]

        network = best["params"], best["buffers"], best["rates"]
        with torch.no_grad():
            done = 0
            for stacked in self._parts["test"].rows:
                rows = stacked[lanes]
                x = inputs_of(rows, given)
                if masked:
                    answers = vmap(self.program.predict_masked)(*network, drawn, rows, x)
                else:
                    answers = vmap(self.program.predict)(*network, x)
                self._log_probs[lanes, done : done + answers.shape[1]] = answers
                done += answers.shape[1]

    def _of(self, lanes: slice, tensors: Iterable[Tensor]) -> list[Tensor]:
        """These lanes' part of tensors, (lane, ...), and the data themselves, which all lanes read."""
        return [tensor if tensor is self.evaluation_inputs else tensor[lanes] for tensor in tensors]

    def _empty_epoch(self) -> Sequence[Tensor]:
        """What `train_step` is given at each step of an epoch: (step, lane, ...) each."""
        steps, targets = self.steps_per_epoch, self._train_targets
        batch = steps, self.width, self.batch_size
        rates = len(self.program.sites) + self.program.additions.is_any
        return (
            torch.zeros(steps, self.width, rates, device=self.device),
            torch.ones(steps, self.width, device=self.device),
            torch.zeros(steps, self.width, len(self.program.streams), 2, dtype=torch.int32, device=self.device),
            torch.zeros(batch, dtype=torch.int64, device=self.device),
            torch.zeros((*batch, *targets.shape[2:]), dtype=targets.dtype, device=self.device),
        )

    def _empty_answers(self) -> Tensor:
        """(lane, n, classes) for the test part's log-probabilities, with what fills up its chunks; of other tasks than
        classification, for none."""
        dataset, rows = self.structure.dataset, self._parts["test"].rows
        size = rows.shape[0] * rows.shape[2] if dataset.task == "classification" else 0
        return self._zeros(size, dataset.outputs)

    def _chunk(self, size: int) -> int:
        """How many examples of a part of `size` are evaluated at once: the part in equal chunks."""
        most = EVALUATION_NUMBERS // prod(self.structure.dataset.input_shape)
        if self.structure.dataset.is_stream:
            most = min(most, ceil(size / EVALUATION_PIECES))
        return ceil(size / ceil(size / max(1, min(EVALUATION_ROWS, most))))

    def _batches(self, values: Tensor, order: Tensor) -> Tensor:
        """(lane, n, ...) at the places `order`, (lane, step x batch) -> (step, lane, batch, ...)"""
        lanes = torch.arange(self.width, device=values.device).unsqueeze(1)
        shape = self.width, self.steps_per_epoch, self.batch_size, *values.shape[2:]
        return values[lanes, order].view(shape).transpose(0, 1).contiguous()

    def _order(self) -> Tensor:
        """Each lane's shuffled training positions: (lane, n). Lanes of one seed and epoch share them."""
        size = self._train_rows.shape[1]
        if self.structure.dataset.is_stream:  # batch after batch, each of its examples reads on in its part of the text
            places = torch.arange(self.steps_per_epoch * self.batch_size).view(self.batch_size, -1)
            return places.t().reshape(1, -1).repeat(self.width, 1).to(self.device)
        shuffled: dict[tuple[int, int], Tensor] = {}
        order = torch.arange(size).repeat(self.width, 1)
        for index, lane in self.active.items():
            which = (lane.recipe.seed, lane.epoch)
            if which not in shuffled:
                shuffled[which] = torch.from_numpy(generator(which[0], "order", which[1]).permutation(size))
            order[index] = shuffled[which]
        return order.to(self.device)

    def _epoch_rates(self) -> Tensor:
        """The sites' rates at every step of an epoch, scheduled: (step, lane, site).

        If methods add to the loss, the share of the training that is over stands behind them.
        """
        sites = len(self.program.sites)
        rates = torch.zeros(self.steps_per_epoch, self.width, sites + self.program.additions.is_any)
        for index, lane in self.active.items():
            of_sites = torch.tensor([lane.recipe.rates.get(site, 0.0) for site in self.program.sites])
            total = lane.recipe.epochs * self.steps_per_epoch
            progress = [(lane.steps + step) / total for step in range(self.steps_per_epoch)]
            scheduled = torch.tensor([lane.recipe.schedule(share) for share in progress])
            rates[:, index, :sites] = scheduled.unsqueeze(1) * of_sites
            rates[:, index, sites:] = torch.tensor(progress).unsqueeze(1)
        return rates.to(self.device)

    def _epoch_mix(self) -> Tensor:
        """The weight of every example itself at each step, where pairs are mixed: (step, lane)."""
        mix = torch.ones(self.steps_per_epoch, self.width)
        for index, lane in self.active.items():
            alpha = lane.recipe.options.get("mixup", 0.0)
            if alpha > 0:
                drawn = generator(lane.recipe.seed, "mixup", lane.epoch).beta(alpha, alpha, self.steps_per_epoch)
                mix[:, index] = torch.from_numpy(drawn)
        return mix.to(self.device)

    def _epoch_keys(self) -> Tensor:
        """(step, lane, stream, 2) int32."""
        seeds, done = np.zeros(self.width, dtype=np.uint64), np.zeros(self.width, dtype=np.int64)
        for index, lane in self.active.items():
            seeds[index], done[index] = lane.mask_seed, lane.steps
        steps = done[None, :] + np.arange(self.steps_per_epoch)[:, None]
        return torch.from_numpy(keys(seeds.tolist(), steps, self.program.streams)).to(self.device)

    def _make_initial(self, seed: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Initial parameters, flat, and buffers of a seed: the same for all its runs, whatever their rates."""
        model = self._built(seed)
        if self.structure.pretraining is not None:
            carry_over(self.structure.pretraining.networks[seed], model, self.structure.dataset.outputs)
        return self._flattened(model)

    def _built(self, seed: int) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(generator(seed, "init").integers(2**63)))
            return self.structure.build()

    def _flattened(self, model: nn.Module) -> tuple[Tensor, dict[str, Tensor]]:
        """Parameters and buffers of a model with its methods."""
        install(model, self.structure.dropout)
        buffers = {
            name: value
            for name, value in self.program.layout.held(model).items()
            if name.rpartition(".")[0] not in self.program.sites.values()
        }
        return self.program.layout.flatten(dict(model.named_parameters())).detach(), buffers

    def _stack(self, value: Tensor) -> Tensor:
        return value.to(self.device).expand(self.width, *value.shape).clone()

    def _zeros(self, *shape: int) -> Tensor:
        return torch.zeros(self.width, *shape, device=self.device)
