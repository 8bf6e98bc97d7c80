"""The places of a figure's panels, so that no label is cut or covers another.

Matplotlib's layout engines measure every artist of every panel twice, which takes longer than drawing them. Here, tick
labels, labels and titles are measured once."""

import itertools
import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, NullLocator
from matplotlib.transforms import Bbox, ScaledTranslation

EDGE = 0.06
"""Inches around the figure."""


GAP = 0.14
"""Inches between panels, labels included."""


PAD = 0.04
"""Inches between tick labels and the label of the axis."""


SQUEEZED = 0.62
"""A panel left with less than this share of its planned height makes the figure taller."""


LINES = 0.5
"""Inches that a title, the label of the x axis and the space between panels take, roughly."""


FIRST = {"left": 0.62, "right": 0.1, "top": 0.24, "bottom": 0.42}
"""Inches around a panel before anything is measured; they determine its ticks."""


def plan(figure: Figure, rows: int, columns: int) -> None:
    """Put the panels in rough places, which determine the ticks."""
    width, height = figure.get_size_inches()
    panel = (width / columns, height / rows)
    figure.subplots_adjust(
        left=FIRST["left"] / width,
        right=1 - FIRST["right"] / width,
        top=1 - FIRST["top"] / height,
        bottom=FIRST["bottom"] / height,
        wspace=(FIRST["left"] + FIRST["right"]) / (panel[0] - FIRST["left"] - FIRST["right"]),
        hspace=(FIRST["top"] + FIRST["bottom"]) / max(0.5, panel[1] - FIRST["top"] - FIRST["bottom"]),
    )


def arrange(figure: Figure) -> None:
    """Give each panel its place: all of one size, as large as labels, titles and the legend below allow.

    The ticks chosen for the rough places are kept. A figure whose labels leave its panels too little height becomes
    taller.
    """
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    inch = figure.dpi
    places = {ax: (_row(ax), _column(ax)) for ax in figure.axes}
    rows, columns = (sorted({place[side] for place in places.values()}) for side in (0, 1))
    width, height = figure.get_size_inches()

    ticks = {ax: (_ticks(ax.xaxis, renderer), _ticks(ax.yaxis, renderer)) for ax in places}
    legend = sum(box.get_window_extent(renderer).height / inch + EDGE for box in figure.legends)
    deepest = max([0.0, *((ax.bbox.y0 - box.y0) / inch for ax, (box, _) in ticks.items() if box is not None)])
    least = SQUEEZED * (height - 0.4)
    likely = max(least, height - legend - len(rows) * (deepest + LINES)) / len(rows)
    beside = {ax: _beside(ax, *ticks[ax], likely, renderer, inch) for ax in places}
    lefts, rights = (
        [max(beside[ax][side] for ax in places if places[ax][1] == column) for column in columns] for side in (0, 1)
    )
    wide = (width - 2 * EDGE - GAP * (len(columns) - 1) - sum(lefts) - sum(rights)) / len(columns)
    above = {ax: _above_and_below(ax, *ticks[ax], wide + 2 * EDGE, renderer, inch) for ax in places}
    bottoms, tops = ([max(above[ax][side] for ax in places if places[ax][0] == row) for row in rows] for side in (0, 1))
    spent = 2 * EDGE + GAP * (len(rows) - 1) + sum(bottoms) + sum(tops) + legend
    high = max(height - spent, least) / len(rows)
    height = spent + high * len(rows)

    figure.set_size_inches(width, height)
    x = EDGE + np.cumsum(
        [lefts[0], *(wide + right + GAP + left for right, left in zip(rights, lefts[1:], strict=False))]
    )
    y = (
        height
        - EDGE
        - np.cumsum(
            [tops[0] + high, *(bottom + GAP + top + high for bottom, top in zip(bottoms, tops[1:], strict=False))]
        )
    )
    _stack(figure, renderer)
    for ax, (row, column) in places.items():
        corner = x[columns.index(column)] / width, y[rows.index(row)] / height
        ax.set_position((*corner, wide / width, high / height))


def _stack(figure: Figure, renderer: RendererBase) -> None:
    """Put the figure's legends one below the other, the last at the bottom."""
    up = 0.0
    for box in reversed(figure.legends):
        box.set_bbox_to_anchor((0.5, up / float(figure.get_size_inches()[1])))
        up += box.get_window_extent(renderer).height / figure.dpi


def _row(ax: Axes) -> int:
    place = ax.get_subplotspec()
    assert place is not None, "all panels are made by style.grid"
    return int(place.rowspan.start)


