"""The answer in plain sentences, with what the evidence cannot say said as plainly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from dropout_lab.report.answer import Answer
from dropout_lab.report.cautions import cautions
from dropout_lab.report.load import Frames
from dropout_lab.report.names import difference, is_maximised, number, plural, probability, title, value
from dropout_lab.report.statistics import Mean


@dataclass(frozen=True)
class Words:
    """`verdict`: best, baseline, whether they differ. `more`: what else was found. `cautions`: what to keep in mind."""

    verdict: Sequence[str]
    more: Sequence[str]
    cautions: Sequence[str]


def words(frames: Frames, table: pd.DataFrame, found: Answer) -> Words:
    beware = list(cautions(frames, table, found))
    if found.best is None:
        return Words(list(_nothing(frames, table)), [], beware)
    return Words(list(_verdict(frames, found, found.best)), list(_more(frames, table, found, found.best)), beware)


def interval(metric: str, mean: Mean) -> str:
    """`95 % interval −0.03 to −0.01`, or why there is none."""
    if mean.n < 2:
        return f"no interval is possible from {plural(mean.n, 'seed')}"
    if pd.isna(mean.low):
        return f"no interval is possible, as all {mean.n} seeds give the same value"
    return f"95 % interval {difference(metric, mean.low)} to {difference(metric, mean.high)}"


def _verdict(frames: Frames, found: Answer, best: pd.Series) -> Iterator[str]:
    metric = found.objective
    yield (
        f"Of {plural(found.whole, 'configuration')} with {_all_seeds(frames)} complete, {best['name']} "
        f"(trial {best['trial']}) has the {'highest' if is_maximised(metric) else 'lowest'} mean {title(metric)}: "
        f"{_with_interval(metric, best)}."
    )
    yield from _against_baseline(found, best)


def _more(frames: Frames, table: pd.DataFrame, found: Answer, best: pd.Series) -> Iterator[str]:
    others = found.whole - 1
    if others and frames.seeds > 1:
        count = f"{len(found.untold)} cannot be told from the best: the paired 95 % interval, uncorrected, holds zero"
        rest = count if found.untold else "all can be told from the best"
        yield f"Of {plural(others, 'other configuration')}, {rest}."
    yield from _elsewhere(found)
    yield from _test(frames, found, best)
    yield from _gap_and_speed(found, best)
    if len(frames.objectives) > 1:
        yield (
            f"There are two objectives, {' and '.join(title(name) for name in frames.objectives)}. The first names the "
            f"best. {plural(int(table['front'].sum()), 'configuration')} on the front: no other is as good in both and "
            "better in one."
        )


def _all_seeds(frames: Frames) -> str:
    return "its one seed" if frames.seeds == 1 else f"all {frames.seeds} seeds"


def _nothing(frames: Frames, table: pd.DataFrame) -> Iterator[str]:
    runs = frames.runs["status"].value_counts()
    counts = ", ".join(f"{count} {status}" for status, count in runs.items())
    if runs.get("complete", 0) == 0:
        yield "No run is complete yet, so there is nothing to compare."
        yield f"Recorded so far: {plural(len(table), 'trial')}, {plural(len(frames.runs), 'run')}" + (
            f" ({counts})." if counts else "."
        )
    else:
        yield (
            f"No configuration has {_all_seeds(frames)} complete, so none is named the best. "
            f"Recorded so far: {plural(len(table), 'trial')}, {plural(len(frames.runs), 'run')} ({counts})."
        )


def _with_interval(metric: str, trial: pd.Series) -> str:
    text = value(metric, trial[metric])
    low, high = trial[f"{metric}_low"], trial[f"{metric}_high"]
    return text if pd.isna(low) else f"{text} (95 % interval {value(metric, low)} to {value(metric, high)})"


def _against_baseline(found: Answer, best: pd.Series) -> Iterator[str]:
    metric, baseline, gap = found.objective, found.baseline, found.difference
    if best["baseline"]:
        if found.whole > 1:
            yield "No configuration with dropout has a better mean than no dropout."
        return
    if baseline is None or gap is None:
        yield "No run without dropout is complete in its context, so the sweep cannot say whether dropout helps."
        return
    yield f"Without dropout (trial {baseline['trial']}) it is {_with_interval(metric, baseline)}."
    pair = f"{difference(metric, gap.mean)} ({interval(metric, gap)}; {plural(gap.n, 'pair')})"
    p_holm = best[f"{metric}_p_holm"]
    corrected = "" if pd.isna(p_holm) else f"Holm-corrected for {plural(found.tests, 'test')}: {probability(p_holm)}"
    yield f"Paired by seed, the difference to no dropout is {pair}. {corrected}{'.' if corrected else ''}".rstrip()
    if found.is_told:
        better = "better" if (gap.mean > 0) == is_maximised(metric) else "worse"
        yield f"The data tell them apart: {best['name']} is {better} than {baseline['name']}, corrected or not."
    else:
        if gap.n < 2:
            why = "one seed shows no spread between seeds"
        elif pd.isna(gap.low):
            why = "the seeds show no spread to judge by"
        elif gap.excludes_zero:
            why = f"the interval alone excludes zero, but not after correcting for {plural(found.tests, 'test')}"
        else:
            why = "the interval of the difference holds zero"
        yield f"The data cannot tell {best['name']} from {baseline['name']}: {why}."
    if found.whole > 2:
        yield f"The interval is not corrected for having chosen the best of {found.whole}, so it flatters the winner."


def _elsewhere(found: Answer) -> Iterator[str]:
    other, mean = found.other_baseline, found.other_difference
    if other is not None and mean is not None and found.best is not None and not found.best["baseline"]:
        yield (
            f"The best baseline of another context, {other['name']} (trial {other['trial']}), has "
            f"{value(found.objective, other[found.objective])}. The best minus it is "
            f"{difference(found.objective, mean.mean)} ({interval(found.objective, mean)}); more than dropout differs."
        )


def _test(frames: Frames, found: Answer, best: pd.Series) -> Iterator[str]:
    metric = "test_accuracy" if frames.is_classification else "test_loss"
    if pd.isna(best[metric]):
        return
    same = metric.replace("test", "val")
    text = (
        f"On the test data, which chose nothing, the chosen configuration has {title(metric)} "
        f"{_with_interval(metric, best)}, beside {title(same)} {value(same, best[same])}"
    )
    if best["baseline"] or pd.isna(best[f"{metric}_diff"]):
        yield f"{text}."
        return
    columns = ("", "_low", "_high", "_n")
    mean, low, high, n = (best[f"{metric}_diff{column}"] for column in columns)
    paired = Mean(mean, low, high, int(n), best[f"{metric}_p"])
    yield f"{text}; its difference to no dropout there is {difference(metric, mean)} ({interval(metric, paired)})."


def _gap_and_speed(found: Answer, best: pd.Series) -> Iterator[str]:
    baseline = found.baseline
    if baseline is None or best["baseline"]:
        return
    for metric in ("gap_loss", "gap_accuracy"):
        if metric in best and pd.notna(best[metric]) and pd.notna(baseline[metric]):
            yield (
                f"Its {title(metric)} between train and validation is {value(metric, best[metric])}, without dropout "
                f"{value(metric, baseline[metric])}. A smaller gap is not by itself a better model."
            )
            break
    if pd.notna(best["n_timed"]) and pd.notna(baseline["n_timed"]):
        yield (
            f"The baseline's own level, validation loss {number(best['target'])}, is reached by {_arrived(best)} of "
            f"the best configuration and by {_arrived(baseline)} without dropout."
        )


def _arrived(trial: pd.Series) -> str:
    median = trial["epochs_to_target"]
    text = f"{int(trial['n_reached'])} of {plural(int(trial['n_timed']), 'run')}"
    return f"{text} (median not reached)" if median == float("inf") else f"{text} (median epoch {median:.0f})"
