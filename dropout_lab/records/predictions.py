"""Predictions on the test set, one file per run, from which the report computes calibration and ensembles.

A sweep folder has `predictions/<run>.npz` for every complete run of a classification: `log_probs`, (n, classes) float16
of the one pass without dropout, and `targets`, (n,), in an order that all runs of a dataset share; where classes have
weights, also `weights`, (n,) float32, of each example in the loss.
"""

import os
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dropout_lab.core.errors import writing
from dropout_lab.records.folder import PREDICTIONS

DAMAGES = (ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile, zlib.error)
"""The exceptions of reading a damaged file: empty, torn, not an archive, or an archive of something else."""

Array = NDArray[np.floating]


def write(folder: Path, run: str, log_probs: Array, targets: NDArray[np.integer], weights: Array | None = None) -> None:
    """Writes a run's file atomically. Raises UserError if it cannot be written."""
    path = _path(folder, run)
    unfinished = path.with_name(f".{run}.tmp")
    try:
        with writing(path):
            path.parent.mkdir(exist_ok=True)
            with unfinished.open("wb") as file:
                low = np.finfo(np.float16).min  # a network that diverged may have lower ones
                low_precision = log_probs.clip(min=low).astype(np.float16)
                if weights is None:
                    np.savez(file, log_probs=low_precision, targets=targets)
                else:
                    np.savez(file, log_probs=low_precision, targets=targets, weights=weights.astype(np.float32))
            os.replace(unfinished, path)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def read(folder: Path, run: str) -> tuple[Array, NDArray[np.integer]] | None:
    """(probabilities, targets) of a run; None if there are none, or the file is damaged."""
    try:
        return _read(_path(folder, run))
    except (OSError, *DAMAGES):
        return None


def read_weights(folder: Path, run: str) -> Array | None:
    """(n,) the weights of the examples in the loss, for a run that `read` reads; None where all are alike."""
    with _path(folder, run).open("rb") as file, np.load(file, allow_pickle=False) as kept:
        return np.asarray(kept["weights"], dtype=np.float64) if "weights" in kept else None


def read_all(folder: Path, runs: Iterable[str]) -> Sequence[tuple[Array, NDArray[np.integer]]]:
    """The predictions of several runs, without missing ones and those whose targets differ from the first."""
    found = [one for run in runs if (one := read(folder, run)) is not None]
    return [one for one in found if one[0].shape == found[0][0].shape and np.array_equal(one[1], found[0][1])]


def torn(folder: Path, runs: Iterable[str]) -> Sequence[Path]:
    """The files of these runs that exist but are empty or cut off."""
    paths = [_path(folder, run) for run in runs]
    return [path for path in paths if path.exists() and not zipfile.is_zipfile(path)]


def _path(folder: Path, run: str) -> Path:
    return folder / PREDICTIONS / f"{run}.npz"


def _read(path: Path) -> tuple[Array, NDArray[np.integer]]:
    """Raises one of `DAMAGES` for anything that `write` did not write."""
    # A pickle could run anything.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
        log_probs, targets = kept["log_probs"], kept["targets"]
        weights = kept["weights"] if "weights" in kept else np.ones(len(targets))
    if log_probs.dtype.kind != "f" or targets.dtype.kind not in "iu" or log_probs.shape[:-1] != targets.shape:
        raise ValueError("not a row of log-probabilities for each target")
    if weights.dtype.kind != "f" or weights.shape != targets.shape or not np.isfinite(weights).all():
        raise ValueError("not a weight for each target")
    probs = np.exp(log_probs.astype(np.float64))
    if not len(targets) or not 0 <= targets.min() <= targets.max() < probs.shape[1] or not np.isfinite(probs).all():
        raise ValueError("no probability for a target")
    return probs / probs.sum(1, keepdims=True), targets
