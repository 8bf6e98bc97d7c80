"""The look of all figures: paper, ink, a colour and a marker per placement; and how a figure becomes files."""

import io
import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from dropout_lab.report.draw import layout

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C7A00")
"""Seven colours for colour-blind readers too (Okabe and Ito, 2008), the yellow darkened for white paper."""


MARKERS = ("o", "s", "D", "v", "P", "X", "p", "*", "<", ">", "h", "d")
"""Twelve shapes; the upward triangle is reserved for censored runs."""


BASELINE = "#555555"


WIDTH = 6.75
"""Inches, the text width of a two-column page, so that letters keep their size in print."""


DPI = 150


DENSE = 400
"""Clouds of more points than this are rasterised in SVG and PDF."""


DASHES = (0, (4, 2))
"""The dashes of lines that stand for no dropout."""


RC: Any = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "legend.fontsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.titley": 1.0,  # otherwise it is searched for in each drawing
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "legend.handlelength": 2.6,  # so that dashes show their gaps
    "text.parse_math": False,  # names of settings may hold dollar signs
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],  # the first for measures, the others for browsers
    "svg.hashsalt": "dropout-lab",
    "svg.fonttype": "none",  # text stays text: a tenth of the size, and words that can be found
    "pdf.fonttype": 42,  # TrueType, which journals require; text stays text
}


TONES = ((0.0, 0.0), (0.0, 0.5), (1.0, 0.45))
"""For the first, second and third line of a placement: the grey mixed into its colour (1: white), and how much."""


LINES = ("-", (0, (6, 1.5, 1.5, 1.5)), (0, (1, 1)))


class Look(NamedTuple):
    color: str
    marker: str


Looks = Mapping[str, Look]


class Stroke(NamedTuple):
    """The look of a configuration's line."""

    color: str
    marker: str
    dash: Any


NONE = Look(BASELINE, "o")
"""No dropout."""


OTHER = Look("#0072B2", "o")
"""Configurations whose sites have their own rates, and so no placement."""


@dataclass(frozen=True)
class Drawing:
    """A finished figure in all formats."""

    png: bytes
    svg: bytes
    pdf: bytes | None
    narrow: bytes | None = None
    """SVG of the same figure for a phone, if it has one."""


def looks(placements: Sequence[str]) -> dict[str, Look]:
    """Colour and marker per placement; the pair is unique for up to 84 placements."""
    return {name: Look(OKABE_ITO[i % len(OKABE_ITO)], MARKERS[i % len(MARKERS)]) for i, name in enumerate(placements)}


def look(looks: Looks, row: "Mapping[Any, Any] | pd.Series[Any]") -> Look:
    """The look of a configuration, by its columns `baseline` and `placement`."""
    return NONE if row["baseline"] else looks.get(str(row["placement"]), OTHER)


def strokes(table: pd.DataFrame, looks: Looks) -> dict[Any, Stroke]:
    """Trial -> stroke: the hue of its placement, in another tone and dash for each trial that shares it."""
    found: dict[Any, Stroke] = {}
    seen: dict[str, int] = {}
    for row in table.drop_duplicates("trial").to_dict("records"):
        one = look(looks, row)
        turn = seen.get(one.color, 0) % len(TONES)
        seen[one.color] = turn + 1
        with_what, much = TONES[turn]
        red, green, blue = ((1 - much) * part + much * with_what for part in to_rgb(one.color))
        found[row["trial"]] = Stroke(to_hex((red, green, blue)), one.marker, DASHES if row["baseline"] else LINES[turn])
    return found


def styled() -> AbstractContextManager[None]:
    return mpl.rc_context(RC)


def grid(
    panels: int, columns: int, *, height: float, share: bool = False, width: float = WIDTH
) -> tuple[Figure, list[Axes]]:
    """A figure of `panels` axes, `columns` in a row of `width` inches, each row `height` inches.

    Spare axes are removed. `share`: all axes have the same scales.
    """
    rows = -(-panels // columns)
    figure = Figure(figsize=(width, rows * height + 0.4), dpi=DPI)
    layout.plan(figure, rows, columns)
    axes = figure.subplots(rows, columns, squeeze=False, sharey=share, sharex=share)
    flat = list(axes.flat)
    for spare in flat[panels:]:
        spare.remove()
    return figure, flat[:panels]


def legend(figure: Figure, axes: Sequence[Axes]) -> None:
    """Add one legend for all axes, with each label once."""
    found = {label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    legend_of(figure, list(found.values()), list(found))


def legend_of(figure: Figure, handles: Sequence[Any], labels: Sequence[str] | None = None) -> None:
    """Add a legend below all axes, in as many columns as fit into the page's width."""
    labels = labels if labels is not None else [str(handle.get_label()) for handle in handles]
    # Letters in a line at the legend's size; the mark and margin of an entry take 7.
    room = int(92 * figure.get_size_inches()[0] / WIDTH)
    is_short = sum(len(label) + 7 for label in labels) <= room
    if labels:
        columns = len(labels) if is_short else min(6, max(1, room // (max(map(len, labels)) + 7)))
        figure.legend(handles, labels, loc="lower center", bbox_to_anchor=(0.5, 0), borderaxespad=0.3, ncols=columns)


def share_y(axes: Sequence[Axes]) -> None:
    """Give all panels the scale that fits those with content."""
    filled = [ax for ax in axes if all(map(math.isfinite, ax.dataLim.get_points().flat))]
    if filled:
        lows, highs = zip(*(ax.get_ylim() for ax in filled), strict=True)
        for ax in axes:
            ax.set_ylim(min(lows), max(highs))


def columns_for(panels: int) -> int:
    """The columns of a grid: at most three, and no row much emptier than the others."""
    return 2 if panels in (2, 4) else min(3, panels)


def heading(ax: Axes, text: str, line: str = "") -> None:
    """Set a title, below an optional first `line`; `layout` breaks lines wider than the panel."""
    ax.set_title("\n".join(part for part in (line, text) if part))


def epoch_ticks() -> MaxNLocator:
    return MaxNLocator(nbins=6, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)


def save(figure: Figure, *, pdf: bool) -> Drawing:
    """The figure as PNG, SVG and, if wanted, PDF, the same bytes for the same figure."""
    layout.arrange(figure)
    png, paper = io.BytesIO(), io.BytesIO()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    # Opaque, and lightly compressed: zlib's last tenth of size takes most of its time.
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    Image.fromarray(pixels[..., :3]).save(png, "png", compress_level=2, dpi=(DPI, DPI))
    svg = _as_svg(figure)
    figure.dpi = DPI  # the canvas changes it; rasterised parts are to be as fine as the PNG
    if pdf:  # its fonts take longer than everything else
        from matplotlib.backends.backend_pdf import FigureCanvasPdf

        FigureCanvasPdf(figure).print_pdf(paper, metadata={"CreationDate": None})  # type: ignore[no-untyped-call]
    return Drawing(png.getvalue(), svg, paper.getvalue() if pdf else None)


def save_svg(figure: Figure) -> bytes:
    """The figure as SVG alone."""
    layout.arrange(figure)
    return _as_svg(figure)


def _as_svg(figure: Figure) -> bytes:
    svg = io.StringIO()
    FigureCanvasSVG(figure).print_svg(svg, metadata={"Date": None})  # type: ignore[no-untyped-call]
    return svg.getvalue().encode()
