"""Training, evaluation and prediction of all lanes, divided between processes."""

from typing import Any

import torch
from torch import Tensor

from dropout_lab.cohort.batches import Epoch
from dropout_lab.cohort.data import LaneData
from dropout_lab.cohort.lift import lift
from dropout_lab.cohort.on_request.measuring import needs_predictions
from dropout_lab.cohort.passes import Evaluation, InPlace, TrainStep, inputs_of
from dropout_lab.cohort.recipe import Structure
from dropout_lab.cohort.state import State
from dropout_lab.cohort.step import Program
from dropout_lab.cohort.worker_pool import Task, WorkerPool, share_memory
from dropout_lab.core.torch_private import tree_leaves, tree_map


class Executor:
    """Runs the lanes' programs on `state` and `data`, each process on its own lanes."""

    def __init__(
        self,
        structure: Structure,
        program: Program,
        state: State,
        data: LaneData,
        epoch: Epoch,
        lanes_per_process: int,
        device: torch.device,
    ) -> None:
        self._program, self._state, self._data, self._epoch = program, state, data, epoch
        self._lanes_per_process = lanes_per_process
        self._width = state.params.shape[0]

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(self._width, *shape, device=device)

        self._total, self._loss, self._correct = zeros(), zeros(), zeros()
        buffers = state.changed["buffers"]
        self._carried = {name: zeros(data.chunk, *buffers[name].shape[2:]) for name in program.carried}
        """What a network carries from chunk to chunk in an evaluation."""
        self._keys = epoch.keys[0].clone()
        test = data.parts["test"].rows
        answered = test.shape[0] * test.shape[2] if structure.dataset.task == "classification" else 0
        self._log_probs = zeros(answered, structure.dataset.outputs)
        """(lane, n, classes) on the test set and on what fills up its chunks."""
        asked = ("val", "test") if needs_predictions(structure.metrics) else ()
        sizes = {name: data.parts[name].rows.shape[0] * data.chunk for name in asked}
        self._outputs = {name: zeros(size, structure.dataset.outputs) for name, size in sizes.items()}
        """Part -> (lane, n, output) on it and on what fills up its chunks, for metrics on request."""
        self.train_step = TrainStep(program, state.changed, self._total, {**data.given, "hyper": state.hyper})
        self.evaluation = Evaluation(program, self._loss, self._correct, self._carried, data.given, state.best)
        self.run_train_step: InPlace = self.train_step
        """`train_step`, or its compiled program."""
        self.run_evaluation: InPlace = self.evaluation
        """`evaluation`, or its compiled program."""
        self._pool: WorkerPool | None = None
        if lanes_per_process < self._width:
            share_memory([*state.tensors, *data.tensors, *self._carried.values(), *epoch])
            share_memory([self._total, self._loss, self._correct, self._keys, self._log_probs])
            share_memory(list(self._outputs.values()))

    def use(self, train_step: InPlace, evaluation: InPlace) -> None:
        """Replaces the programs by these, which are compiled for the lanes of one process."""
        self.close()
        self.run_train_step, self.run_evaluation = train_step, evaluation

    def close(self) -> None:
        """Ends the other processes; the next task starts them again."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def examples(self) -> tuple[list[Tensor], list[Tensor]]:
        """Arguments of `train_step` and of `evaluation`, of the shapes and types that all their calls have."""
        lanes, val = slice(self._lanes_per_process), self._data.parts["val"]
        evaluated = (*tree_leaves(self._state.best), val.rows[0], val.targets[0], val.weight[0])
        return (
            [*self._data.of(lanes, self.train_step.fixed), *(given[0, lanes] for given in self._epoch)],
            [*self._data.of(lanes, self.evaluation.fixed), *self._data.of(lanes, evaluated)],
        )

    def train(self, steps: int) -> Tensor:
        """Trains the first steps of the epoch; returns the sum of their losses: (lane,)."""
        self._total.zero_()
        self._do("train", steps)
        return self._total

    def evaluate(self, part: str, *, best: bool) -> tuple[Tensor, Tensor]:
        """Mean loss and share of correct answers on a part, (lane,), of the networks as they are or of the best."""
        self._do("evaluate", part, best)
        sizes = self._data.parts[part].sizes
        return self._loss / sizes, self._correct / sizes

    def outputs(self, part: str, *, best: bool) -> Tensor:
        """Outputs on a part, (lane, n, output), of the networks as they are or of the best; see `_outputs`."""
        self._do("outputs", part, best)
        return self._outputs[part][:, : self._data.parts[part].most]

    def predict(self, keys: Tensor | None) -> Tensor:
        """Log-probabilities of the best networks on the test set: (lane, n, classes).

        keys: (lane, stream, 2), of the masks to predict under; None predicts without dropout.
        """
        if keys is not None:
            self._keys.copy_(keys)
        self._do("predict", keys is not None)
        return self._log_probs[:, : self._data.parts["test"].most].clone()

    def _do(self, task: str, *arguments: Any) -> None:
        if self._pool is None:
            each = self._lanes_per_process
            tasks: dict[str, Task] = {
                "train": self._train,
                "evaluate": self._evaluate,
                "outputs": self._write_outputs,
                "predict": self._predict,
            }
            self._pool = WorkerPool([slice(first, first + each) for first in range(0, self._width, each)], tasks)
        self._pool.do(task, *arguments)

    def _train(self, lanes: slice, steps: int) -> None:
        fixed = self._data.of(lanes, self.train_step.fixed)
        for step in range(steps):
            self.run_train_step(*fixed, *(given[step, lanes] for given in self._epoch))

    def _evaluate(self, lanes: slice, name: str, best: bool) -> None:
        part = self._data.parts[name]
        network = self._data.of(lanes, tree_leaves(self._state.best if best else self._state.network))
        for total in (self._loss, self._correct, *self._carried.values()):
            total[lanes].zero_()
        fixed = self._data.of(lanes, self.evaluation.fixed)
        for rows, targets, weight in zip(part.rows, part.targets, part.weight, strict=True):
            self.run_evaluation(*fixed, *network, rows[lanes], targets[lanes], weight[lanes])

    def _write_outputs(self, lanes: slice, name: str, best: bool) -> None:
        given, network = self._given(lanes), self._network(lanes, best=best)
        done = 0
        with torch.no_grad():
            for stacked in self._data.parts[name].rows:
                x = inputs_of(stacked[lanes], given)
                found = lift(self._program.output, self._program.engine)(*network, x)
                self._outputs[name][lanes, done : done + found.shape[1]] = found.view(*found.shape[:2], -1)
                done += found.shape[1]

    def _given(self, lanes: slice) -> dict[str, Tensor]:
        return {name: value[lanes] for name, value in self._data.reading.items()} | {"inputs": self._data.inputs}

    def _network(self, lanes: slice, *, best: bool) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        held = tree_map(lambda value: value[lanes], self._state.best if best else self._state.network)
        return held["params"], held["buffers"], held["rates"]

    def _predict(self, lanes: slice, masked: bool) -> None:
        given, network = self._given(lanes), self._network(lanes, best=True)
        keys = self._keys[lanes, : len(self._program.sites)]
        done = 0
        with torch.no_grad():
            for stacked in self._data.parts["test"].rows:
                rows = stacked[lanes]
                x = inputs_of(rows, given)
                if masked:
                    answers = lift(self._program.predict_masked, self._program.engine)(*network, keys, rows, x)
                else:
                    answers = lift(self._program.predict, self._program.engine)(*network, x)
                self._log_probs[lanes, done : done + answers.shape[1]] = answers
                done += answers.shape[1]
