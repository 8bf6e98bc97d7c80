"""The figures of a sweep, drawn in several processes."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

from dropout_lab.report.draw import style
from dropout_lab.report.draw.style import Drawing
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.outline import pictures
from dropout_lab.report.topics.part import Plan


@dataclass(frozen=True)
class Gallery:
    """The drawn figures by name, and a sentence for each figure that this sweep does not have."""

    plans: dict[str, Plan]
    drawings: dict[str, Drawing]
    skipped: list[str]


def gallery(evidence: Evidence, jobs: int = 1, *, pdf: bool = True) -> Gallery:
    """Draw every figure in `jobs` processes, forked from this one if there are several.

    `pdf`: whether to draw PDFs too, which take as long as all else.
    """
    plans, skipped = planned_for(evidence)
    drawings = _drawn(list(plans.values()), min(jobs, len(plans)), pdf)
    return Gallery(plans, dict(zip(plans, drawings, strict=True)), skipped)


def planned_for(evidence: Evidence) -> tuple[dict[str, Plan], list[str]]:
    """The plan of every figure by name, and a sentence for each figure that the sweep does not have."""
    table = evidence.table
    if evidence.frames.curves.empty or table.empty or not (table["n_complete"] > 0).any():
        return {}, ["There are no figures, as no run is complete."]
    plans: dict[str, Plan] = {}
    skipped: list[str] = []
    for name, picture in pictures().items():
        found = picture.plan(evidence)
        if isinstance(found, Plan):
            plans[name] = found
        elif found is not None:
            skipped.append(found)
    return plans, skipped


def _drawn(plans: Sequence[Plan], jobs: int, pdf: bool) -> Sequence[Drawing]:
    if jobs <= 1:
        return [draw(plan, pdf=pdf) for plan in plans]
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
    return draw(plans[number], pdf=pdf)


def draw(plan: Plan, *, pdf: bool) -> Drawing:
    """The figure in all formats."""
    with style.styled():
        drawing = style.save(plan.draw(), pdf=pdf)
        return drawing if plan.narrow is None else replace(drawing, narrow=style.save_svg(plan.narrow()))
