"""The lanes of a cohort: runs of one structure that are trained together."""

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from dropout_lab.cohort.batches import Batches
from dropout_lab.cohort.data import LaneData
from dropout_lab.cohort.execution import Executor
from dropout_lab.cohort.keys import mask_seed
from dropout_lab.cohort.lane import Lane
from dropout_lab.cohort.on_request.measuring import measure as on_request
from dropout_lab.cohort.on_request.measuring import needs_predictions
from dropout_lab.cohort.recipe import Keep, Recipe, Structure
from dropout_lab.cohort.seeds import Seeds
from dropout_lab.cohort.state import State
from dropout_lab.cohort.step import Program


class Lanes:
    """The lanes of one structure. A lane is the run alone: nothing is computed across lanes."""

    def __init__(self, structure: Structure, width: int, device: torch.device, processes: int = 1) -> None:
        """width: lanes of each of the `processes`, at least 2."""
        # A single matrix goes through another matmul kernel than a stack of them, with another rounding.
        self.lanes_per_process = max(2, width)
        self.width = self.lanes_per_process * processes
        """Lanes of all processes."""
        self.structure, self.device = structure, device
        self.active: dict[int, Lane] = {}
        """The runs that are being trained, by the number of their lane."""
        self.program = Program(structure)
        self.seeds = Seeds(structure, self.program)
        self.data = LaneData(structure, self.seeds.split(0), self.width, device)
        self.batches = Batches(structure, self.program, self.data, self.width, device)
        template = self.seeds.template()
        self.state = State(structure, self.program, template, self.batches.size, self.width, device)
        self.executor = Executor(
            structure, self.program, self.state, self.data, self.batches.epoch, self.lanes_per_process, device
        )

    def close(self) -> None:
        """Ends the other processes; the next training or evaluation starts them again."""
        self.executor.close()

    @property
    def idle(self) -> Sequence[int]:
        """Lanes without a run, those of all processes in turn."""
        firsts, each = range(0, self.width, self.lanes_per_process), range(self.lanes_per_process)
        return [first + number for number in each for first in firsts if first + number not in self.active]

    @property
    def evaluations_per_epoch(self) -> int:
        """Calls of the evaluation in each process."""
        return sum(len(self.data.parts[name].rows) for name in ("train", "val"))

    def load(self, lane: int, recipe: Recipe) -> None:
        """Puts a run into a lane; nothing of the lane's former run is left."""
        split = self.seeds.split(recipe.seed)
        self.state.load(lane, self.seeds.network(recipe.seed), recipe)
        self.data.load(lane, split)
        rates = torch.tensor([recipe.rates.get(site, 0.0) for site in self.program.sites])
        self.active[lane] = Lane(recipe, split, rates, mask_seed(recipe.seed))

    def train_epoch(self) -> Tensor:
        """Trains one epoch and returns its batches' mean loss: (lane,). Idle lanes compute without effect."""
        self.batches.fill(self.active)
        self.state.begin_epoch()
        total = self.executor.train(self.batches.steps)
        self.state.rates.copy_(self.batches.epoch.rates[-1])
        for lane in self.active.values():
            lane.steps += self.batches.steps
            lane.epoch += 1
        return total / self.batches.steps

    def rehearse(self) -> None:
        """One training step of what is in the lanes, to be timed."""
        self.executor.train(1)

    def evaluate(self) -> Mapping[str, Tensor]:
        """Loss and accuracy of every lane, (lane,), on its validation part and on a subset of its training part.

        And the metrics on request, on its validation part.
        """
        metrics = {}
        for part in ("train", "val"):
            metrics[f"{part}_loss"], metrics[f"{part}_accuracy"] = self.executor.evaluate(part, best=False)
        return metrics | self._on_request("val", best=False)

    def _on_request(self, part: str, *, best: bool) -> dict[str, Tensor]:
        """`<part>_<metric>` -> (lane,), of those that are measured on predictions."""
        structure = self.structure
        if not needs_predictions(structure.metrics):
            return {}
        outputs, targets = self.executor.outputs(part, best=best), self.data.parts[part].in_order()
        sizes = self.data.parts[part].sizes.cpu().int()
        found: dict[str, Tensor] = {}
        for size in sorted(set(sizes.tolist())):  # lanes may have validation parts of several sizes, padded behind
            lanes = (sizes == size).nonzero().squeeze(1).to(outputs.device)
            values = on_request(structure.metrics, outputs[lanes, :size], targets[lanes, :size], structure.dataset.task)
            for name, value in values.items():
                found.setdefault(f"{part}_{name}", value.new_zeros(len(sizes)))[lanes] = value
        return found

    def keep_best(self, lanes: Iterable[int]) -> None:
        """Keeps the networks of these lanes as the best of their runs so far."""
        self.state.keep_best(lanes)

    def network(self, lane: int, keep: Keep) -> Mapping[str, Tensor]:
        """Copies of a run's parameters and buffers, by the names that the network's author gave them."""
        held = self.state.of_lane(lane, best=keep == "best")
        if self.structure.author_names is None:
            return held
        return {name: held[now] for name, now in self.structure.author_names().items()}

    def test(self) -> tuple[Tensor, Tensor]:
        """Loss and accuracy of every run's best network on the test set: (lane,) each."""
        return self.executor.evaluate("test", best=True)

    def test_on_request(self) -> Mapping[str, list[float]]:
        """The metrics on request of every run's best network on the test set: a value per lane each."""
        return {name: values.tolist() for name, values in self._on_request("test", best=True).items()}

    def predict(self, sample: int | None = None) -> Tensor:
        """Log-probabilities of every run's best network on the test set: (lane, n, classes).

        sample: the number of a set of masks, none of which a training step has; None predicts without dropout.
        """
        return self.executor.predict(None if sample is None else self.batches.sample_keys(self.active, sample))

    def test_targets(self) -> Tensor:
        """(lane, n), in the order of `predict`."""
        return self.data.parts["test"].in_order().cpu()

    def test_weights(self) -> Tensor | None:
        """(lane, n), the weight of each test example in the loss, likewise; None where classes have no weights."""
        part = self.data.parts["test"]
        if part.weight.dim() < 4:
            return None
        return part.weight[..., 1].transpose(0, 1).flatten(1)[:, : part.most].cpu()