def _column(ax: Axes) -> int:
    place = ax.get_subplotspec()
    assert place is not None, "all panels are made by style.grid"
    return int(place.colspan.start)


def _beside(
    ax: Axes, x: Bbox | None, y: Bbox | None, high: float, renderer: RendererBase, inch: float
) -> tuple[float, float]:
    """Place the label of the y axis; return the inches that the panel needs to its left and right."""
    panel = ax.bbox
    boxes = [x, y, *(text.get_window_extent(renderer) for text in ax.texts if text.get_in_layout())]
    known = [box for box in boxes if box is not None]
    left = max([0.0, *((panel.x0 - box.x0) / inch for box in known)])
    right = max([0.0, *((box.x1 - panel.x1) / inch for box in known)])
    if ax.yaxis.label.get_text():
        label = ax.yaxis.label
        _wrap(label, high, renderer, inch, down=True)
        ax.yaxis.set_label_coords(0, 0.5, transform=ax.transAxes + _shift(ax, -left - PAD, 0))
        left += PAD + label.get_window_extent(renderer).width / inch
    return left, right


def _above_and_below(
    ax: Axes, x: Bbox | None, y: Bbox | None, room: float, renderer: RendererBase, inch: float
) -> tuple[float, float]:
    """Place the label of the x axis; return the inches that the panel needs below and above."""
    panel = ax.bbox
    below = max([0.0, *((panel.y0 - box.y0) / inch for box in (x, y) if box is not None)])
    if ax.xaxis.label.get_text():
        label = ax.xaxis.label
        _wrap(label, room, renderer, inch)
        ax.xaxis.set_label_coords(0.5, 0, transform=ax.transAxes + _shift(ax, 0, -below - PAD))
        below += PAD + label.get_window_extent(renderer).height / inch
    above = max([0.0, *((box.y1 - panel.y1) / inch for box in (x, y) if box is not None)])
    own = ax.get_legend()
    if own is not None:
        above = max(above, (own.get_window_extent(renderer).y1 - panel.y1) / inch)
    if ax.get_title():
        _wrap(ax.title, room, renderer, inch)
        above = max(above, (ax.title.get_window_extent(renderer).y1 - panel.y1) / inch)
    return below, above


def _ticks(axis: Axis, renderer: RendererBase) -> Bbox | None:
    """Fix the ticks; return the box that their labels cover."""
    locator = axis.get_major_locator()
    if not isinstance(locator, FixedLocator | NullLocator):
        low, high = sorted(axis.get_view_interval())
        slack = 1e-9 * (high - low)
        places = [place for place in axis.get_majorticklocs() if low - slack <= place <= high + slack]
        axis.set_major_locator(FixedLocator(places))
    axis.set_label_coords(0.5, 0.5)  # otherwise it is placed anew beside the tick labels each time
    axis.label.set_visible(False)
    box = axis.get_tightbbox(renderer)
    axis.label.set_visible(True)
    return box


def _shift(ax: Axes, right: float, up: float) -> ScaledTranslation:
    figure = ax.get_figure(root=True)
    assert figure is not None
    return ScaledTranslation(right, up, figure.dpi_scale_trans)


def _wrap(text: Text, room: float, renderer: RendererBase, inch: float, *, down: bool = False) -> None:
    """Break each line that is longer than `room` inches into two."""
    lines = text.get_text().split("\n")
    letters = max(map(len, lines))
    for _ in range(4):  # letters differ in width
        box = text.get_window_extent(renderer)
        length = (box.height if down else box.width) / inch
        if length <= room:
            return
        letters = max(8, min(letters - 1, int(letters * room / length)))
        text.set_text("\n".join(part for line in lines for part in _halves(line, letters)))


def _halves(line: str, letters: int) -> list[str]:
    """The line, or two lines of similar length if it has more `letters`, broken between words if possible."""
    if len(line) <= letters:
        return [line]
    line = shorten(line, 2 * letters - 4)
    widths = range(-(-len(line) // 2), letters + 1)
    for may_break, width in itertools.product((False, True), widths):
        parts = textwrap.wrap(line, width, break_long_words=may_break)
        if len(parts) <= 2 and max(map(len, parts)) <= letters:
            break
    return parts[:2]


def shorten(text: str, letters: int) -> str:
    """Cut the middle out of a long text, because names differ at their ends."""
    if len(text) <= letters:
        return text
    tail = (letters - 1) // 2
    return f"{text[: letters - 1 - tail]}…{text[len(text) - tail :]}"
