"""The rows of the first screen: chosen, other (no dropout if it is not chosen), difference, and one word."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.curves import TOLERANCE
from dropout_lab.report.answer.decision import Decision, Verdict
from dropout_lab.report.frames.by_seed import by_seed
from dropout_lab.report.spelling import axis, difference, is_maximised, number, plural, title, unit_of, value
from dropout_lab.report.statistics import NO_MEAN, Mean, means_of_rows, negated
from dropout_lab.report.topics import chance
from dropout_lab.report.topics.cells import spread
from dropout_lab.report.topics.differences.comparisons import POINTS
from dropout_lab.report.topics.evidence import Evidence

CONVERGED = "epochs_to_convergence"

EPOCHS = 0.1
"""Epochs to the best that differ by less than this share of the reference's are no worse."""

WORDS = ("better", "inconclusive", "no worse", "worse")


class Row(NamedTuple):
    """`word`: one of `WORDS`, or empty without a comparison. `about`: what the number is about."""

    metric: str
    label: str
    chosen: str
    other: str
    difference: str
    word: str
    about: str


class Heads(NamedTuple):
    """What stands above the rows. `word`: chosen, or looks best. `chosen` and `other`: names of configurations."""

    word: str
    chosen: str
    other: str


def word(low: float, high: float, margin: float, *, maximised: bool) -> str:
    """better or worse if the interval excludes 0; no worse if it excludes a harm of `margin`; else inconclusive."""
    if np.isnan(low) or np.isnan(high):
        return "inconclusive"
    least, most = (low, high) if maximised else (-high, -low)
    if least >= 0 and most > 0:
        return "better"
    if most <= 0 and least < 0:
        return "worse"
    return "no worse" if least > -margin else "inconclusive"


def heads(evidence: Evidence, decision: Decision) -> Heads:
    """The configuration that the answer chooses, without one the best so far; and what it is compared with."""
    best, beside = evidence.choice.best, evidence.choice.beside
    if best is None:
        return Heads("", "", "")
    mine, theirs = _named(evidence, best), "" if beside is None else _named(evidence, beside)
    if _is_swapped(evidence, decision):
        mine, theirs = theirs, mine
    return Heads("looks best" if decision.use is None else "chosen", mine, theirs)


def _named(evidence: Evidence, trial: "pd.Series[Any]") -> str:
    reference = evidence.choice.reference
    is_reference = reference is not None and reference["trial"] == trial["trial"]
    return evidence.reference_name if is_reference else str(trial["name"])


def _is_swapped(evidence: Evidence, decision: Decision) -> bool:
    """Whether the answer chooses not the best but what it is compared with, which is as good."""
    best = evidence.choice.best
    return decision.use is not None and best is not None and bool(decision.use["trial"] != best["trial"])


def rows(evidence: Evidence, decision: Decision) -> Iterator[Row]:
    """Test loss, accuracy and what was asked for, the objective by validation, and epochs to the run's own best."""
    if evidence.choice.best is None:
        return
    swap = _is_swapped(evidence, decision)
    for pair in (*_test(evidence), _validation(evidence, decision), *_others(evidence), *_epochs(evidence)):
        ordered = pair.swapped() if swap else pair
        row = ordered.row(evidence.is_class, chance.beside(evidence.frames, pair.metric))
        yield row
        if evidence.frames.is_language_model and pair.metric == "test_loss":
            yield _perplexity(ordered)


class Pair(NamedTuple):
    """A metric of the chosen configuration and of the other; `off`: chosen minus other, NaN without another.

    `improving` and `other_improving`: how many of their runs were still improving at the end, where that matters.
    `is_no_worse`: whether a test other than the interval shows that the chosen one is not worse by the margin.
    """

    metric: str
    label: str
    about: str
    mine: float
    theirs: float
    off: Mean
    improving: int = 0
    other_improving: int = 0
    is_no_worse: bool = False

    def swapped(self) -> "Pair":
        return self._replace(
            mine=self.theirs,
            theirs=self.mine,
            off=negated(self.off),
            improving=self.other_improving,
            other_improving=self.improving,
        )

    def row(self, classification: bool, chance: str) -> Row:
        """chance: what a network without inputs reaches, in words; empty where it is not known."""
        metric, off = self.metric, self.off
        has = bool(np.isfinite(self.theirs) and np.isfinite(off.mean))
        said = word(off.low, off.high, self._margin(), maximised=is_maximised(metric)) if has else ""
        about = "; ".join(filter(None, [chance, self.about]))
        if self.improving + self.other_improving:
            about = f"{about}; {plural(self.improving + self.other_improving, 'run')} still improving, so not final"
        if said == "inconclusive" and self.is_no_worse:
            said = "no worse"
        # A run that is still improving has its best later: what counts against it then stays true.
        if (self.improving and said in ("better", "no worse")) or (
            self.other_improving and said in ("worse", "no worse")
        ):
            said = "inconclusive"
        return Row(
            metric,
            self.label or _label(metric, classification),
            value(metric, self.mine) if np.isfinite(self.mine) else "–",
            value(metric, self.theirs) if has else "–",
            spread(difference, metric, off.mean, off.low, off.high) if has else "–",
            said,
            about,
        )

    def _margin(self) -> float:
        """See `comparisons.margin`."""
        if self.metric == CONVERGED:
            return EPOCHS * self.theirs
        unit = unit_of(self.metric)
        return POINTS / unit.factor if unit.difference else TOLERANCE * abs(self.theirs)


