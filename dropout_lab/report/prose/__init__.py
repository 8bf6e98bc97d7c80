"""The answer in plain sentences, and as plainly what the evidence cannot show: the first screen of the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dropout_lab.report.advice import advice
from dropout_lab.report.cautions import cautions
from dropout_lab.report.evidence import Evidence
from dropout_lab.report.prose.better import better
from dropout_lab.report.prose.cost import cost
from dropout_lab.report.prose.sure import sure
from dropout_lab.report.prose.unseen import unseen
from dropout_lab.report.prose.which import headline, nothing, which

QUESTIONS = {
    "which": "Which",
    "better": "How much better",
    "unseen": "On unseen data",
    "cost": "What it costs",
    "sure": "How sure",
    "next": "What to try next",
}
"""The parts of `Prose` and the question that each answers, in the order of the page."""


@dataclass(frozen=True)
class Prose:
    """`headline`: the choice in a few words; empty if there is none. Each part of `QUESTIONS`: its sentences, if any.

    `cautions`: what to keep in mind when using the answer.
    """

    headline: str
    which: Sequence[str]
    better: Sequence[str]
    unseen: Sequence[str]
    cost: Sequence[str]
    sure: Sequence[str]
    next: Sequence[str]
    cautions: Sequence[str]

    def answers(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield question and sentences of the questions that have an answer."""
        for part, question in QUESTIONS.items():
            if getattr(self, part):
                yield question, getattr(self, part)

    def all(self) -> list[str]:
        """A paragraph per question, in the order of the page, and then the cautions."""
        return [f"{question}: {' '.join(sentences)}" for question, sentences in self.answers()] + list(self.cautions)


def prose(evidence: Evidence) -> Prose:
    """The sentences of the first screen."""
    beware = list(cautions(evidence.frames, evidence.table))
    following = [sentence for _, sentence in advice(evidence)]
    if evidence.found.best is None:
        return Prose("", list(nothing(evidence)), [], [], [], [], following, beware)
    best = evidence.found.best
    return Prose(
        headline(best),
        list(which(evidence, best)),
        list(better(evidence, best)),
        list(unseen(evidence, best)),
        list(cost(evidence, best)),
        list(sure(evidence, best)),
        following,
        beware,
    )
