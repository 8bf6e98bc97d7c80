"""How many lanes a cohort gets, from what a lane works on and where that has to fit."""

import errno
from dataclasses import dataclass
from math import ceil
from typing import Any

import torch
from torch import Tensor, nn

from dropout_lab.cohort.recipe import Structure
from dropout_lab.core.torch_private import tree_leaves
from dropout_lab.models.fused import all_written_out
from dropout_lab.sites.site import Site, install

MOST_ON_CPU = 64
MOST_ON_GPU = 1024
WORKING_SET = 7 << 20
"""Bytes that a compiled step's lanes may touch on a CPU. Measured on two cores with 32 MB of last-level cache: up to
14 MB a lane's step takes as long, at 28 MB 1.4 times (layers of 128) to 2 times (512) as long; half of that is taken,
for the cache may be shared. The size that the system tells is no guide: it is that of all complexes together.
"""
EAGER_LANES = 32
"""An eager step costs the same whether its lanes do little or nothing, so there are more of them than fit the cache."""
MEMORY_SHARE = 0.5
"""Of a GPU's free memory; the rest is for what the programs need in between."""


@dataclass(frozen=True)
class Widths:
    """Lanes of each process of a cohort that is run eagerly, and of one that is compiled."""

    eager: int
    compiled: int
    processes: int = 1

    @classmethod
    def fixed(cls, width: int, processes: int = 1) -> "Widths":
        return cls(width, width, processes)

    @classmethod
    def in_all(cls, lanes: int, processes: int) -> "Widths":
        """So many lanes, in at most so many processes of equally many lanes, at least 2."""
        processes = max(p for p in range(1, processes + 1) if p == 1 or (lanes % p == 0 and lanes // p >= 2))
        return cls.fixed(lanes // processes, processes)

    @property
    def most(self) -> int:
        """Lanes of all processes, if as many as either way has."""
        return max(self.eager, self.compiled) * self.processes

    def for_runs(self, runs: int, processes: int) -> "Widths":
        """For so many runs: no more lanes than can be filled about evenly to the end, nor processes without runs."""
        processes = max(1, min(processes, runs // 2))
        each = ceil(runs / processes)
        return Widths(_shared_out(each, self.eager), _shared_out(each, self.compiled), processes)

    def halved(self) -> "Widths":
        return Widths(max(2, self.eager // 2), max(2, self.compiled // 2), self.processes)


def best_widths(structure: Structure, device: torch.device) -> Widths:
    """The widths at which a step's working set fits the cache (CPU) or the memory (GPU); at least 2."""
    lane = lane_bytes(structure)
    if device.type == "cuda":
        width = _rounded(int(min(MOST_ON_GPU, torch.cuda.mem_get_info(device)[0] * MEMORY_SHARE / lane)), MOST_ON_GPU)
        return Widths.fixed(width)
    compiled = _rounded(int(min(MOST_ON_CPU, WORKING_SET / lane)), MOST_ON_CPU)
    eager = _rounded(int(min(EAGER_LANES, 8 * WORKING_SET / lane)), MOST_ON_CPU)
    return Widths(max(eager, compiled), compiled)


def lane_bytes(structure: Structure) -> int:
    """What one lane touches in a training step: parameters, gradients, optimizer state, activations and theirs."""
    with torch.random.fork_rng(devices=[]):
        model = structure.build()
    activations = 0

    def count(module: nn.Module, arguments: Any, keywords: Any, output: Any) -> None:
        nonlocal activations
        values = tree_leaves((arguments, keywords) if isinstance(module, Site) else output)
        activations += sum(value.numel() for value in values if isinstance(value, Tensor))

    for module in model.modules():
        if isinstance(module, Site) or not (list(module.children()) or isinstance(module, nn.Identity)):
            module.register_forward_hook(count, with_kwargs=True)
    model.eval()  # a batch norm of torch's own trains on no single example
    with torch.no_grad(), all_written_out():
        model(structure.dataset.example())
    install(model, structure.dropout)
    params = sum(param.numel() for param in model.parameters())
    state = sum(value.numel() for value in structure.optimizer.init(torch.empty(params)).values())
    return 4 * (2 * params + state + 2 * structure.batch_size * activations)


def is_out_of_memory(error: BaseException) -> bool:
    """Torch has a class of its own for a GPU's memory alone."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def _shared_out(runs: int, limit: int) -> int:
    """The width, at most `limit`, at which `runs` fill about all rounds, rounded so that programs are met again."""
    rounds = max(1, ceil(runs / limit))
    return min(limit, _rounded(ceil(runs / rounds), limit, up=True))


def _rounded(width: int, most: int, *, up: bool = False) -> int:
    """A multiple of 8, or of 2 below 8: every other width would be a program of its own to compile."""
    step = 8 if width > 8 else 2
    return max(2, min(most, (-(-width // step) if up else width // step) * step))
