"""Placement x rate as cells."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import patches as mpl_patches
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.drawn import heatmap
from dropout_lab.report.names import axis, in_unit, is_maximised

NARROW = 6
"""Up to so many rates, two panels are side by side."""


def heat(rates: pd.DataFrame, metrics: Sequence[str], seeds: int, classification: bool) -> Figure:
    """Placement x rate as coloured cells with the means written in them; a star where seeds are missing."""
    groups = [str(name) for name in rates["group"].unique()]
    metrics = metrics if len(groups) == 1 else metrics[:1]
    placements, columns = rates["placement"].nunique(), rates["rate"].nunique()
    panels = [(metric, group) for metric in metrics for group in groups]
    side = 2 if columns <= NARROW and len(panels) > 1 else 1
    figure, axes = style.grid(len(panels), side, height=0.8 + 0.24 * placements + 0.2 * (len(groups) > 1))
    bounds = {metric: _bounds(metric, rates[metric]) for metric in metrics}
    for place, ((metric, group), ax) in enumerate(zip(panels, axes, strict=True)):
        _heat_panel(ax, rates[rates["group"] == group], metric, bounds[metric], seeds)
        style.heading(ax, group, side, axis(metric, classification))
        if len(groups) == 1 and place % side:  # the same rows as beside it
            ax.set_yticklabels([])
    return figure


def _bounds(metric: str, values: "pd.Series[float]") -> tuple[float, float]:
    known = values[np.isfinite(values.astype(float))]
    low, high = (in_unit(metric, float(known.min())), in_unit(metric, float(known.max()))) if len(known) else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _heat_panel(ax: Axes, rates: pd.DataFrame, metric: str, bounds: tuple[float, float], seeds: int) -> None:
    cells = heatmap(rates, metric)
    counts = heatmap(rates, "n_complete").reindex(index=cells.index, columns=cells.columns).to_numpy(dtype=float)
    values = in_unit(metric, 1) * cells.to_numpy(dtype=float)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    known = np.where(np.isfinite(values), values, np.nan)
    # Cells and not an image: sharp in SVG and PDF at any size.
    mesh = ax.pcolormesh(known, cmap="cividis", vmin=bounds[0], vmax=bounds[1], edgecolors="white", linewidth=0.6)
    ax.invert_yaxis()
    ax.set_xticks(np.arange(cells.shape[1]) + 0.5, [f"{rate:.3g}" for rate in cells.columns])
    ax.set_yticks(np.arange(cells.shape[0]) + 0.5, [style.shorten(str(name), 28) for name in cells.index])
    ax.tick_params(length=0, labelsize=8 if cells.shape[1] <= 14 else 6)
    ax.set_xlabel("dropout rate (0: no dropout)" if 0.0 in cells.columns else "dropout rate")
    digits = 0 if metric.startswith("epochs") else _digits(known)
    small = 7 if cells.shape[1] <= 10 else 5.5
    bright = mesh.to_rgba(known)[..., :3] @ np.array([0.3, 0.59, 0.11]) > 0.5
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            ink = "black" if bright[row, column] or np.isinf(value) else "white"
            text = "∞" if np.isinf(value) else f"{value:.{digits}f}".replace("-", "−")
            text += "*" if counts[row, column] < seeds else ""
            ax.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=small, color=ink)
    if metric.startswith("val") and np.isfinite(known).any():
        best = np.nanargmax(known) if is_maximised(metric) else np.nanargmin(known)
        row, column = np.unravel_index(best, values.shape)
        ax.add_patch(_frame(float(column), float(row)))


def _frame(column: float, row: float) -> "mpl_patches.Rectangle":
    return mpl_patches.Rectangle((column, row), 1, 1, fill=False, edgecolor="#D55E00", linewidth=2)


def _digits(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> int:
    """Decimals that show three digits of the spread, and no more than four."""
    spread = float(np.nanmax(values) - np.nanmin(values)) if np.isfinite(values).any() else 0.0
    return int(np.clip(2 - np.floor(np.log10(spread)), 0, 4)) if spread > 0 else 3
