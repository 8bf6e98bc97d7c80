"""Placement x rate as cells."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib import patches as mpl_patches
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from dropout_lab.report.draw import style
from dropout_lab.report.draw.layout import shorten
from dropout_lab.report.draw.scales import scale
from dropout_lab.report.spelling import axis, in_unit, is_maximised, number, plural
from dropout_lab.report.statistics.floats import Bools, Floats
from dropout_lab.report.topics import chance
from dropout_lab.report.topics.alts import cells, sentence
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.lines import LINES
from dropout_lab.report.topics.part import Picture, Plan

NARROW = 6
"""Up to this many rates, two panels are side by side."""


TICKS = 13
"""More rates than this leave no room for a number in each cell."""


LARGE = 1e5
"""A number from this on does not fit into a cell."""


def heatmap(rates: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Placement x rate of one group: the mean of `metric`."""
    order = list(dict.fromkeys(rates["placement"]))
    return rates.pivot_table(index="placement", columns="rate", values=metric, sort=True).reindex(order)


def heat(rates: pd.DataFrame, metrics: Sequence[str], seeds: int, classification: bool) -> Figure:
    """Placement x rate as coloured cells, with their means if there is room; a star where seeds are missing."""
    groups = [str(name) for name in rates["group"].unique()]
    metrics = metrics if len(groups) == 1 else metrics[:1]
    placements, columns = rates["placement"].nunique(), rates["rate"].nunique()
    panels = [(metric, group) for metric in metrics for group in groups]
    side = 2 if columns <= NARROW and len(panels) > 1 else 1
    figure, axes = style.grid(len(panels), side, height=0.8 + 0.24 * placements + 0.2 * (len(groups) > 1))
    norms = {metric: _norm(metric, rates[metric]) for metric in metrics}
    for place, ((metric, group), ax) in enumerate(zip(panels, axes, strict=True)):
        _heat_panel(ax, rates[rates["group"] == group], metric, norms[metric], seeds)
        ends = f": {_ends(norms[metric], metric, rates[metric])}" if columns > TICKS else ""
        style.heading(ax, group, axis(metric, classification) + ends)
        if len(groups) == 1 and place % side:  # the same rows as in the panel to the left
            ax.set_yticklabels([])
    return figure


def _norm(metric: str, values: "pd.Series[float]") -> Normalize:
    """Colours that resolve the best: logarithmic, or cut off where the axis of a figure would be."""
    known = in_unit(metric, 1) * values.to_numpy(dtype=float)
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    found = scale(known, maximised=is_maximised(metric), logs=metric in ("val_loss", "test_loss"))
    if found.logarithmic:
        return LogNorm(low, high)
    if found.edge is not None:
        low, high = (found.edge, high) if found.maximised else (low, found.edge)
    return Normalize(low, high) if high > low else Normalize(low - 0.5, low + 0.5)


def _ends(norm: Normalize, metric: str, values: "pd.Series[float]") -> str:
    """The meaning of the colours, for cells without numbers."""
    low, high = in_unit(metric, float(values.min())), in_unit(metric, float(values.replace(np.inf, np.nan).max()))
    dark, bright = max(low, norm.vmin or low), min(high, norm.vmax or high)
    return f"{'≤ ' * (low < dark)}{dark:.3g} (dark) to {'≥ ' * (high > bright)}{bright:.3g} (bright)"


