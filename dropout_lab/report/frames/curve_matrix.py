"""The curves as matrices, runs x epochs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dropout_lab.report.frames.load import Frames
from dropout_lab.report.statistics import Floats, Ints


@dataclass(frozen=True)
class CurveMatrix:
    """Row i is row i of `Frames.runs`, column j is epoch j + 1; NaN for an epoch without training or without a number.

    `last`: the last epoch of each run in the curves, 0 for a run without a curve.
    """

    values: Mapping[str, Floats]
    last: Ints

    def __getitem__(self, metric: str) -> Floats:
        return self.values[metric]

    @property
    def epochs(self) -> int:
        return int(self.last.max(initial=0))


def curve_matrix(frames: Frames, metrics: Sequence[str]) -> CurveMatrix:
    runs, curves = frames.runs, frames.curves
    seeds = max(runs["seed"].max(), curves["seed"].max()) + 1 if len(runs) and len(curves) else 1
    owners = runs["trial"].to_numpy(dtype=np.int64) * seeds + runs["seed"].to_numpy(dtype=np.int64)
    order = np.argsort(owners, kind="stable")
    codes = curves["trial"].to_numpy(dtype=np.int64) * seeds + curves["seed"].to_numpy(dtype=np.int64)
    rows = order[np.searchsorted(owners[order], codes)] if len(codes) else codes
    epochs = curves["epoch"].to_numpy(dtype=np.int64)
    last = np.zeros(len(runs), dtype=np.int64)
    np.maximum.at(last, rows, epochs)
    values = {}
    for name in metrics:
        values[name] = np.full((len(runs), int(last.max(initial=0))), np.nan)
        values[name][rows, epochs - 1] = curves[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return CurveMatrix(values, last)
