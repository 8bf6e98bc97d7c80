"""A sweep inside somebody's process begins as on the command line, and leaves the global state as it was."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import optuna
import torch
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.version import VersionBase
from omegaconf.basecontainer import BaseContainer

from dropout_lab.core.errors import UserError

_ALONE = threading.Lock()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Restore random states, torch's settings, Optuna's log level, Hydra's state, and what OmegaConf has registered.

    Raises UserError inside of another such block, of this thread or another: what is restored is there only once.
    """
    if not _ALONE.acquire(blocking=False):
        raise UserError("a sweep is running in this process already; wait for it, or start another process")
    try:
        yield from _undisturbed()
    finally:
        _ALONE.release()


def _undisturbed() -> Iterator[None]:
    with _of_hydra(), _of_torch():
        level, numbers, drawn = optuna.logging.get_verbosity(), np.random.get_state(), random.getstate()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            yield
        finally:
            optuna.logging.set_verbosity(level)
            np.random.set_state(numbers)
            random.setstate(drawn)


@contextmanager
def _of_hydra() -> Iterator[None]:
    store, version = ConfigStore.instance(), VersionBase.instance()
    kept = dict(store.repo), version.version_base, dict(BaseContainer._resolvers)
    outer = GlobalHydra.instance()
    running = outer.hydra  # the caller may be an application of Hydra's
    outer.clear()
    try:
        yield
    finally:
        GlobalHydra.instance().hydra = running
        store.repo, version.version_base, BaseContainer._resolvers = kept


@contextmanager
def _of_torch() -> Iterator[None]:
    """The defaults of a new process, for a caller may have torch compute in float64, on a GPU, or without gradients."""
    threads, fast = torch.get_num_threads(), torch.backends.mha.get_fastpath_enabled()
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    gpus = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices=gpus), torch.inference_mode(False), torch.enable_grad():
        try:
            torch.set_default_dtype(torch.float32)
            if device.type != "cpu":
                torch.set_default_device(None)
            yield
        finally:
            torch.set_num_threads(threads)
            torch.backends.mha.set_fastpath_enabled(fast)
            torch.set_default_dtype(dtype)
            if device.type != "cpu":
                torch.set_default_device(device)
