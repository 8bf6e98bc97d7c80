"""The figures of what methods learn."""

from collections.abc import Iterator
from functools import partial

import pandas as pd

from dropout_lab.report.figure_data.learned import QUANTITIES, learned
from dropout_lab.report.figures import learned as figures
from dropout_lab.report.gallery.alts import sentence
from dropout_lab.report.gallery.picture import Plan
from dropout_lab.report.gallery.source import Source

NAMES = tuple(f"learned_{quantity}" for quantity in QUANTITIES)

HEADINGS = {"rate": "Learned rates over the epochs", "sparsity": "Weights left out over the epochs"}

CAPTIONS = {
    "rate": "The dropout rate that a site has learned. For noise of variance alpha it is alpha / (1 + alpha). A site "
    "with several rates has their mean.",
    "sparsity": "The share of the weights behind a site that evaluation leaves out.",
}


def plans(source: Source) -> Iterator[Plan]:
    """Plan no figure, and say nothing, for a sweep whose methods learn nothing, which is nearly every one."""
    if source.frames.learned.empty:
        return
    table = learned(source.frames, source.table)
    for quantity in QUANTITIES:
        shown = table[table["quantity"] == quantity]
        if len(shown):
            yield Plan(
                f"learned_{quantity}",
                HEADINGS[quantity],
                f"{CAPTIONS[quantity]} Lines: means over seeds. Bands: minimum to maximum.",
                sentence([_ends(part) for _, part in shown.groupby("trial", sort=False)]),
                shown,
                partial(figures.learned, shown, quantity),
            )


def _ends(part: pd.DataFrame) -> str:
    sites = [
        f"{site} from {course['mean'].iloc[0]:.3f} to {course['mean'].iloc[-1]:.3f}"
        for site, course in part.groupby("site", sort=False)
    ]
    return f"{part['name'].iloc[0]}: {', '.join(sites)}"
