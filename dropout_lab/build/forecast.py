"""How long a training would take."""

from collections.abc import Iterable
from dataclasses import replace

import torch

from dropout_lab.build.device import processes
from dropout_lab.cohort import width
from dropout_lab.cohort.compilation import choice
from dropout_lab.cohort.recipe import Structure


def pretraining_seconds(structures: Iterable[Structure], seeds: int, device: str, threads: int) -> float:
    """The seconds that pretraining would take: once for each network that `structures` begin with, and seed."""
    sharing = processes(device, threads)
    torch.set_num_threads(threads if sharing == 1 else 1)
    there = torch.device(device)
    found = {made.pretraining: made for made in structures if made.pretraining is not None}
    total = 0.0
    for pretraining, made in found.items():
        widths = replace(width.best_widths(made, there), processes=sharing)
        total += choice.forecast_pretraining(pretraining, seeds, widths, there)
    return total
