"""The figures that a sweep has, with their captions and alternative texts: one module per section of the page."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

from dropout_lab.report import outline, style
from dropout_lab.report.answer import Answer
from dropout_lab.report.gallery import confidence, convergence, cost, curves, differences, rates, search
from dropout_lab.report.gallery.picture import Gallery, Picture, Plan
from dropout_lab.report.gallery.source import Source
from dropout_lab.report.load import Frames
from dropout_lab.report.outline import Section
from dropout_lab.report.style import Drawing

__all__ = ["NAMES", "Gallery", "Picture", "gallery"]

_MODULES = {
    outline.RATES: rates,
    outline.DIFFERENCES: differences,
    outline.CONVERGENCE: convergence,
    outline.CURVES: curves,
    outline.SEARCH: search,
    outline.CONFIDENCE: confidence,
    outline.COST: cost,
}
"""The figures of each section."""

NAMES: Sequence[str] = [name for module in _MODULES.values() for name in module.NAMES]
"""All names a picture may have."""


def gallery(
    frames: Frames,
    table: pd.DataFrame,
    found: Answer,
    jobs: int = 1,
    *,
    folder: Path | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    pdf: bool = True,
) -> Gallery:
    """Draw every picture of the sweep in `jobs` processes, forked from this one if there are several.

    `table`: the ranked configurations. `folder`: the sweep's, for its predictions. `tables`: those of `tables.TABLES`
    that have been computed already, by name. `pdf`: whether to draw PDFs too, which take as long as all else.
    """
    planned, skipped = planned_for(Source(frames, table, found, folder, tables or {}))
    drawings = _drawn([plan for _, plan in planned], min(jobs, len(planned)), pdf)
    return Gallery(
        [
            Picture(plan.name, section, plan.heading, plan.caption, plan.alt, plan.table, drawing)
            for (section, plan), drawing in zip(planned, drawings, strict=True)
        ],
        skipped,
    )


def planned_for(source: Source) -> tuple[Sequence[tuple[Section, Plan]], list[str]]:
    """Section and plan of every picture, and a sentence for each picture that the sweep does not have."""
    if source.frames.curves.empty or source.table.empty or not (source.table["n_complete"] > 0).any():
        return [], ["There are no figures, as no run is complete."]
    sections = [section for section in outline.SECTIONS if section in _MODULES]
    return [(section, plan) for section in sections for plan in _MODULES[section].plans(source)], source.skipped


def _drawn(plans: Sequence[Plan], jobs: int, pdf: bool) -> Sequence[Drawing]:
    if jobs <= 1:
        return [_draw(plan, pdf) for plan in plans]
    # The fork passes on the plans; only their numbers and the finished files are sent.
    context = get_context("fork")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_inherit, initargs=(plans, pdf)) as pool:
        return list(pool.map(_draw_inherited, range(len(plans))))


_inherited: tuple[Sequence[Plan], bool] = (), True


def _inherit(plans: Sequence[Plan], pdf: bool) -> None:
    global _inherited
    _inherited = plans, pdf


def _draw_inherited(number: int) -> Drawing:
    plans, pdf = _inherited
    return _draw(plans[number], pdf)


def _draw(plan: Plan, pdf: bool) -> Drawing:
    with style.styled():
        return style.save(plan.draw(), pdf=pdf)
