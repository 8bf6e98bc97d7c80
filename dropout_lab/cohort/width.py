"""How many lanes a cohort gets, from what a lane works on and where that has to fit."""

from math import ceil

import torch
from torch import Tensor, nn

from dropout_lab.cohort.recipe import Structure

MOST_ON_CPU = 64
MOST_ON_GPU = 1024
WORKING_SET = 14 << 20
"""Bytes that a step's lanes may touch. Measured with 32 MB of last-level cache a core complex: at twice as much, a step
waits for the memory and takes 1.4 times (width 128) to 2 times (width 512) as long a lane. The size that the system
tells is no guide: on a shared machine it is that of all complexes together.
"""
MEMORY_SHARE = 0.5
"""Of a GPU's free memory; the rest is for what the programs need in between."""


def best_width(structure: Structure, device: torch.device) -> int:
    """The width at which a step's working set still fits the cache (CPU) or the memory (GPU); at least 2."""
    room, most = float(WORKING_SET), MOST_ON_CPU
    if device.type == "cuda":
        room, most = torch.cuda.mem_get_info(device)[0] * MEMORY_SHARE, MOST_ON_GPU
    return rounded(int(min(most, room / lane_bytes(structure))), most)


def lane_bytes(structure: Structure) -> int:
    """What one lane touches in a training step: parameters, gradients, optimizer state, activations and theirs."""
    with torch.random.fork_rng(devices=[]):
        model = structure.build()
    params = sum(param.numel() for param in model.parameters())
    state = sum(value.numel() for value in structure.optimizer.init(torch.empty(params)).values())
    activations = 0

    def count(module: nn.Module, arguments: object, output: Tensor) -> None:
        nonlocal activations
        activations += output.numel()

    for module in model.modules():
        if not list(module.children()):
            module.register_forward_hook(count)
    with torch.no_grad():
        model(torch.zeros(1, *structure.dataset.input_shape))
    return 4 * (2 * params + state + 2 * structure.batch_size * activations)


def shared_out(runs: int, limit: int) -> int:
    """The width, at most `limit`, at which `runs` fill about all rounds, rounded so that programs are met again."""
    rounds = max(1, ceil(runs / limit))
    return min(limit, rounded(ceil(runs / rounds), limit, up=True))


def rounded(width: int, most: int, *, up: bool = False) -> int:
    """A multiple of 8, or of 2 below 8: every other width would be a program of its own to compile."""
    step = 8 if width > 8 else 2
    return max(2, min(most, (-(-width // step) if up else width // step) * step))
