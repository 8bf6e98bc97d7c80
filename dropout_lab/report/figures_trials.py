"""The figures over configurations: curves, a list with intervals, sites. Each function draws exactly one table."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from dropout_lab.report import style
from dropout_lab.report.figures_rate import Looks
from dropout_lab.report.names import axis, in_unit, unit
from dropout_lab.report.style import BASELINE, Look

TRAIN, VALIDATION = "#E69F00", "#0072B2"
OTHER = Look("#0072B2", "o")


def learning_curves(curves: pd.DataFrame, metric: str, classification: bool) -> Figure:
    """Train and validation `metric` ("loss" or "accuracy") per epoch, a panel per role, all on the same scales."""
    roles = list(curves["role"].unique())
    figure, axes = style.grid(len(roles), len(roles), height=2.8, share=True)
    names = (f"train_{metric}", f"val_{metric}")
    for role, ax in zip(roles, axes, strict=True):
        shown = curves[curves["role"] == role]
        for name, color in zip(names, (TRAIN, VALIDATION), strict=True):
            for _, seed in shown.groupby("seed"):
                ax.plot(seed["epoch"], in_unit(name, 1) * seed[name], color=color, linewidth=0.6, alpha=0.45)
            mean = shown.groupby("epoch")[name].agg(["mean", "size"])
            # Beyond the first run that stopped, a mean would be of other runs than before.
            mean = mean[mean["size"] == shown["seed"].nunique()]
            ax.plot(mean.index, in_unit(name, 1) * mean["mean"], color=color, linewidth=2.2)
        best = shown[shown["epoch"] == shown["best_epoch"]]
        ax.plot(best["epoch"], in_unit(names[1], 1) * best[names[1]], "o", color=VALIDATION, mec="white", mew=0.7, ms=5)
        style.heading(ax, str(shown["name"].iloc[0]), len(roles), role)
        ax.set_xlabel("epoch")
        ax.xaxis.set_major_locator(style.epoch_ticks())
    values = curves[list(names)].to_numpy(dtype=float)
    if metric == "loss" and np.nanmin(values) > 0 and np.nanmax(values) > 8 * np.nanmin(values):
        _log_scale(axes)
    name = unit(f"val_{metric}", classification)
    axes[0].set_ylabel(f"{metric} ({name})" if name else metric)
    figure.legend(
        handles=[
            Line2D([], [], color=TRAIN, linewidth=2.2, label="train"),
            Line2D([], [], color=VALIDATION, linewidth=2.2, label="validation"),
            Line2D([], [], color="#777777", linewidth=0.6, label="one seed"),
            Line2D([], [], color=VALIDATION, marker="o", mec="white", linestyle="", label="best epoch of a seed"),
        ],
        loc="outside lower center",
        ncols=4,
    )
    return figure


def _log_scale(axes: list[Axes]) -> None:
    for ax in axes:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter(ScalarFormatter())
        ax.yaxis.set_minor_formatter(NullFormatter())


def list_of_configurations(listed: pd.DataFrame, objective: str, looks: Looks, classification: bool) -> Figure:
    """A dot and its interval per configuration, best on top, hollow if seeds are missing; the baseline as a band."""
    figure, (ax,) = style.grid(1, 1, height=0.9 + 0.19 * len(listed))
    scale = in_unit(objective, 1)
    baseline = listed[listed["baseline"]].head(1)
    columns = (f"{objective}_low", objective, f"{objective}_high")
    for low, mean, high in scale * baseline[list(columns)].to_numpy(dtype=float):
        if np.isfinite([low, high]).all():
            ax.axvspan(low, high, color=BASELINE, alpha=0.13, linewidth=0)
        ax.axvline(mean, color=BASELINE, linewidth=1, linestyle=(0, (4, 2)))
    for row, (_, trial) in enumerate(listed.iterrows()):
        look = Look(BASELINE, "o") if trial["baseline"] else looks.get(str(trial["placement"]), OTHER)
        low, mean, high = (scale * float(trial[column]) for column in columns)
        ax.hlines(row, low, high, color=look.color, linewidth=1.2)
        ax.plot(mean, row, look.marker, color=look.color, ms=5, mfc=look.color if trial["whole"] else "white")
    ax.set_yticks(range(len(listed)), [style.shorten(str(name), 48) for name in listed["name"]])
    ax.set_ylim(len(listed) - 0.4, -0.6)
    ax.grid(False, axis="y")
    ax.set_xlabel(axis(objective, classification))
    return figure


def against_site_rates(sites: pd.DataFrame, objective: str, looks: Looks, classification: bool) -> Figure:
    """The objective against the rate of each site, a point per configuration; the best one ringed."""
    names = list(sites["site"].unique())[:9]
    columns = min(3, len(names))
    figure, axes = style.grid(len(names), columns, height=2.4)
    scale = in_unit(objective, 1)
    for index, (name, ax) in enumerate(zip(names, axes, strict=True)):
        shown = sites[sites["site"] == name]
        for placement, points in shown[~shown["baseline"]].groupby("placement", sort=False, dropna=False):
            look = looks.get(str(placement), OTHER)
            label = str(placement) if str(placement) in looks else None
            ax.plot(
                points["rate"], scale * points[objective], look.marker, color=look.color, ms=4, alpha=0.6, label=label
            )
        for mean in scale * shown.loc[shown["baseline"], objective].head(1):
            ax.axhline(mean, color=BASELINE, linewidth=1, linestyle=(0, (4, 2)), label="no dropout")
        best = shown.head(1)
        ax.plot(best["rate"], scale * best[objective], "o", mfc="none", mec="#000000", ms=9, mew=1.2, label="best mean")
        ax.set_xlabel(style.shorten(f"rate at {name}", 36))
        if index % columns == 0:
            ax.set_ylabel(axis(objective, classification))
        else:
            ax.tick_params(labelleft=False)
        ax.sharey(axes[0])
    style.legend(figure, axes)
    return figure
