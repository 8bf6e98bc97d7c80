"""The number of a cohort's lanes, chosen so that a step's working set fits the cache or the GPU's memory."""

import errno
from dataclasses import dataclass
from math import ceil
from typing import Any

import torch
from torch import Tensor, nn

from dropout_lab.cohort.recipe import Compile, Structure
from dropout_lab.core.torch_private import tree_leaves
from dropout_lab.models.fused import all_written_out
from dropout_lab.sites.site import Site, install

MOST_ON_CPU = 64
MOST_ON_GPU = 1024
WORKING_SET = 7 << 20
"""Bytes that a compiled step's lanes may touch on a CPU. Measured on two cores with 32 MB of last-level cache: the time
per lane is constant up to 14 MB, and 1.4 times (layers of 128) to 2 times (512) as long at 28 MB; half of the 14 MB is
used, since the cache may be shared. The system reports the cache size of all core complexes together, which does not
help.
"""
EAGER_LANES = 32
"""The cost of an eager step hardly depends on its number of lanes, so there may be more than fit the cache."""
MEMORY_SHARE = 0.5
"""The share of a GPU's free memory for the lanes; the rest is for the programs' intermediate values."""


@dataclass(frozen=True)
class Widths:
    """Lanes of each process in an eager cohort and in a compiled one."""

    eager: int
    compiled: int
    processes: int = 1

    @classmethod
    def fixed(cls, width: int, processes: int = 1) -> "Widths":
        """The same width in both cases."""
        return cls(width, width, processes)

    @classmethod
    def in_all(cls, lanes: int, processes: int) -> "Widths":
        """This many lanes in all, in at most so many processes with equally many lanes each, at least 2."""
        processes = max(p for p in range(1, processes + 1) if p == 1 or (lanes % p == 0 and lanes // p >= 2))
        return cls.fixed(lanes // processes, processes)

    @property
    def most(self) -> int:
        """Lanes of all processes, in the larger case."""
        return max(self.eager, self.compiled) * self.processes

    def for_runs(self, runs: int, processes: int) -> "Widths":
        """Widths for so many runs: lanes that stay about evenly filled to the end, and no process without runs."""
        processes = max(1, min(processes, runs // 2))
        each = ceil(runs / processes)
        return Widths(_shared_out(each, self.eager), _shared_out(each, self.compiled), processes)

    def halved(self) -> "Widths":
        """Half as many lanes in each process, at least 2."""
        return Widths(max(2, self.eager // 2), max(2, self.compiled // 2), self.processes)


@dataclass(frozen=True)
class ExecutionPlan:
    """How a cohort is to be trained; its runs record what became of it, an `Execution`."""

    widths: Widths
    compile: Compile
    device: str
    threads: int | None = None
    """Of each process; None: as torch has it."""


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
    """Bytes that a lane touches in a training step: parameters, optimizer state, activations, and gradients of both."""
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
    model.eval()  # torch's batch norm cannot train on a single example
    with torch.no_grad(), all_written_out():
        model(structure.dataset.example())
    install(model, structure.dropout)
    params = sum(param.numel() for param in model.parameters())
    state = sum(value.numel() for value in structure.optimizer.init(torch.empty(params)).values())
    kept = params * len({"ema", "accumulate"} & structure.options)
    return 4 * (2 * params + kept + state + 2 * structure.batch_size * activations)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the memory did not suffice; torch has an exception of its own for GPUs only."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def _shared_out(runs: int, limit: int) -> int:
    """The width, at most `limit`, at which `runs` fill all rounds about evenly; rounded, so that programs recur."""
    rounds = max(1, ceil(runs / limit))
    return min(limit, _rounded(ceil(runs / rounds), limit, up=True))


def _rounded(width: int, most: int, *, up: bool = False) -> int:
    """A multiple of 8, or of 2 below 8: every width is a program of its own to compile."""
    step = 8 if width > 8 else 2
    return max(2, min(most, (-(-width // step) if up else width // step) * step))