def _test(evidence: Evidence) -> Iterator[Pair]:
    for row in evidence.tables["test_set"].to_dict("records"):
        about = f"held-out; the interval covers {row['covers']}" if np.isfinite(row["difference_low"]) else "held-out"
        off = Mean(row["difference"], row["difference_low"], row["difference_high"], row["seeds"], row["p"])
        yield Pair(str(row["metric"]), "", about, row["value"], row["other"], off)


def _perplexity(pair: Pair) -> Row:
    """exp of the mean loss per token, and of its difference: a ratio."""
    with np.errstate(over="ignore"):
        mine, theirs = (number(float(np.exp(one)), 3) for one in (pair.mine, pair.theirs))
        ratio = (float(np.exp(end)) for end in pair.off[:3])
    times = "–" if np.isnan(pair.off.mean) else f"times {spread(lambda _, x: number(x, 3), '', *ratio)}"
    return Row("test_perplexity", "test perplexity", mine, theirs, times, "", "exp of the loss per token")


def _validation(evidence: Evidence, decision: Decision) -> Pair:
    choice, metric = evidence.choice, evidence.objective
    assert choice.best is not None
    about = "optimistic: chosen by it" if metric.startswith("val_") else "the objective"
    best_by = evidence.frames.best_by
    if best_by is not None and metric not in (best_by, CONVERGED):
        about += f"; at the epoch of the {'highest' if is_maximised(best_by) else 'lowest'} {title(best_by)}"
    theirs = np.nan if choice.beside is None else float(choice.beside[metric])
    as_good = decision.verdict is Verdict.AS_GOOD
    if as_good:
        about = f"{about}; no worse by a one-sided test"
    off = choice.beside_difference or NO_MEAN
    return Pair(metric, "", about, float(choice.best[metric]), theirs, off, is_no_worse=as_good)


def _others(evidence: Evidence) -> Iterator[Pair]:
    """The objectives after the first."""
    best, other = evidence.choice.best, evidence.choice.beside
    assert best is not None
    for metric in evidence.frames.objectives[1:]:
        if metric in (CONVERGED, "test_loss", "test_accuracy"):
            continue
        values = by_seed(evidence.frames, [metric])
        mine = values.of(metric, values.rows([best["trial"]]))
        pair = Pair(metric, "", "another objective", means_of_rows(mine).of(0).mean, np.nan, NO_MEAN)
        if other is not None:
            theirs = values.of(metric, values.rows([other["trial"]]))
            pair = pair._replace(theirs=means_of_rows(theirs).of(0).mean, off=means_of_rows(mine - theirs).of(0))
        yield pair


def _epochs(evidence: Evidence) -> Iterator[Pair]:
    best, other = evidence.choice.best, evidence.choice.beside
    assert best is not None
    if evidence.objective == CONVERGED:
        return
    values = by_seed(evidence.frames, [CONVERGED])
    mine = values.of(CONVERGED, values.rows([best["trial"]]))
    own = means_of_rows(mine).of(0)
    if np.isnan(own.mean):
        return
    about = f"to within {100 * TOLERANCE:g} % of a run's best loss"
    pair = Pair(CONVERGED, "epochs to its own best", about, own.mean, np.nan, NO_MEAN, int(best["n_improving"]))
    if other is not None:
        theirs = values.of(CONVERGED, values.rows([other["trial"]]))
        mean = means_of_rows(theirs).of(0).mean
        improving = 0 if np.isnan(mean) else int(other["n_improving"])
        pair = pair._replace(theirs=mean, off=means_of_rows(mine - theirs).of(0), other_improving=improving)
    yield pair


def _label(metric: str, classification: bool) -> str:
    """The title, with the unit that the values do not show."""
    return title(metric) if unit_of(metric).difference else axis(metric, classification)
