"""Inference time: how long the trained network takes for an example."""

import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from dropout_lab.cohort.measures.measure import AbstractMeasure, Subject
from dropout_lab.cohort.measures.robustness import at
from dropout_lab.cohort.measures.trained import Trained
from dropout_lab.config.bounds import Count
from dropout_lab.sites.site import install

WARM_UP = 3
"""Passes before the first that is timed."""


class InferenceTime(AbstractMeasure):
    """inference_seconds@B: seconds per example, the median of `repeats` passes of B examples, divided by B.

    The network is timed alone, as a plain module in evaluation mode, not among its lanes: eager, in float32, on the
    device of the training, with the threads of the training's process (`threads` in the record). The training of this
    process stands still meanwhile; other workers and other programs on the machine do not. So times of one sweep can be
    compared where it has one worker, and are no benchmark of the hardware. They are the one measure that another
    command does not repeat. Dropout that is off changes no shape, so expect no difference between rates.

    Costs 3 + `repeats` forward passes of B examples, for each run and each B.
    """

    def __init__(self, batch_sizes: Annotated[Sequence[Count], Field(min_length=1)], repeats: Count) -> None:
        self._sizes, self._repeats = batch_sizes, repeats

    def __call__(self, trained: Trained) -> Mapping[str, Tensor]:
        found: dict[str, list[float]] = {}
        for lane in range(trained.width):
            model, inputs = _network(trained, lane), _inputs(trained, lane, max(self._sizes))
            for size in self._sizes:
                found.setdefault(f"inference_seconds{at(size)}", []).append(self._seconds(model, inputs[:size]))
        return {field: torch.tensor(values, dtype=torch.float64) for field, values in found.items()}

    def objection(self, subject: Subject) -> str | None:
        dataset = subject.dataset
        if dataset.is_stream:
            return f"examples of {dataset.name} continue each other; it works with single examples"
        return None

    def _seconds(self, model: nn.Module, x: Tensor) -> float:
        times = []
        with torch.no_grad():
            for _ in range(WARM_UP + self._repeats):
                _wait(x.device)
                started = time.perf_counter()
                model(x)
                _wait(x.device)
                times.append(time.perf_counter() - started)
        return median(times[WARM_UP:]) / len(x)


def _network(trained: Trained, lane: int) -> nn.Module:
    """A lane's network as a plain module in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        model = trained.structure.build()
    install(model, trained.structure.dropout)
    params = trained.program.layout.unflatten(trained.params[lane])
    held = {**params, **{name: value[lane] for name, value in trained.buffers.items()}}
    with torch.no_grad():
        for name, value in (*model.named_parameters(), *model.named_buffers()):
            if name in held:
                value.copy_(held[name])
        for number, path in enumerate(trained.program.sites.values()):
            model.get_buffer(f"{path}.rate").copy_(trained.rates[lane, number])
    return model.to(trained.device).eval()


def _inputs(trained: Trained, lane: int, count: int) -> Tensor:
    """Inputs of the test set as a lane reads them, repeated if its first chunk has fewer: (count, *input_shape)."""
    x = next(trained.batches()).x[lane]
    return x.repeat(-(-count // len(x)), *[1] * (x.dim() - 1))[:count]


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
