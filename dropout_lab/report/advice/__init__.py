"""What to try next, by rules: each is a small function from the tables to a sentence, or to None.

`RULES` has them in the order of their sentences, and says when each applies.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from dropout_lab.report.advice.learning import learning_rate
from dropout_lab.report.advice.settle import cheaper, longer, more_seeds
from dropout_lab.report.advice.strength import lower, not_needed, stronger
from dropout_lab.report.advice.widen import widen
from dropout_lab.report.evidence import Evidence


class Rule(NamedTuple):
    """`when`: the condition under which `say` returns a sentence, for the reader."""

    name: str
    when: str
    say: Callable[[Evidence], str | None]


RULES: Sequence[Rule] = (
    Rule(
        "learning rate",
        "Half or more of the runs without dropout diverged or learned nothing, in the context of the best "
        "configuration or, if none is ranked, in every context. If none was trained without dropout: of the runs of "
        "every configuration. Advice: change the learning rate.",
        learning_rate,
    ),
    Rule(
        "not needed",
        "Without dropout, the network learned something, and the 95 % interval of its gap in loss lies below 5 % of "
        "its validation loss, at the best epoch and at the last. The best with dropout is not significantly better. "
        "Advice: this network does not need dropout.",
        not_needed,
    ),
    Rule(
        "stronger",
        "The 95 % interval of the chosen configuration's gap in loss lies above 25 % of its validation loss, and a "
        "higher rate or more sites were not tried. Advice: raise the rate or drop at more sites.",
        stronger,
    ),
    Rule(
        "lower",
        "At a placement, from some rate on, configurations have a higher validation loss than no dropout. In addition, "
        "their train loss is above the validation loss without dropout or, in most runs, their validation loss is "
        "still falling at the end. Advice: lower the rate. Not given where the learning rate is to blame.",
        lower,
    ),
    Rule(
        "widen",
        "The best configuration has dropout, and its value of a numeric setting is the lowest or highest of three or "
        "more that were tried (rates: two or more). If a sampler tried more than 12, the value lies in the outermost "
        "tenth. Advice: widen the grid there. Not given for data (dataset.*), for rates above one of 0.9 or more, for "
        "lower rates if no dropout was trained and the best is not significantly different from its reference, or for "
        "any rate if dropout is not needed.",
        widen,
    ),
    Rule(
        "cheaper",
        "A configuration is statistically indistinguishable from the best, with the choice of the best accounted for. "
        "It has no dropout, and its own comparison is not significant either; or it takes at least 10 % less time to "
        "reach the baseline's level. Advice: use the cheaper one.",
        cheaper,
    ),
    Rule(
        "longer",
        "Half or more of the runs of the chosen configuration, or of its baseline, are still improving at the end. "
        "Advice: train for more epochs.",
        longer,
    ),
    Rule(
        "more seeds",
        "The difference to the baseline is not significant, and a feasible number of seeds is likely to detect it. "
        "Advice: add that many.",
        more_seeds,
    ),
)


def advice(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield the name and the sentence of every rule that applies."""
    for rule in RULES:
        sentence = rule.say(evidence)
        if sentence is not None:
            yield rule.name, sentence
