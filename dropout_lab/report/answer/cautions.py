"""What to keep in mind when using the answer: how the sweep was set up, and what is missing."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from dropout_lab.core.metrics.curves import DIVERGED, LEARNED
from dropout_lab.report.answer.scope import is_weighted
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import amount, difference, percent, plural, value
from dropout_lab.report.statistics import POWER, detectable
from dropout_lab.report.topics.differences.comparisons import POINTS
from dropout_lab.report.topics.evidence import Evidence

SAME_TEST_DATA = ("dataset.limit", "dataset.label_noise", "dataset.min_count")
"""Settings of the data that leave the validation and the test set as they are."""

NAMED = 3
"""Configurations that are named; the table has all."""

COARSE = 3.0
"""Where the test set cannot show differences of this many equivalence margins, it is said."""


class Caution(NamedTuple):
    """`first`: whether it may change the answer, and so belongs on the first screen."""

    sentence: str
    first: bool = False


def cautions(evidence: Evidence) -> Iterator[Caution]:
    """The cautions that apply, those that may change the answer before the others."""
    found = list(_cautions(evidence))
    yield from sorted(found, key=lambda caution: not caution.first)


def _cautions(evidence: Evidence) -> Iterator[Caution]:
    frames, table = evidence.frames, evidence.table
    if table.empty:
        return
    yield from _unlearned(frames, table)
    yield from _diverged(frames, table)
    yield from _improving(table)
    yield from _missing(frames, table)
    yield from _data(frames)
    yield from _test_examples(evidence)
    yield from _stopped(frames, table)
    yield from _censored(table)
    yield from _contexts(frames)
    yield from _without_trials(frames)
    for warning in frames.asked.get("warnings") or ():
        yield Caution(f"Warned before training: {warning.removeprefix('warning: ')}")


def _unlearned(frames: Frames, table: pd.DataFrame) -> Iterator[Caution]:
    count, complete = int(table["n_unlearned"].sum()), int(table["n_complete"].sum())
    if count:
        yield Caution(
            f"{count} of {plural(complete, 'complete run')} learned nothing: their best validation loss is not below "
            f"{LEARNED:g} times the {chance(frames)}. {_owners(table, 'n_unlearned')} A configuration is not ranked if "
            "half or more of its runs learned nothing.",
            2 * count >= complete,
        )


def _diverged(frames: Frames, table: pd.DataFrame) -> Iterator[Caution]:
    count, complete = int(table["n_diverged"].sum()), int(table["n_complete"].sum())
    if count:
        yield Caution(
            f"{count} of {plural(complete, 'complete run')} diverged: with dropout off, the train loss ended above "
            f"{DIVERGED:g} times the {chance(frames)}, or at or above that level and at least {DIVERGED:g} times its "
            f"own minimum. {_owners(table, 'n_diverged')}",
            2 * count >= complete,
        )


def chance(frames: Frames) -> str:
    """The loss that a run must beat to have learned anything: its name, its value and its origin."""
    answer = "class frequencies" if frames.is_classification else "mean"
    if frames.is_multilabel:
        answer = "label frequencies"
    if is_weighted(frames):
        answer = "class frequencies, times the weights of the classes,"
    if frames.is_language_model:
        answer = "frequencies of the tokens"
    level = value("val_loss", float(frames.runs["chance_loss"].mean()))
    return f"chance level ({level}, from always predicting the {answer} of the training part)"


def _owners(table: pd.DataFrame, column: str) -> str:
    worst = table[table[column] > 0].sort_values(column, ascending=False, kind="stable")
    some = [f"{row['name']} ({row[column]} of {row['n_complete']})" for row in worst.head(NAMED).to_dict("records")]
    more = f"; and {plural(len(worst) - NAMED, 'other configuration')}" if len(worst) > NAMED else ""
    return f"They are runs of {'; '.join(some)}{more}."


def _improving(table: pd.DataFrame) -> Iterator[Caution]:
    improving, complete = int(table["n_improving"].sum()), int(table["n_complete"].sum())
    if improving:
        worst = table.iloc[int(table["n_improving"].to_numpy().argmax())]
        most = f", most often those of {worst['name']}" if improving > 1 and len(table) > 1 else ""
        yield Caution(
            f"{improving} of {plural(complete, 'complete run')} {'was' if improving == 1 else 'were'} still improving "
            f"when training ended (best epoch in the last tenth){most}. More epochs may change the "
            f"{'order' if len(table) > 1 else 'result'}.",
            2 * improving >= complete,
        )


def _missing(frames: Frames, table: pd.DataFrame) -> Iterator[Caution]:
    failed, missing = int(table["n_failed"].sum()), int(table["n_missing"].sum())
    if failed:
        count = int((table["n_failed"] > 0).sum())
        yield Caution(
            f"{failed} of {plural(len(frames.runs), 'run')} failed ({percent(failed, len(frames.runs))}), in "
            f"{count} of {plural(len(table), 'configuration')} ({percent(count, len(table))}). These configurations "
            "are not ranked: means over the surviving seeds would be biased in their favour.",
            2 * failed >= len(frames.runs),
        )
    if missing:
        have = "has" if missing == 1 else "have"
        yield Caution(
            f"{missing} of {plural(len(table) * frames.seeds, 'run')} {have} no record, in "
            f"{plural(int((table['n_missing'] > 0).sum()), 'configuration')}: the sweep is not finished."
        )


def _data(frames: Frames) -> Iterator[Caution]:
    differing = [
        name for name in frames.context_parameters if name.startswith("dataset.") and name not in SAME_TEST_DATA
    ]
    if differing:
        yield Caution(
            f"The configurations differ in their data ({', '.join(differing)}). Losses on different data cannot be "
            "ranked: compare configurations only where these settings are equal.",
            True,
        )


def _test_examples(evidence: Evidence) -> Iterator[Caution]:
    """That the test set is too small for the difference that is seen there, where it is inconclusive."""
    found = evidence.tables["test_set"]
    mine = found[(found["metric"] == "test_accuracy") & (found["examples"] > 0) & found["difference_low"].notna()]
    for row in mine.to_dict("records"):
        half = (row["difference_high"] - row["difference_low"]) / 2
        least = detectable(half, row["seeds"] - 1)
        if row["difference_low"] <= 0 <= row["difference_high"]:
            seen = difference("test_accuracy", row["difference"])
            yield Caution(
                f"With {row['examples']:,} test examples and {plural(row['seeds'], 'seed')}, the test set is too small "
                f"to tell the difference in test accuracy ({seen}) from none: with {100 * POWER:.0f} % power, it finds "
                f"{amount('test_accuracy', least)} or more.",
                100 * half > COARSE * POINTS,
            )


def _stopped(frames: Frames, table: pd.DataFrame) -> Iterator[Caution]:
    slow = "Dropout slows training down, so this favours low rates."
    pruned, stopped = int(table["n_pruned"].sum()), int(table["n_stopped"].sum())
    pruner = "A pruner" if frames.pruner in ("none", "nop") else f"The pruner ({frames.pruner})"
    if pruned or frames.pruner not in ("none", "nop"):
        yield Caution(
            f"{pruner} ended {plural(pruned, 'unpromising run')} early. {slow} "
            "Pruned runs enter no mean; in the times to the target they are censored."
        )
    if stopped or frames.trials["patience"].notna().any():
        yield Caution(
            f"Early stopping was on and ended {plural(stopped, 'complete run')} before the last epoch. {slow}"
        )


def _censored(table: pd.DataFrame) -> Iterator[Caution]:
    dropped = table[~table["baseline"]]
    timed, reached = int(dropped["n_timed"].sum()), int(dropped["n_reached"].sum())
    if timed > reached:
        yield Caution(
            f"{timed - reached} of {plural(timed, 'run')} with dropout never reached the baseline's level. They count "
            "as censored at their last epoch: neither left out nor taken as converged."
        )


def _contexts(frames: Frames) -> Iterator[Caution]:
    trials = frames.trials
    contexts = trials["context"].nunique()
    if contexts < 2:
        return
    bare = contexts - trials.loc[trials["baseline"], "context"].nunique()
    text = f"The trials have {contexts} contexts (settings other than dropout), each with its own baseline."
    yield Caution(text + (f" {plural(bare, 'context')} {'has' if bare == 1 else 'have'} no baseline." if bare else ""))
    if not any(trials[name].nunique(dropna=False) > 1 for name in frames.context_parameters):
        yield Caution("No swept setting explains the contexts: commands with different settings shared this folder.")


def _without_trials(frames: Frames) -> Iterator[Caution]:
    asked = frames.axes.get("placement")
    if not isinstance(asked, list):
        return
    absent = [str(name) for name in asked if str(name) not in set(frames.trials["placement"].dropna()) | {"none"}]
    if absent:
        yield Caution(
            f"No trial has the placement {', '.join(absent)}: it is not trained yet, or in this model it means the "
            "same sites as another placement, under whose name it was trained."
        )
