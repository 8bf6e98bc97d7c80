"""Means with their intervals, one below the other."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from dropout_lab.report.draw import style
from dropout_lab.report.draw.layout import shorten
from dropout_lab.report.draw.scales import Scale
from dropout_lab.report.draw.style import Looks
from dropout_lab.report.statistics.floats import Bools, Floats

LETTERS = 48
"""Letters of a name, by default."""


def dots(
    ax: Axes,
    rows: pd.DataFrame,
    looks: Looks,
    values: tuple[Floats, Floats, Floats],
    filled: Bools,
    scale: Scale,
    say: Callable[[float], str],
    letters: int = LETTERS,
) -> None:
    """Draw a mark and its interval per row, the first on top; hollow if not `filled`.

    `values`: low, mean and high, as they are drawn. `say` spells a mean beyond the edge of the axis. The marks of a
    placement are one artist, because making an artist takes longer than drawing it.
    """
    low, mean, high = values
    places = np.arange(len(rows), dtype=float)
    of_rows = [style.look(looks, row) for row in rows.to_dict("records")]
    ax.hlines(places, low, high, colors=[look.color for look in of_rows], linewidth=1.2)
    for look in dict.fromkeys(of_rows):
        own = np.array([one == look for one in of_rows], dtype=bool)
        for kind, face in ((filled, look.color), (~filled, "white")):
            if (own & kind).any():
                ax.plot(mean[own & kind], places[own & kind], look.marker, color=look.color, mfc=face, ms=5)
        scale.mark(ax, places[own], mean[own], look.color, "x")
    scale.set([ax], "x")
    for place in np.flatnonzero(scale.beyond(mean)):
        align = "left" if scale.maximised else "right"
        label = ax.annotate(
            say(float(mean[place])), (scale.edge or 0.0, float(place)), (7 if scale.maximised else -7, 0),
            textcoords="offset points", ha=align, va="center", fontsize=7, annotation_clip=False,
        )  # fmt: skip
        label.set_in_layout(False)
    ax.set_yticks(places, [shorten(str(name), letters) for name in rows["name"]])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.grid(False, axis="y")
