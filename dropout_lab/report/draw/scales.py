"""Axes that resolve the best configurations, however bad the worst are."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from dropout_lab.report.statistics.floats import Bools, Floats

FACTOR = 4.0
"""Positive values that span more than this are on a logarithmic axis."""


FAR, SHOWN = 15.0, 10.0
"""Where the worst value is FAR times as far from the best as the median is, the axis ends at SHOWN times the median."""


FEW = 6
"""Up to this many values are all shown, unless some are absurd."""


ABSURD = 1000.0
"""A positive value more than this many times the best comes from a diverged training and lies beyond the axis."""


STEPS = (
    (2.5, (1, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9)),
    (6, (1, 1.5, 2, 3, 4, 5, 6, 8)),
    (30, (1, 1.5, 2, 3, 5, 7)),
    (3000, (1, 2, 5)),
    (math.inf, (1,)),
)
"""Ticks within a decade of a logarithmic axis, by the factor it spans."""


Side = Literal["x", "y"]


class Scale(NamedTuple):
    """How an axis shows values of which the larger or the smaller are better.

    `edge`: worse values are marked at the edge and not drawn to scale; None: there are none. `limits`: of the axis, if
    they differ from matplotlib's choice.
    """

    maximised: bool
    logarithmic: bool = False
    edge: float | None = None
    limits: tuple[float, float] | None = None
    both: bool = False
    """Whether values below minus the edge are beyond it too, and marked at the lower end."""

    def set(self, axes: Iterable[Axes], side: Side = "y") -> None:
        """Apply the scale, after everything is drawn, because only then the limits are known."""
        for ax in axes:
            if self.logarithmic:
                (ax.set_xscale if side == "x" else ax.set_yscale)("log")
            if self.limits is not None:
                (ax.set_xlim if side == "x" else ax.set_ylim)(*self.limits)
            if self.logarithmic:
                plain_log(ax.xaxis if side == "x" else ax.yaxis)

    def mark(self, ax: Axes, places: Floats, values: Floats, color: str, side: Side = "y") -> None:
        """Draw triangles at the edge for the values beyond it; `places` are along the other axis."""
        if self.edge is None:
            return
        self._mark(ax, places[self.beyond(values)], self.edge, color, side, downwards=self.maximised)
        if self.both:
            self._mark(ax, places[values < -self.edge], -self.edge, color, side, downwards=True)

    @staticmethod
    def _mark(ax: Axes, far: Floats, edge: float, color: str, side: Side, *, downwards: bool) -> None:
        at = np.full(len(far), edge)
        shape = {"y": "^v", "x": "><"}[side][downwards]
        x, y = (far, at) if side == "y" else (at, far)
        ax.plot(x, y, shape, color=color, ms=5, mew=0, clip_on=False, zorder=3)

    def beyond(self, values: Floats) -> Bools:
        """Which values lie beyond the edge."""
        if self.edge is None:
            return np.zeros(np.shape(values), dtype=bool)
        return np.asarray(values < self.edge if self.maximised else values > self.edge)

    @property
    def note(self) -> str:
        """A sentence for the caption; empty without an edge."""
        return "" if self.edge is None else "Triangles at the edge: values beyond the axis."


def scale(
    values: Floats, *, maximised: bool, logs: bool, ends: Floats | Sequence[float] = (), keep: float = np.nan
) -> Scale:
    """The scale for `values`. `ends`: of their intervals. `keep`: a value that must be visible.

    `logs`: whether the axis may be logarithmic; it then shows all values up to `ABSURD` times the best.
    """
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    is_absurd = logs and len(known) > 1 and 0 < known.min() < known.max() / ABSURD
    if len(known) <= FEW and not is_absurd:
        return Scale(maximised)
    outer = np.ravel(np.asarray(ends, dtype=float))
    outer = np.concatenate([known, outer[np.isfinite(outer)], [keep] if np.isfinite(keep) else []])
    if logs and known.min() > 0 and known.max() > FACTOR * known.min():
        # An interval that contains 0 would have no end.
        edge = ABSURD * float(known.min())
        low, high = max(outer.min(), known.min() / 2), min(outer.max(), 2 * known.max())
        if is_absurd:
            return Scale(maximised, logarithmic=True, edge=edge, limits=(float(low / 1.3), edge))
        room = (high / low) ** 0.04
        return Scale(maximised, logarithmic=True, limits=(float(low / room), float(high * room)))
    best = known.max() if maximised else known.min()
    off = np.abs(known - best)
    median = float(np.median(off))
    if median == 0 or off.max() <= FAR * median:
        return Scale(maximised)
    reach = max(SHOWN * median, 1.2 * abs(keep - best) if np.isfinite(keep) else 0.0)
    if off.max() <= 1.2 * reach:
        return Scale(maximised)
    if maximised:
        return Scale(maximised, edge=best - reach, limits=(best - reach, outer.max() + 0.06 * reach))
    return Scale(maximised, edge=best + reach, limits=(outer.min() - 0.06 * reach, best + reach))


def around_zero(values: Floats) -> Scale:
    """The scale for values of either sign, of which the smallest is not the best; absurd ones lie beyond its ends."""
    sizes = np.abs(np.asarray(values, dtype=float))
    sizes = sizes[np.isfinite(sizes)]
    middle = float(np.median(sizes)) if len(sizes) else 0.0
    if middle == 0 or sizes.max() <= ABSURD * middle:
        return Scale(maximised=False)
    edge = SHOWN * middle
    return Scale(maximised=False, edge=edge, limits=(-edge, edge), both=True)


def plain_log(axis: Axis) -> None:
    """Put the ticks of a logarithmic axis at round values, written as plain numbers."""
    low, high = axis.get_view_interval()
    span = high / low if low > 0 else 1.0
    steps = next(steps for most, steps in STEPS if span < most)
    axis.set_major_locator(LogLocator(subs=steps, numticks=99))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
