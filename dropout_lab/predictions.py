"""Predictions on the test part, kept per run: what calibration and ensembles are computed from, without torch.

A sweep folder has `predictions/<run>.npz` for every complete run of a classification: `log_probs`, (n, classes) float16
of the one pass without dropout, and `targets`, (n,), in an order that all runs of a dataset share.
"""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BINS = 15
"""Of confidence, equally wide (Guo, Pleiss, Sun & Weinberger, ICML 2017, section 4.1)."""

Array = NDArray[np.floating]


def calibration_error(probs: Array, targets: NDArray[np.integer], bins: int = BINS) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy over bins of confidence.

    Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, arXiv:1706.04599, eq. 3.
    probs: (n, classes); targets: (n,).
    """
    confidence, right = probs.max(1), probs.argmax(1) == targets
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    counts = np.bincount(which, minlength=bins)
    apart = np.bincount(which, weights=confidence - right, minlength=bins)
    return float(np.abs(apart).sum() / counts.sum())


def answers(probs: Array, targets: NDArray[np.integer]) -> Mapping[str, float]:
    """Loss (nats), accuracy and calibration error (`ece`) of predicted probabilities, (n, classes)."""
    chosen = np.clip(probs[np.arange(len(targets)), targets], 1e-12, 1)
    return {
        "loss": float(-np.log(chosen).mean()),
        "accuracy": float((probs.argmax(1) == targets).mean()),
        "ece": calibration_error(probs, targets),
    }


def entropy(probs: Array) -> Array:
    """In nats, over the last axis."""
    summed: Array = -(probs * np.log(np.clip(probs, 1e-12, 1))).sum(-1)
    return summed


def write(folder: Path, run: str, log_probs: Array, targets: NDArray[np.integer]) -> None:
    """Writes a run's file, whole or not at all."""
    there = folder / "predictions"
    there.mkdir(exist_ok=True)
    unfinished = there / f".{run}.tmp"
    with unfinished.open("wb") as file:
        np.savez(file, log_probs=log_probs.clip(min=np.finfo(np.float16).min).astype(np.float16), targets=targets)
    os.replace(unfinished, there / f"{run}.npz")


def read(folder: Path, run: str) -> tuple[Array, NDArray[np.integer]] | None:
    """(probabilities, targets) of a run; None if there are none, or the file is damaged."""
    try:
        with (folder / "predictions" / f"{run}.npz").open("rb") as file, np.load(file) as kept:
            probs = np.exp(kept["log_probs"].astype(np.float64))
            return probs / probs.sum(1, keepdims=True), kept["targets"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
