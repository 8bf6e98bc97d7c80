"""Train and validation curves."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dropout_lab.report import style
from dropout_lab.report.names import in_unit, unit
from dropout_lab.report.scales import Scale

TRAIN, VALIDATION = "#E69F00", "#0072B2"

SINGLE = 10
"""Seeds that are drawn one by one, at most."""


def learning_curves(curves: pd.DataFrame, metric: str, classification: bool) -> Figure:
    """Train and validation `metric` ("loss" or "accuracy") per epoch, a panel per configuration, on the same scales."""
    trials = list(curves["trial"].unique())
    columns = style.columns_for(len(trials))
    figure, axes = style.grid(len(trials), columns, height=2.7 if len(trials) <= columns else 2.3, share=True)
    names = (f"train_{metric}", f"val_{metric}")
    epochs = int(curves["epoch"].max())
    for place, (trial, ax) in enumerate(zip(trials, axes, strict=True)):
        shown = curves[curves["trial"] == trial]
        seeds = shown["seed"].unique()
        for name, color in zip(names, (TRAIN, VALIDATION), strict=True):
            matrix = shown.pivot(index="epoch", columns="seed", values=name)
            values = in_unit(name, 1) * matrix.to_numpy(dtype=float)
            ax.plot(matrix.index, values[:, :SINGLE], color=color, linewidth=0.6, alpha=0.45)
            # After the first run stopped, a mean would be of other runs than before.
            every = np.isfinite(values).sum(axis=1) == len(seeds)
            ax.plot(matrix.index[every], values[every].mean(axis=1), color=color, linewidth=2.2)
        best = shown[(shown["epoch"] == shown["best_epoch"]) & shown["seed"].isin(seeds[:SINGLE])]
        ax.plot(best["epoch"], in_unit(names[1], 1) * best[names[1]], "o", color=VALIDATION, mec="white", mew=0.7, ms=5)
        first = shown.iloc[0]
        ails = f": {first['diagnosis']}" if isinstance(first["diagnosis"], str) else ""
        style.heading(ax, str(first["name"]), f"{first['role']}{ails}")
        ax.tick_params(labelbottom=place + columns >= len(trials))
        if place + columns >= len(trials):
            ax.set_xlabel("epoch")
    axes[0].set_xlim(1 - 0.03 * epochs, epochs + 0.03 * epochs)
    axes[0].xaxis.set_major_locator(style.epoch_ticks())
    values = curves[list(names)].to_numpy(dtype=float)
    if metric == "loss" and np.nanmin(values) > 0 and np.nanmax(values) > 8 * np.nanmin(values):
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        Scale(maximised=False, logarithmic=True, limits=(0.85 * low, high / 0.85)).set(axes)
    name = unit(f"val_{metric}", classification)
    for ax in axes[::columns]:
        ax.set_ylabel(f"{metric} ({name})" if name else metric)
    style.legend_of(
        figure,
        [
            Line2D([], [], color=TRAIN, linewidth=2.2, label="train"),
            Line2D([], [], color=VALIDATION, linewidth=2.2, label="validation"),
            Line2D([], [], color="#777777", linewidth=0.6, label="one seed"),
            Line2D([], [], color=VALIDATION, marker="o", mec="white", linestyle="", label="best epoch of a seed"),
        ],
    )
    return figure
