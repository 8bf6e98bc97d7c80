"""What to try next, by rules: each a small function from the tables to a sentence, or to nothing.

The rules, in the order in which their sentences are given; `RULES` says of each when it speaks.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from dropout_lab.report.advice.learning import learning_rate
from dropout_lab.report.advice.settle import cheaper, longer, more_seeds
from dropout_lab.report.advice.strength import lower, not_needed, stronger
from dropout_lab.report.advice.widen import widen
from dropout_lab.report.evidence import Evidence


class Rule(NamedTuple):
    """`when`: in words, when `say` has something to say."""

    name: str
    when: str
    say: Callable[[Evidence], str | None]


RULES: Sequence[Rule] = (
    Rule(
        "learning rate",
        "In half or more of its runs, no dropout (of the best one's context, or where none is ranked, of every one) "
        "diverged or learned nothing; where no dropout was not trained, every configuration did: change the learning "
        "rate.",
        learning_rate,
    ),
    Rule(
        "not needed",
        "No dropout learned something, the 95 % interval of its gap in loss lies below 5 % of its validation loss, at "
        "the best epoch and at the last, and no dropout is told better: dropout is not what this network needs.",
        not_needed,
    ),
    Rule(
        "stronger",
        "The gap in loss of the chosen configuration is more than 25 % of its validation loss, surely (95 % interval), "
        "and a higher rate or more sites were not tried: raise the rate or place more.",
        stronger,
    ),
    Rule(
        "lower",
        "At a placement, from some rate on, configurations have a higher mean validation loss than no dropout, and "
        "either a train loss above the validation loss without dropout or, in most runs, a validation loss still "
        "falling at the end: lower the rate. Silent where the learning rate is to blame.",
        lower,
    ),
    Rule(
        "widen",
        "The best configuration drops, and its value of a swept number is the least or the greatest of three or more "
        "(of rates, two or more) that were tried, or, where a sampler tried more than 12, lies in the outermost tenth "
        "of them: widen the grid there. Not for data (dataset.*), not to rates above one of 0.9 or more, not to "
        "lower rates where no dropout was trained and the best is not told from its reference, and to no rates where "
        "dropout is not needed.",
        widen,
    ),
    Rule(
        "cheaper",
        "A configuration that is not told from the best, for which the choice of the best is accounted, is no dropout, "
        "which is not told by its own comparison either, or takes at least 10 % less time to the baseline's level: "
        "take the cheaper.",
        cheaper,
    ),
    Rule(
        "longer",
        "Half or more of the runs of the chosen configuration, or of its baseline, are still improving at the end: "
        "more epochs.",
        longer,
    ),
    Rule(
        "more seeds",
        "The difference to the baseline is not told, and more seeds would be likely to tell it: so many more.",
        more_seeds,
    ),
)


def advice(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Name of the rule and its sentence, of the rules that have something to say."""
    for rule in RULES:
        sentence = rule.say(evidence)
        if sentence is not None:
            yield rule.name, sentence
