"""A figure of the report as an object of Matplotlib's."""

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dropout_lab.report.draw import layout
from dropout_lab.report.draw.style import DPI, styled
from dropout_lab.report.topics.part import Plan


class ReportFigure(Figure):
    """A figure that a notebook shows, though no pyplot has made it."""

    def _repr_png_(self) -> bytes:
        png = io.BytesIO()
        with styled():
            self.savefig(png, format="png", dpi=DPI)
        return png.getvalue()


def drawn(plan: Plan) -> Figure:
    """The figure of a plan, laid out as on the page."""
    with styled():
        figure = plan.draw()
        figure.__class__ = ReportFigure
        layout.arrange(figure)
        FigureCanvasAgg(figure)  # what shows or saves it next
    return figure
