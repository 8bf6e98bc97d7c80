"""Sentences of the folded sections: how sure the answer is, what it costs, and the gap."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.curves import TOLERANCE
from dropout_lab.report.answer.decision import Decision, Verdict
from dropout_lab.report.answer.sets import spans
from dropout_lab.report.frames.by_seed import by_seed
from dropout_lab.report.spelling import (
    amount,
    and_list,
    difference,
    duration,
    number,
    plural,
    probability,
    title,
    value,
)
from dropout_lab.report.statistics import ALPHA, Mean, holm, means_of_rows
from dropout_lab.report.topics.evidence import Evidence

NO_GAP = 0.05
"""A gap in loss below this share of the validation loss counts as no gap."""

NAMED = 3


def sure(evidence: Evidence, decision: Decision) -> Iterator[str]:
    """How sure the answer is."""
    best = evidence.choice.best
    if best is None:
        return
    if evidence.frames.seeds == 1:
        yield "One seed: no interval is possible, and every difference may be due to the seed."
        return
    yield from _test_of(evidence, decision, best)
    yield from _equivalent(evidence, decision)
    yield from _rates(evidence)
    yield from _optimism(evidence, best)
    yield from _elsewhere(evidence, best)
    yield from _front(evidence)


def _test_of(evidence: Evidence, decision: Decision, best: pd.Series) -> Iterator[str]:
    choice, metric, other = evidence.choice, evidence.objective, evidence.reference_name
    if choice.difference is not None and np.isfinite(choice.difference.p):
        yield (
            f"The difference of {best['name']} to {other} in {title(metric)} is "
            f"{difference(metric, choice.difference.mean)} ({interval(metric, choice.difference)}, simultaneous over "
            f"{plural(choice.tests, 'comparison')}; paired t test, {probability(choice.difference.p)} after Holm "
            "correction)."
        )
    elif choice.difference is not None:
        yield f"The difference of {best['name']} to {other} is the same at every seed, so no test is possible."
    if decision.verdict is Verdict.AS_GOOD and decision.rivals is not None:
        margin = amount(metric, float(decision.rivals["margin"].max()))
        yield (
            f"No other configuration is better than {other} by more than {margin} (one-sided t tests at "
            f"{100 * ALPHA:g} %)."
        )


def _equivalent(evidence: Evidence, decision: Decision) -> Iterator[str]:
    others, beside = evidence.indistinguishable, evidence.tables["to_best"]
    if beside.empty:
        return
    margin = amount(evidence.objective, float(beside["margin"].iloc[0]))
    equivalent, reference = evidence.equivalent, evidence.choice.reference
    if decision.verdict is Verdict.BETTER and reference is not None:
        if (equivalent["trial"] == reference["trial"]).any():
            yield f"The gain is shown to be smaller than the margin of {margin}: it may not matter."
        equivalent = equivalent[equivalent["trial"] != reference["trial"]]
    same = list(equivalent["name"])
    tests = "two one-sided t tests, Holm-corrected"
    if same:
        more = f" and {len(same) - NAMED} more" if len(same) > NAMED else ""
        yield f"Equivalent to the best within {margin} ({tests}): {'; '.join(same[:NAMED])}{more}."
    elif len(others):
        yield f"Equivalence with the best within {margin} could not be shown for any other configuration ({tests})."


def _rates(evidence: Evidence) -> Iterator[str]:
    rates = evidence.tables["best_rates"]
    if len(rates) < 3:
        return
    flat = [float(rate) for rate in rates.loc[rates["in_set"], "rate"]]
    if len(flat) > 1:
        several = ", each at its best placement," if evidence.table["placement"].nunique() > 2 else ""
        none = " (rate 0: no dropout)" if 0.0 in flat else ""
        yield f"Rates {spans(flat, list(rates['rate']))}{several} cannot be ruled out as best{none}."


def _optimism(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    metric = evidence.objective
    row = evidence.row("optimism", best, metric=metric)
    if row is not None and row["configurations"] > 1 and np.isfinite(row["optimism"]):
        picking = f"Picking the best of {row['configurations']} configurations"
        if row["optimism"] > 0:
            size, corrected = amount(metric, row["optimism"]), value(metric, row["corrected"])
            yield f"{picking} biases its {title(metric)} by about {size}: further seeds should show about {corrected}."
        else:
            yield f"{picking} shows no sign of biasing its {title(metric)}."
    epoch = evidence.row("best_epoch", best)
    if epoch is None or not np.isfinite(epoch["bias"]):
        return
    if epoch["bias"] <= 0:
        yield "Taking each run's best epoch shows no sign of flattering its validation loss."
        return
    text = (
        "Taking each run's best epoch flatters its validation loss by an estimated "
        f"{amount('val_loss', epoch['bias'])} or less (from the epoch that the other seeds would choose)."
    )
    if np.isfinite(epoch["difference"]):
        mean = Mean(epoch["difference"], epoch["difference_low"], epoch["difference_high"], int(epoch["n"]), np.nan)
        text += (
            f" At that epoch, the difference from {evidence.reference_name} is {difference('val_loss', mean.mean)} "
            f"({interval('val_loss', mean)})."
        )
    yield text


def _elsewhere(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    other, mean = evidence.choice.other_baseline, evidence.choice.other_difference
    if other is not None and mean is not None and not best["baseline"]:
        metric = evidence.objective
        yield (
            f"The best configuration without dropout of another context, {other['name']} (trial {other['trial']}), has "
            f"{title(metric)} {value(metric, other[metric])}; the best differs from it by "
            f"{difference(metric, mean.mean)} ({interval(metric, mean)}, of this comparison alone). "
            "Other settings than dropout differ too."
        )


def _front(evidence: Evidence) -> Iterator[str]:
    names = evidence.frames.objectives
    if len(names) > 1:
        count = int(evidence.table["front"].sum())
        yield (
            f"There are {len(names)} objectives, {and_list([title(name) for name in names])}. The first decides. "
            f"{plural(count, 'configuration')} {'is' if count == 1 else 'are'} on the Pareto front: no other is as "
            f"good in {'both' if len(names) == 2 else 'all'} and better in one."
        )


def converged(evidence: Evidence) -> Iterator[str]:
    """What dropout costs in epochs and time."""
    best = evidence.choice.best
    if best is None:
        return
    own = evidence.row("convergence", best, definition="own_best")
    if own is not None:
        name = "Without dropout" if best["baseline"] else f"With {best['name']}"
        yield f"{name}, {_own_best(own)}."
    baseline = evidence.row("convergence", evidence.choice.baseline, definition="own_best")
    if baseline is not None and not best["baseline"]:
        yield f"Without dropout, {_own_best(baseline)}."
    yield from _ratio(evidence, best)
    yield from cheaper(evidence, best)


def _own_best(row: pd.Series) -> str:
    """`4 of 5 runs get within 1 % of their best loss, after 12.3 epochs or 1.20 s on average (...)`."""
    reached, n = int(row["n_reached"]), int(row["n"])
    share = f"within {100 * TOLERANCE:g} % of"
    if not reached:
        return f"it is not known when runs get {share} their best loss, as all were stopped early"
    runs = "the one run gets" if n == 1 else f"all {n} runs get" if reached == n else f"{reached} of {n} runs get"
    text = f"{runs} {share} {'its' if n == 1 else 'their'} best loss, after {number(row['restricted'], 3)} epochs"
    if np.isfinite(row["restricted_seconds"]):
        text += f" or {duration(row['restricted_seconds'])}"
    text += " on average"
    if row["n_improving"]:
        were = "was" if row["n_improving"] == 1 else "were"
        text += f"; {row['n_improving']} {were} still improving when training ended, so this is not final"
    return text


def _ratio(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    row = evidence.row("time_ratio", best, progress=0.5)
    if row is None or not np.isfinite(row["restricted_ratio"]):
        return
    slower = "It starts more slowly, with" if row["restricted_low"] > 1 else "It takes"
    times = number(row["restricted_ratio"], 3)
    text = f"{slower} {times} times the epochs of no dropout to half of the baseline's improvement"
    if np.isfinite(row["restricted_low"]):
        rough = "" if row["restricted_honest"] else "rough "
        ends = f"{number(row['restricted_low'], 3)} to {number(row['restricted_high'], 3)}"
        text += f" ({rough}95 % interval {ends})"
    yield f"{text}."


def cheaper(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    """Configurations that are shown to be equivalent to the best and, by a paired test, to converge sooner."""
    metric = "epochs_to_convergence"
    same = evidence.equivalent["trial"]
    if same.empty or evidence.frames.seeds < 2:
        return
    values = by_seed(evidence.frames, [metric])
    own = values.of(metric, values.rows([best["trial"]]))
    found = means_of_rows(values.of(metric, values.rows(same)) - own)
    shown = (holm(found.p) < ALPHA) & (found.mean < 0)
    names = evidence.equivalent["name"].to_numpy()
    for place in np.flatnonzero(shown)[np.argsort(found.mean[shown], kind="stable")][:1]:
        mean = found.of(int(place))
        yield (
            f"An equivalent configuration, {names[place]}, converges {number(-mean.mean, 3)} epochs sooner "
            f"({interval(metric, mean)}; paired t test, Holm-corrected)."
        )


def gap(evidence: Evidence) -> Iterator[str]:
    """The gap of the best configuration, and whether there is one to close."""
    best, baseline = evidence.choice.best, evidence.choice.baseline
    if best is None:
        return
    metric = "gap_loss"
    text = f"The gap in loss of {best['name']} is {value(metric, best[metric])}"
    if baseline is not None and not best["baseline"] and pd.notna(baseline[metric]):
        text += f", without dropout {value(metric, baseline[metric])}"
    yield f"{text}. A smaller gap alone is not a better network."
    rows = evidence.rows("gaps", baseline, measure="loss")
    if len(rows) and (rows["high"] < NO_GAP * rows["validation"]).all():
        yield (
            f"Without dropout there is no gap to close: it is below {100 * NO_GAP:g} % of the validation loss. A "
            "larger network or longer training may help more than dropout."
        )


def cost(evidence: Evidence) -> Iterator[str]:
    """The time of the whole sweep."""
    runs = evidence.frames.runs
    total, epochs = float(runs["seconds"].sum()), int(runs["epochs"].sum())
    if epochs:
        yield (
            f"The {plural(len(runs), 'run')} took {duration(total)} for {epochs:,} epochs. The time of a run is its "
            "share of its cohort's time."
        )


def interval(metric: str, mean: Mean) -> str:
    """`95 % interval −0.03 to −0.01`, or the reason why there is none."""
    if mean.n < 2:
        return f"no interval is possible from {plural(mean.n, 'seed')}"
    if pd.isna(mean.low):
        return f"no interval is possible, as all {mean.n} seeds give the same value"
    return f"95 % interval {difference(metric, mean.low)} to {difference(metric, mean.high)}"
