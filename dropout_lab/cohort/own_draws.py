"""What a user's network draws by itself in training: a stream of the run's like any other."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

OWN = "/network"
"""The stream of these draws; no site has this name."""


@contextmanager
def own_draws(key: Tensor) -> Iterator[None]:
    """While it lasts, the generators of torch, NumPy and Python draw from `key`, (2,) int32."""
    high, low = (int(half) & 0xFFFFFFFF for half in key.tolist())
    python, numpy = random.getstate(), np.random.get_state()
    random.seed(high << 32 | low)
    np.random.seed([high, low])
    devices = [key.device] if key.device.type != "cpu" else []
    with torch.random.fork_rng(devices=devices, device_type=key.device.type if devices else "cuda"):
        torch.manual_seed(high << 32 | low)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
