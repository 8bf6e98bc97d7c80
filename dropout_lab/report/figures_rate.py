"""The figures over rate: each function draws exactly one table; None where the table has nothing to draw."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import patches as mpl_patches
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report import style
from dropout_lab.report.drawn import Chosen, heatmap
from dropout_lab.report.names import axis, in_unit, is_maximised
from dropout_lab.report.style import BASELINE, Look

Looks = Mapping[str, Look]

HAIR = 0.7


def against_rate(part: Chosen, metrics: Sequence[str], looks: Looks, classification: bool) -> Figure:
    """Metrics against rate: a line per placement with its interval band, the baseline as a horizontal band."""
    rates = part.rates
    names = _panels(rates)
    # One panel a metric: side by side. Several: a block of panels per metric.
    columns = len(metrics) if len(names) == 1 else style.columns_for(len(names))
    block = -(-len(names) // columns) * columns if len(names) > 1 else 1
    figure, axes = style.grid(block * len(metrics), columns, height=2.7 if columns < 3 else 2.1)
    for index, metric in enumerate(metrics):
        panels = axes[index * block : (index + 1) * block]
        for name, ax in zip(names, panels, strict=False):
            if part.crowded:
                _backdrop(ax, rates[rates["panel"] != name], metric, joined=part.joined)
            _rate_panel(ax, rates[rates["panel"] == name], metric, looks, part)
            style.heading(ax, name, columns)
            ax.set_xlabel("dropout rate")
        for position in range(0, len(names), columns):
            panels[position].set_ylabel(axis(metric, classification))
        _share_y(panels[: len(names)])
        for spare in panels[len(names) :]:
            spare.remove()
    style.legend(figure, axes)
    return figure


def _backdrop(ax: Axes, others: pd.DataFrame, metric: str, *, joined: bool) -> None:
    """The other placements, pale, to compare with."""
    for _, line in others.groupby("placement", sort=False):
        values = in_unit(metric, 1) * line[metric]
        ax.plot(line["rate"], values, "-" if joined else ".", color="#d0d0d0", linewidth=HAIR, markersize=3, zorder=1)


def _share_y(axes: Sequence[Axes]) -> None:
    """The same scale for all panels that have something to show."""
    filled = [ax for ax in axes if np.isfinite(ax.dataLim.get_points()).all()]
    if filled:
        lows, highs = zip(*(ax.get_ylim() for ax in filled), strict=True)
        for ax in axes:
            ax.set_ylim(min(lows), max(highs))


def _rate_panel(ax: Axes, rates: pd.DataFrame, metric: str, looks: Looks, part: Chosen) -> None:
    baseline = rates[rates["baseline"]].head(1)
    if len(baseline):
        low, mean, high = (
            in_unit(metric, float(baseline[c].iloc[0])) for c in (f"{metric}_low", metric, f"{metric}_high")
        )
        if np.isfinite([low, high]).all():
            ax.axhspan(low, high, color=BASELINE, alpha=0.13, linewidth=0)
        ax.axhline(mean, color=BASELINE, linewidth=1, linestyle=(0, (4, 2)), label="no dropout", zorder=1.5)
    for placement, line in rates.groupby("placement", sort=False):
        look = looks[str(placement)]
        label = None if part.crowded else str(placement)
        shown = line if part.joined else line[~line["baseline"]]
        x = shown["rate"].to_numpy(dtype=float)
        lows, means, highs = (
            in_unit(metric, 1) * shown[c].to_numpy(dtype=float) for c in (f"{metric}_low", metric, f"{metric}_high")
        )
        if part.joined:
            if part.banded:
                ax.fill_between(x, lows, highs, color=look.color, alpha=0.14, linewidth=0)
                ax.vlines(x, lows, highs, color=look.color, alpha=0.35, linewidth=HAIR)  # a lone point has no band
            ax.plot(x, means, color=look.color, marker=look.marker, markersize=4, label=label)
        else:
            ax.vlines(x, lows, highs, color=look.color, alpha=0.3, linewidth=HAIR)
            ax.plot(x, means, look.marker, color=look.color, markersize=4, alpha=0.8, label=label)


def times_to_target(arrivals: pd.DataFrame, looks: Looks, joined: bool) -> Figure:
    """Epochs to target against rate: runs as dots, censored runs as open triangles, medians joined by lines."""
    panels = _panels(arrivals)
    columns = style.columns_for(len(panels))
    figure, axes = style.grid(len(panels), columns, height=3.2 if columns == 1 else 2.4)
    rates = np.sort(arrivals["rate"].unique())
    step = float(np.diff(rates).min()) if joined and len(rates) > 1 else 0.0
    for index, (panel, ax) in enumerate(zip(panels, axes, strict=True)):
        shown = arrivals[arrivals["panel"] == panel]
        names = list(dict.fromkeys(shown["placement"]))
        for place, name in enumerate(names):
            if name != panel:
                ax.plot([], [], color=looks[name].color, marker=looks[name].marker, markersize=4, label=name)
            offset = 0.62 * step * ((place + 0.5) / len(names) - 0.5)
            _times_line(ax, shown[shown["placement"] == name], looks[name], offset, joined=joined)
        style.heading(ax, panel, columns)
        ax.set_xlabel("dropout rate")
        ax.yaxis.set_major_locator(style.epoch_ticks())
        ax.set_ylim(0, 1.07 * float(arrivals["epochs"].max()))
        if index % columns == 0:
            ax.set_ylabel("epochs to target")
    axes[0].scatter([], [], s=30, facecolors="none", edgecolors="#222222", marker="^", label="censored (not reached)")
    style.legend(figure, axes)
    return figure


def _times_line(ax: Axes, line: pd.DataFrame, look: Look, offset: float, *, joined: bool) -> None:
    x = line["rate"].to_numpy(dtype=float) + offset
    y = line["epochs"].to_numpy(dtype=float)
    reached = line["reached"].to_numpy(dtype=bool)
    size = 9.0 * line["runs"].to_numpy(dtype=float)  # area counts runs that fall on one point
    ax.scatter(x[reached], y[reached], s=size[reached], color=look.color, marker=look.marker, alpha=0.3, linewidth=0)
    late = ~reached
    ax.scatter(
        x[late], y[late], s=14 + size[late], facecolors="none", edgecolors=look.color, marker="^", linewidth=HAIR
    )
    medians = line.drop_duplicates("rate")
    median = medians["epochs_to_target"].replace(np.inf, np.nan).to_numpy(dtype=float)
    where = medians["rate"].to_numpy(dtype=float) + offset
    ax.plot(where, median, "-" if joined else "", color=look.color, marker=look.marker, markersize=4)


def heat(rates: pd.DataFrame, metrics: Sequence[str], seeds: int, classification: bool) -> Figure:
    """Placement x rate as coloured cells with the means written in them; a star where seeds are missing."""
    groups = [str(name) for name in rates["group"].unique()]
    metrics = metrics if len(groups) == 1 else metrics[:1]
    placements, columns = rates["placement"].nunique(), rates["rate"].nunique()
    side = 2 if columns <= 5 and len(groups) * len(metrics) > 1 else 1
    figure, axes = style.grid(
        len(groups) * len(metrics), side, height=0.8 + 0.26 * placements + 0.2 * (len(groups) > 1)
    )
    panels = [(metric, group) for metric in metrics for group in groups]
    bounds = {m: (in_unit(m, float(rates[m].min())), in_unit(m, float(rates[m].max()))) for m in metrics}
    for (metric, group), ax in zip(panels, axes, strict=True):
        _heat_panel(ax, rates[rates["group"] == group], metric, bounds[metric], seeds)
        style.heading(ax, group, side, axis(metric, classification))
    return figure


def _heat_panel(ax: Axes, rates: pd.DataFrame, metric: str, bounds: tuple[float, float], seeds: int) -> None:
    cells = heatmap(rates, metric)
    counts = heatmap(rates, "n_complete").reindex(index=cells.index, columns=cells.columns).to_numpy(dtype=float)
    values = in_unit(metric, 1) * cells.to_numpy(dtype=float)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    low, high = bounds if bounds[1] > bounds[0] else (bounds[0] - 0.5, bounds[0] + 0.5)
    image = ax.imshow(values, aspect="auto", cmap="cividis", vmin=low, vmax=high)
    ax.set_xticks(range(cells.shape[1]), [f"{rate:.3g}" for rate in cells.columns])
    ax.set_yticks(range(cells.shape[0]), [style.shorten(str(name), 28) for name in cells.index])
    ax.tick_params(length=0)
    ax.set_xlabel("dropout rate (0: no dropout)" if 0.0 in cells.columns else "dropout rate")
    digits = _digits(values)
    small = 7 if cells.shape[1] <= 10 else 5.5
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            red, green, blue, _ = image.to_rgba(np.array([value]))[0]
            ink = "black" if 0.3 * red + 0.59 * green + 0.11 * blue > 0.5 else "white"
            text = f"{value:.{digits}f}".replace("-", "−") + ("*" if counts[row, column] < seeds else "")
            ax.text(column, row, text, ha="center", va="center", fontsize=small, color=ink)
    if metric.startswith("val") and np.isfinite(values).any():
        best = np.nanargmax(values) if is_maximised(metric) else np.nanargmin(values)
        row, column = np.unravel_index(best, values.shape)
        ax.add_patch(_frame(float(column), float(row)))


def _frame(column: float, row: float) -> "mpl_patches.Rectangle":
    return mpl_patches.Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor="#D55E00", linewidth=2)


def _digits(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> int:
    """Decimals that show three digits of the spread, and no more than four."""
    spread = float(np.nanmax(values) - np.nanmin(values)) if np.isfinite(values).any() else 0.0
    return int(np.clip(2 - np.floor(np.log10(spread)), 0, 4)) if spread > 0 else 3


def _panels(table: pd.DataFrame) -> Sequence[str]:
    return [str(name) for name in table["panel"].unique()]
