"""What to keep in mind when using the answer: how the sweep was set up and what is missing."""

from collections.abc import Iterator

import pandas as pd

from dropout_lab.core.metrics.curves import DIVERGED, LEARNED
from dropout_lab.report.load import Frames
from dropout_lab.report.names import percent, plural, value

NAMED = 3
"""So many configurations are named; the table has all."""


def cautions(frames: Frames, table: pd.DataFrame) -> Iterator[str]:
    if table.empty:
        return
    yield from _diverged(frames, table)
    yield from _unlearned(frames, table)
    yield from _censored(table)
    yield from _improving(table)
    yield from _stopped(frames, table)
    yield from _missing(frames, table)
    yield from _contexts(frames)
    yield from _without_trials(frames)
    yield from (
        f"Said before the training: {warning.removeprefix('warning: ')}"
        for warning in frames.asked.get("warnings") or ()
    )


def _diverged(frames: Frames, table: pd.DataFrame) -> Iterator[str]:
    count, complete = int(table["n_diverged"].sum()), int(table["n_complete"].sum())
    if count:
        yield (
            f"{count} of {plural(complete, 'complete run')} diverged: with dropout off, the train loss ended above "
            f"{DIVERGED:g} times the {chance(frames)}, or no better than that answer and at {DIVERGED:g} times its own "
            f"lowest or more. {_whose(table, 'n_diverged')}"
        )


def _unlearned(frames: Frames, table: pd.DataFrame) -> Iterator[str]:
    count, complete = int(table["n_unlearned"].sum()), int(table["n_complete"].sum())
    if count:
        yield (
            f"{count} of {plural(complete, 'complete run')} learned nothing: the best validation loss is not below "
            f"{LEARNED:g} times the {chance(frames)}. {_whose(table, 'n_unlearned')} Where half of the runs or more "
            "learned nothing, a configuration is not ranked."
        )


def chance(frames: Frames) -> str:
    """The level that a run must beat to have learned anything, in words."""
    answer = "class frequencies" if frames.is_classification else "mean"
    if frames.is_language_model:
        answer = "frequencies of the tokens"
    level = value("val_loss", float(frames.runs["chance_loss"].mean()))
    return f"{level} of a network that always answers with the {answer} of the training part"


def _whose(table: pd.DataFrame, column: str) -> str:
    worst = table[table[column] > 0].sort_values(column, ascending=False, kind="stable")
    some = [f"{row['name']} ({row[column]} of {row['n_complete']})" for row in worst.head(NAMED).to_dict("records")]
    more = f"; and {plural(len(worst) - NAMED, 'other configuration')}" if len(worst) > NAMED else ""
    return f"These are runs of {'; '.join(some)}{more}."


def _censored(table: pd.DataFrame) -> Iterator[str]:
    dropped = table[~table["baseline"]]
    timed, reached = int(dropped["n_timed"].sum()), int(dropped["n_reached"].sum())
    if timed > reached:
        yield (
            f"{timed - reached} of {plural(timed, 'run')} with dropout never reached the baseline's level. They are "
            "counted as censored at the last epoch they trained: not dropped, and not taken as converged there."
        )


def _improving(table: pd.DataFrame) -> Iterator[str]:
    improving, complete = int(table["n_improving"].sum()), int(table["n_complete"].sum())
    if improving:
        worst = table.iloc[int(table["n_improving"].to_numpy().argmax())]
        yield (
            f"{improving} of {plural(complete, 'complete run')} had their best epoch in the last tenth of training, "
            f"most of all {worst['name']}: they were still improving, and more epochs may change the order."
        )


def _stopped(frames: Frames, table: pd.DataFrame) -> Iterator[str]:
    slow = "Dropout trains more slowly, so this favours low rates."
    pruned, stopped = int(table["n_pruned"].sum()), int(table["n_stopped"].sum())
    if pruned or frames.pruner not in ("none", "nop"):
        yield (
            f"The pruner ({frames.pruner}) ended {plural(pruned, 'run')} that looked bad early. {slow} "
            "Pruned runs are in no mean; in the times to the target they are censored."
        )
    if stopped or frames.trials["patience"].notna().any():
        yield f"Early stopping was on and ended {plural(stopped, 'complete run')} before the last epoch. {slow}"


def _missing(frames: Frames, table: pd.DataFrame) -> Iterator[str]:
    failed, missing = int(table["n_failed"].sum()), int(table["n_missing"].sum())
    if failed:
        who = int((table["n_failed"] > 0).sum())
        yield (
            f"{failed} of {plural(len(frames.runs), 'run')} failed ({percent(failed, len(frames.runs))}), in {who} of "
            f"{plural(len(table), 'configuration')} ({percent(who, len(table))}). These are not ranked: means over the "
            "seeds that survived would flatter them."
        )
    if missing:
        yield (
            f"{plural(missing, 'run')} of {len(table) * frames.seeds} have no record yet, in "
            f"{plural(int((table['n_missing'] > 0).sum()), 'configuration')}; the sweep is not finished."
        )


def _contexts(frames: Frames) -> Iterator[str]:
    trials = frames.trials
    contexts = trials["context"].nunique()
    if contexts < 2:
        return
    bare = contexts - trials.loc[trials["baseline"], "context"].nunique()
    text = f"The trials have {contexts} contexts (settings other than dropout); each is compared with its own baseline."
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
            f"No trial carries the placement {', '.join(absent)}: it is not trained yet, or means the same sites in "
            "this model as another placement, under whose name it was trained once."
        )
