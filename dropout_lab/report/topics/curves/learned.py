"""What methods learn, over the epochs."""

from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report.draw import style
from dropout_lab.report.draw.style import MARKERS, OKABE_ITO
from dropout_lab.report.frames.column import Columns, real, text, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Picture, Plan

PANELS = 6


QUANTITIES = ("rate", "sparsity")


def learned(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """One row per configuration, quantity, site and epoch: mean, minimum, maximum and number of its complete seeds.

    Contains the best configurations that learn, at most PANELS, in the order of `table`, the ranked configurations.
    Epochs that not all seeds have, because one of them stopped earlier, are left out.
    """
    complete = frames.runs.loc[frames.runs["status"] == "complete", "id"]
    known = frames.learned[frames.learned["id"].isin(complete) & frames.learned["quantity"].isin(QUANTITIES)]
    order = [trial for trial in table["trial"] if trial in set(known["trial"])][:PANELS]
    shown = known[known["trial"].isin(order)]
    keys = ["trial", "quantity", "site", "epoch"]
    means = shown.groupby(keys, sort=False)["value"].agg(["mean", "min", "max", "count"]).reset_index()
    seeds = shown.groupby("trial")["seed"].nunique()
    means = means[means["count"] == means["trial"].map(seeds)]
    means = means.rename(columns={"min": "least", "max": "most", "count": "n"})
    means.insert(1, "name", means["trial"].map(table.set_index("trial")["name"]))
    place = {trial: index for index, trial in enumerate(order)}
    return means.sort_values("trial", key=lambda trial: trial.map(place), kind="stable", ignore_index=True)


def draw_learned(table: pd.DataFrame, quantity: str) -> Figure:
    """`quantity` per epoch: a panel per configuration, a line per site with its range over seeds, same scales."""
    shown = table[table["quantity"] == quantity]
    trials = list(shown["trial"].unique())
    columns = style.columns_for(len(trials))
    figure, axes = style.grid(len(trials), columns, height=2.7 if len(trials) <= columns else 2.3, share=True)
    looks = {site: index for index, site in enumerate(shown["site"].unique())}
    for place, (trial, ax) in enumerate(zip(trials, axes, strict=True)):
        panel = shown[shown["trial"] == trial]
        for site, part in panel.groupby("site", sort=False):
            index = looks[site]
            color = OKABE_ITO[index % len(OKABE_ITO)]
            ax.fill_between(part["epoch"], part["least"], part["most"], color=color, alpha=0.2, linewidth=0)
            every = max(1, len(part) // 6)
            ax.plot(
                part["epoch"],
                part["mean"],
                color=color,
                marker=MARKERS[index % len(MARKERS)],
                markevery=every,
                label=str(site),
            )
        style.heading(ax, str(panel["name"].iloc[0]))
        ax.tick_params(labelbottom=place + columns >= len(trials))
        if place + columns >= len(trials):
            ax.set_xlabel("epoch")
    axes[0].xaxis.set_major_locator(style.epoch_ticks())
    axes[0].set_ylim(bottom=0)
    for ax in axes[::columns]:
        ax.set_ylabel(f"learned {quantity}" if quantity == "rate" else quantity)
    style.legend(figure, axes)
    return figure


HEADINGS = {"rate": "Learned rates over the epochs", "sparsity": "Weights left out over the epochs"}

CAPTIONS = {
    "rate": "The dropout rate that a site has learned. For noise of variance alpha it is alpha / (1 + alpha). A site "
    "with several rates has their mean.",
    "sparsity": "The share of the weights behind a site that evaluation leaves out.",
}


def _plan(quantity: str, evidence: Evidence) -> Plan | None:
    if evidence.frames.learned.empty:
        return None
    table = learned(evidence.frames, evidence.table)
    shown = table[table["quantity"] == quantity]
    if shown.empty:
        return None
    return Plan(
        HEADINGS[quantity],
        f"{CAPTIONS[quantity]} Lines: means over seeds. Bands: minimum to maximum.",
        sentence([_ends(part) for _, part in shown.groupby("trial", sort=False)]),
        shown,
        partial(draw_learned, shown, quantity),
    )


def _ends(part: pd.DataFrame) -> str:
    sites = [
        f"{site} from {course['mean'].iloc[0]:.3f} to {course['mean'].iloc[-1]:.3f}"
        for site, course in part.groupby("site", sort=False)
    ]
    return f"{part['name'].iloc[0]}: {', '.join(sites)}"


COLUMNS: Columns = {
    "quantity": text("rate, or sparsity: the share of weights left out"),
    "site": text("site whose method learns"),
    "epoch": whole("of the run", unit="epoch, from 1"),
    **{
        name: real(f"of the quantity over seeds: {meaning}", unit="probability, or fraction")
        for name, meaning in (("mean", "mean"), ("least", "minimum"), ("most", "maximum"))
    },
    "n": whole("complete runs", unit="runs"),
}

LEARNED_RATE, LEARNED_SPARSITY = (
    Picture(f"learned_{quantity}", partial(_plan, quantity), COLUMNS) for quantity in QUANTITIES
)
