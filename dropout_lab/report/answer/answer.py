"""Everything that the first screen says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropout_lab.report.answer import details
from dropout_lab.report.answer.case import Action, Case
from dropout_lab.report.answer.cautions import cautions
from dropout_lab.report.answer.decision import Decision, decide
from dropout_lab.report.answer.headline import headline
from dropout_lab.report.answer.next import following
from dropout_lab.report.answer.rows import Heads, Row, heads, rows
from dropout_lab.report.answer.scope import scope
from dropout_lab.report.answer.sets import avoid, plausible
from dropout_lab.report.answer.state import State, state
from dropout_lab.report.topics.evidence import Evidence

FIRST = 3
"""Cautions on the first screen, at most."""


@dataclass(frozen=True)
class Answer:
    """`warnings`: the cautions that may change the answer. `cautions`: the others. `details`: by section title."""

    decision: Decision
    state: State
    headline: str
    warnings: Sequence[str]
    scope: str
    heads: Heads
    rows: Sequence[Row]
    plausible: str
    avoid: str
    next: Action
    cautions: Sequence[str]
    details: Mapping[str, Sequence[str]]

    @property
    def text(self) -> list[str]:
        """The paragraphs for a terminal."""
        parts = [f"{self.headline} ({self.state.text}.)", *self.warnings, self.scope]
        parts += [f"Also plausible: {self.plausible}"] if self.plausible else []
        parts += [f"Avoid: {self.avoid}"] if self.avoid else []
        return [*parts, f"Next: {self.next.why}\n  {self.next.command}"]


def answer(evidence: Evidence, folder: Path, running: bool) -> Answer:
    """Decide, and say it. `running`: whether a sweep trains into the folder now."""
    decision, far = decide(evidence), state(evidence.frames, running)
    found = list(cautions(evidence))
    first = [caution.sentence for caution in found if caution.first][:FIRST]
    return Answer(
        decision=decision,
        state=far,
        headline=headline(evidence, decision, far),
        warnings=first,
        scope=scope(evidence.frames),
        heads=heads(evidence, decision),
        rows=list(rows(evidence, decision)),
        plausible=plausible(evidence),
        avoid=avoid(evidence, decision),
        next=following(Case(evidence, decision, far, folder)),
        cautions=[caution.sentence for caution in found if caution.sentence not in first],
        details={
            "How sure": list(details.sure(evidence, decision)),
            "Convergence": list(details.converged(evidence)),
            "Gap": list(details.gap(evidence)),
            "Cost": list(details.cost(evidence)),
        },
    )
