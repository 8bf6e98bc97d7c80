"""What a user's network draws by itself in training, from torch's generator: a stream of the run's like any other."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

OWN = "/network"
"""The stream of these draws; no site has this name."""


@contextmanager
def own_draws(key: Tensor) -> Iterator[None]:
    """While it lasts, torch's generators draw from `key`, (2,) int32; they are as before behind it."""
    high, low = (int(half) & 0xFFFFFFFF for half in key.tolist())
    devices = [key.device] if key.device.type != "cpu" else []
    with torch.random.fork_rng(devices=devices, device_type=key.device.type if devices else "cuda"):
        torch.manual_seed(high << 32 | low)
        yield
