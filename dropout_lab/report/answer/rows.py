"""The rows of the first screen: chosen, no dropout, difference, and one word."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.curves import TOLERANCE
from dropout_lab.report.answer.decision import Decision, Verdict
from dropout_lab.report.frames.by_seed import by_seed
from dropout_lab.report.spelling import axis, difference, is_maximised, number, title, unit_of, value
from dropout_lab.report.statistics import means_of_rows
from dropout_lab.report.topics.cells import spread
from dropout_lab.report.topics.differences.comparisons import POINTS
from dropout_lab.report.topics.evidence import Evidence

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


def rows(evidence: Evidence, decision: Decision) -> Iterator[Row]:
    """Test loss and accuracy, the objective by validation, and epochs to the run's own best."""
    if evidence.choice.best is None:
        return
    for row in (*_test(evidence), *_validation(evidence, decision), *_epochs(evidence)):
        has_reference = decision.verdict is not Verdict.NO_REFERENCE  # an unfinished one would be flattered
        yield row if has_reference else row._replace(other="–", difference="–", word="")


def _test(evidence: Evidence) -> Iterator[Row]:
    for row in evidence.tables["test_set"].to_dict("records"):
        metric = str(row["metric"])
        about = f"held-out; the interval covers {row['covers']}" if not np.isnan(row["low"]) else "held-out"
        yield _row(
            metric,
            _label(metric, evidence.is_class),
            about,
            row["value"],
            row["other"],
            row,
            _margin(metric, row["other"]),
        )
        if evidence.frames.is_language_model and metric == "test_loss":
            yield _perplexity(row)


def _perplexity(row: dict[Any, Any]) -> Row:
    """exp of the mean loss per token, and of its difference: a ratio."""
    with np.errstate(over="ignore"):
        mine, theirs = (number(float(np.exp(row[name])), 3) for name in ("value", "other"))
        ratio = (float(np.exp(row[f"difference{end}"])) for end in ("", "_low", "_high"))
    times = "–" if np.isnan(row["difference"]) else f"times {spread(lambda _, x: number(x, 3), '', *ratio)}"
    return Row("test_perplexity", "test perplexity", mine, theirs, times, "", "exp of the loss per token")


def _validation(evidence: Evidence, decision: Decision) -> Iterator[Row]:
    choice, metric = evidence.choice, evidence.objective
    best, other = choice.best, choice.reference
    assert best is not None
    found = choice.difference
    margin = 0.0 if evidence.comparison is None else float(evidence.comparison["margin"])
    about = "optimistic: chosen by it" if metric.startswith("val_") else "the objective"
    row = {
        "difference": np.nan if found is None else found.mean,
        "difference_low": np.nan if found is None else found.low,
        "difference_high": np.nan if found is None else found.high,
    }
    theirs = np.nan if other is None or found is None else float(other[metric])
    made = _row(metric, _label(metric, evidence.is_class), about, float(best[metric]), theirs, row, margin)
    if made.word in ("better", "worse") and decision.verdict is Verdict.ONE_SEED:
        made = made._replace(word="inconclusive")
    yield made


def _epochs(evidence: Evidence) -> Iterator[Row]:
    choice, metric = evidence.choice, "epochs_to_convergence"
    best, other = choice.best, choice.reference
    assert best is not None
    if metric == evidence.objective:
        return
    values = by_seed(evidence.frames, [metric])
    place = values.rows([best["trial"]])
    own = means_of_rows(values.of(metric, place)).of(0)
    if np.isnan(own.mean):
        return
    theirs, row = np.nan, dict.fromkeys(("difference", "difference_low", "difference_high"), np.nan)
    if other is not None and other["trial"] != best["trial"]:
        against = values.of(metric, values.rows([other["trial"]]))
        off = means_of_rows(values.of(metric, place) - against).of(0)
        theirs = means_of_rows(against).of(0).mean
        row = {"difference": off.mean, "difference_low": off.low, "difference_high": off.high}
    about = f"to within {100 * TOLERANCE:g} % of a run's best loss"
    made = _row(metric, "epochs to its own best", about, own.mean, theirs, row, EPOCHS * theirs)
    mine, others = int(best["n_improving"]), 0 if np.isnan(theirs) or other is None else int(other["n_improving"])
    if mine + others:
        made = made._replace(about=f"{mine + others} of these runs still improving at the end: not final")
        # A run that is still improving has its best later: what counts against it then stays true.
        if (mine and made.word in ("better", "no worse")) or (others and made.word in ("worse", "no worse")):
            made = made._replace(word="inconclusive")
    yield made


def _label(metric: str, classification: bool) -> str:
    """The title, with the unit that the values do not show."""
    return title(metric) if unit_of(metric).difference else axis(metric, classification)


def _row(
    metric: str,
    label: str,
    about: str,
    mine: float,
    theirs: float,
    off: "dict[Any, Any] | pd.Series[Any]",
    margin: float,
) -> Row:
    mean, low, high = (float(off[f"difference{end}"]) for end in ("", "_low", "_high"))
    has = np.isfinite(theirs) and np.isfinite(mean)
    return Row(
        metric,
        label,
        value(metric, mine),
        value(metric, theirs) if has else "–",
        spread(difference, metric, mean, low, high) if has else "–",
        word(low, high, margin, maximised=is_maximised(metric)) if has else "",
        about,
    )


def _margin(metric: str, other: float) -> float:
    """The margin of `comparisons.margin`, against a mean of the test set."""
    unit = unit_of(metric)
    return POINTS / unit.factor if unit.difference else TOLERANCE * abs(other)
