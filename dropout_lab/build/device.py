"""The device, the processes and the threads that a training gets."""

import os

import torch

from dropout_lab.cohort.worker_pool import can_fork
from dropout_lab.core.errors import UserError


def device(name: str) -> str:
    """The device that `auto`, `cpu` or `cuda` means on this machine.

    Raises UserError for `cuda` without a GPU.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("device=cuda: torch finds no GPU here; allowed: auto, cpu")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"


def check_precision(precision: str, device: str) -> None:
    """Raises UserError for products in bfloat16 on a GPU without it; `device`: cpu or cuda."""
    if precision == "bfloat16" and device == "cuda" and not torch.cuda.is_bf16_supported():
        name = torch.cuda.get_device_name()
        raise UserError(
            f"trainer.precision=bfloat16: {name} has no bfloat16; allowed: float32, or device=cpu beside it"
        )


def processes(device: str, threads: int) -> int:
    """The number of processes that share a cohort's lanes, one for each of `threads`."""
    return threads if device == "cpu" and can_fork() else 1


def threads(workers: int) -> int:
    """The processor's threads for each of `workers` workers: OMP_NUM_THREADS if it is set, otherwise an equal share."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    return max(1, len(os.sched_getaffinity(0)) // workers) if hasattr(os, "sched_getaffinity") else 1