def _heat_panel(ax: Axes, rates: pd.DataFrame, metric: str, norm: Normalize, seeds: int) -> None:
    cells = heatmap(rates, metric)
    counts = heatmap(rates, "n_complete").reindex(index=cells.index, columns=cells.columns).to_numpy(dtype=float)
    values = in_unit(metric, 1) * cells.to_numpy(dtype=float)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    known = np.where(np.isfinite(values), values, np.nan)
    # Cells, not an image, so that SVG and PDF are sharp at any size.
    mesh = ax.pcolormesh(known, cmap="cividis", norm=norm, edgecolors="white", linewidth=0.6)
    ax.invert_yaxis()
    every = -(-cells.shape[1] // TICKS)
    ax.set_xticks(np.arange(0, cells.shape[1], every) + 0.5, [f"{rate:.3g}" for rate in cells.columns[::every]])
    ax.set_yticks(np.arange(cells.shape[0]) + 0.5, [shorten(str(name), 28) for name in cells.index])
    ax.tick_params(length=0)
    ax.set_xlabel("dropout rate (0: no dropout)" if 0.0 in cells.columns else "dropout rate")
    if cells.shape[1] > TICKS:
        values = np.where(np.isinf(values), values, np.nan)  # only the infinity sign has room
    digits = 0 if metric.startswith("epochs") else _digits(known)
    _write_means(ax, values, counts < seeds, mesh.to_rgba(known), digits)
    if metric.startswith("val") and np.isfinite(known).any():
        best = np.nanargmax(known) if is_maximised(metric) else np.nanargmin(known)
        row, column = np.unravel_index(best, values.shape)
        ax.add_patch(_frame(float(column), float(row)))


def _write_means(ax: Axes, values: Floats, missing: Bools, colors: Floats, digits: int) -> None:
    bright = colors[..., :3] @ np.array([0.3, 0.59, 0.11]) > 0.5
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            ink = "#010101" if bright[row, column] or np.isinf(value) else "#fefefe"  # kept in dark mode
            text = "∞" if np.isinf(value) else _short(float(value), digits)
            text += "*" if missing[row, column] else ""
            ax.text(
                column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=7, color=ink, in_layout=False
            )  # fmt: skip


def _short(value: float, digits: int) -> str:
    """The value with this many decimals; a diverged loss in two digits and an exponent."""
    return f"{value:.{digits}f}".replace("-", "−") if abs(value) < LARGE else number(value, 2)


def _frame(column: float, row: float) -> "mpl_patches.Rectangle":
    return mpl_patches.Rectangle((column, row), 1, 1, fill=False, edgecolor="#D55E00", linewidth=2)


def _digits(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> int:
    """The decimals that show two digits of the spread of the middle half, at most four."""
    known = values[np.isfinite(values)]
    low, high = np.quantile(known, [0.25, 0.75]) if len(known) else (0.0, 0.0)
    spread = float(high - low) or float(np.ptp(known)) if len(known) else 0.0
    return int(np.clip(1 - np.floor(np.log10(spread)), 0, 4)) if spread > 0 else 3


def _plan(evidence: Evidence) -> Plan | None:
    part = evidence.part
    if part is None or not part.joined or part.rates["placement"].nunique() < 2:
        return None
    rates = part.rates
    metrics = [evidence.main, "gap_accuracy" if evidence.main == "val_accuracy" else "gap_loss"]
    metrics[1:1] = ["val_accuracy"] if evidence.is_class and evidence.main == "val_loss" else []
    if "epochs_to_target" in rates and rates["epochs_to_target"].notna().any():
        metrics.append("epochs_to_target")
    metrics = metrics if rates["group"].nunique() == 1 else metrics[:1]
    caption = "Means over complete seeds. The frame marks the best cell of a panel."
    caption += " Star: seeds are missing." if (rates["n_complete"] < evidence.frames.seeds).any() else ""
    if "epochs_to_target" in metrics:
        caption += " Epochs: Kaplan-Meier medians; ∞: half of the runs never reach the target."
    caption = f"{caption} {chance.note(evidence.frames, metrics)}".strip()
    size = f"{rates['placement'].nunique()} placements by {plural(rates['rate'].nunique(), 'rate')}"
    alt = sentence([size, *(cells(rates, metric) for metric in metrics)])
    draw = partial(heat, rates, metrics, evidence.frames.seeds, evidence.is_class)
    return Plan("Placement and rate", f"{caption} {part.note}".strip(), alt, rates, draw)


HEATMAP = Picture("heatmap", _plan, LINES)
