"""The gap against rate."""

from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.lines import LINES
from dropout_lab.report.topics.part import Picture, Plan
from dropout_lab.report.topics.rates.against_rate import rate_plan


def _plan(evidence: Evidence) -> Plan | None:
    part = evidence.part
    if part is None:
        return None  # the figure of the rates says why
    gaps = ["gap_loss", "gap_accuracy"] if evidence.is_class and not part.crowded else ["gap_loss"]
    caption = f"At each run's best epoch, with dropout off on both sides; {evidence.means}."
    caption += f" A small gap with a bad validation value is underfitting. {part.note}"
    return rate_plan(evidence, part, gaps, "Gap between train and validation against rate", caption, alike=False)


GAP = Picture("gap", _plan, LINES)
