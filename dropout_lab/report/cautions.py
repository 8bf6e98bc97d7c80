"""What to keep in mind when using the answer: how the sweep was set up, and what is missing."""

from collections.abc import Iterator

import pandas as pd

from dropout_lab.core.metrics.curves import DIVERGED, LEARNED
from dropout_lab.report.load import Frames
from dropout_lab.report.names import percent, plural, value

SAME_TEST_DATA = ("dataset.limit", "dataset.label_noise", "dataset.min_count")
"""Settings of the data that leave the validation and the test part as they are."""

NAMED = 3
"""Configurations that are named; the table has all."""


def cautions(frames: Frames, table: pd.DataFrame) -> Iterator[str]:
    """Yield a sentence or two per caution that applies."""
    if table.empty:
        return
    yield from _diverged(frames, table)
    yield from _unlearned(frames, table)
    yield from _censored(table)
    yield from _improving(table)
    yield from _stopped(frames, table)
    yield from _missing(frames, table)
    yield from _data(frames)
    yield from _contexts(frames)
    yield from _without_trials(frames)
    yield from (
        f"Warned before training: {warning.removeprefix('warning: ')}" for warning in frames.asked.get("warnings") or ()
    )


def _data(frames: Frames) -> Iterator[str]:
    differing = [
        name for name in frames.context_parameters if name.startswith("dataset.") and name not in SAME_TEST_DATA
    ]
    if differing:
        yield (
            f"The configurations differ in their data ({', '.join(differing)}). Losses on different data cannot be "
            "ranked: compare configurations only where these settings are equal."
        )


def _diverged(frames: Frames, table: pd.DataFrame) -> Iterator[str]:
    count, complete = int(table["n_diverged"].sum()), int(table["n_complete"].sum())
    if count:
        yield (
            f"{count} of {plural(complete, 'complete run')} diverged: with dropout off, the train loss ended above "
            f"{DIVERGED:g} times the {chance(frames)}, or at or above that level and at least {DIVERGED:g} times its "
            f"own minimum. {_owners(table, 'n_diverged')}"
        )


def _unlearned(frames: Frames, table: pd.DataFrame) -> Iterator[str]:
    count, complete = int(table["n_unlearned"].sum()), int(table["n_complete"].sum())
    if count:
        yield (
            f"{count} of {plural(complete, 'complete run')} learned nothing: their best validation loss is not below "
            f"{LEARNED:g} times the {chance(frames)}. {_owners(table, 'n_unlearned')} A configuration is not ranked if "
            "half or more of its runs learned nothing."
        )


def chance(frames: Frames) -> str:
    """The loss that a run must beat to have learned anything: its name, its value and its origin."""
    answer = "class frequencies" if frames.is_classification else "mean"
    if frames.is_language_model:
        answer = "frequencies of the tokens"
    level = value("val_loss", float(frames.runs["chance_loss"].mean()))
    return f"chance level ({level}, from always predicting the {answer} of the training part)"


def _owners(table: pd.DataFrame, column: str) -> str:
    worst = table[table[column] > 0].sort_values(column, ascending=False, kind="stable")
    some = [f"{row['name']} ({row[column]} of {row['n_complete']})" for row in worst.head(NAMED).to_dict("records")]
    more = f"; and {plural(len(worst) - NAMED, 'other configuration')}" if len(worst) > NAMED else ""
    return f"They are runs of {'; '.join(some)}{more}."


def _censored(table: pd.DataFrame) -> Iterator[str]:
    dropped = table[~table["baseline"]]
    timed, reached = int(dropped["n_timed"].sum()), int(dropped["n_reached"].sum())
    if timed > reached:
        yield (
            f"{timed - reached} of {plural(timed, 'run')} with dropout never reached the baseline's level. They count "
            "as censored at their last epoch: neither dropped nor taken as converged."
        )


def _improving(table: pd.DataFrame) -> Iterator[str]:
    improving, complete = int(table["n_improving"].sum()), int(table["n_complete"].sum())
    if improving:
        worst = table.iloc[int(table["n_improving"].to_numpy().argmax())]
        yield (
            f"{improving} of {plural(complete, 'complete run')} had their best epoch in the last tenth of training, "
            f"most often those of {worst['name']}. They were still improving, so more epochs may change the order."
        )


def _stopped(frames: Frames, table: pd.DataFrame) -> Iterator[str]:
    slow = "Dropout slows training down, so this favours low rates."
    pruned, stopped = int(table["n_pruned"].sum()), int(table["n_stopped"].sum())
    if pruned or frames.pruner not in ("none", "nop"):
        yield (
            f"The pruner ({frames.pruner}) ended {plural(pruned, 'unpromising run')} early. {slow} "
            "Pruned runs enter no mean; in the times to the target they are censored."
        )
    if stopped or frames.trials["patience"].notna().any():
        yield f"Early stopping was on and ended {plural(stopped, 'complete run')} before the last epoch. {slow}"


def _missing(frames: Frames, table: pd.DataFrame) -> Iterator[str]:
    failed, missing = int(table["n_failed"].sum()), int(table["n_missing"].sum())
    if failed:
        count = int((table["n_failed"] > 0).sum())
        yield (
            f"{failed} of {plural(len(frames.runs), 'run')} failed ({percent(failed, len(frames.runs))}), in "
            f"{count} of {plural(len(table), 'configuration')} ({percent(count, len(table))}). These configurations "
            "are not ranked: means over the surviving seeds would be biased in their favour."
        )
    if missing:
        have = "has" if missing == 1 else "have"
        yield (
            f"{missing} of {plural(len(table) * frames.seeds, 'run')} {have} no record yet, in "
            f"{plural(int((table['n_missing'] > 0).sum()), 'configuration')}: the sweep is not finished."
        )


def _contexts(frames: Frames) -> Iterator[str]:
    trials = frames.trials
    contexts = trials["context"].nunique()
    if contexts < 2:
        return
    bare = contexts - trials.loc[trials["baseline"], "context"].nunique()
    text = f"The trials have {contexts} contexts (settings other than dropout), each with its own baseline."
    yield text + (f" {plural(bare, 'context')} {'has' if bare == 1 else 'have'} no baseline." if bare else "")
    if not any(trials[name].nunique(dropna=False) > 1 for name in frames.context_parameters):
        yield "No swept setting explains the contexts: commands with different settings shared this folder."


def _without_trials(frames: Frames) -> Iterator[str]:
    asked = frames.axes.get("placement")
    if not isinstance(asked, list):
        return
    absent = [str(name) for name in asked if str(name) not in set(frames.trials["placement"].dropna()) | {"none"}]
    if absent:
        yield (
            f"No trial has the placement {', '.join(absent)}: it is not trained yet, or in this model it means the "
            "same sites as another placement, under whose name it was trained."
        )
