"""The one next action, by rules: the first that applies. Each is a small function to an action, or to None."""

import shlex
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd

from dropout_lab.report.answer.case import Action, Case
from dropout_lab.report.answer.decision import Verdict
from dropout_lab.report.answer.headline import has_baseline, improving
from dropout_lab.report.answer.in_python import in_python
from dropout_lab.report.answer.learning import learning_rate
from dropout_lab.report.answer.more_rates import HIGHEST, LOW, dropout, lower_rate, no_dropout, widen
from dropout_lab.report.answer.more_seeds import MOST_SEEDS, more_seeds, one_seed
from dropout_lab.report.answer.rerun import renamed, rerun
from dropout_lab.report.spelling import plural


class Rule(NamedTuple):
    """`when`: the condition, for the reader."""

    name: str
    when: str
    act: Callable[[Case], Action | None]


def _wait(case: Case) -> Action | None:
    if case.state.name != "running":
        return None
    return Action("wait", "The sweep is running.", f"dropout-lab report {shlex.quote(str(case.folder))} --watch")


def _learning_rate(case: Case) -> Action | None:
    found = learning_rate(case.evidence)
    if found is None:
        return None
    why, change = found
    name = renamed(case.command, "lr") if change else {}
    return Action("learning rate", why, rerun(case.command, {**change, **name}))


def _failure(case: Case, failed: pd.DataFrame, text: str) -> Action:
    """Reproduce the first of these runs."""
    first = failed.iloc[0]
    why = f"{text} failed. Reproduce the first failure and fix its cause: {first['reason']}."
    return Action("failed runs", why, case.train(first))


def _repair(case: Case) -> Action | None:
    runs = case.evidence.frames.runs
    failed = runs[runs["status"] == "failed"]
    if failed.empty or 2 * len(failed) < len(runs):
        return None
    return _failure(case, failed, f"{len(failed)} of {plural(len(runs), 'run')}")


def _finish(case: Case) -> Action | None:
    if case.state.name != "stopped":
        return None
    missing = case.state.planned - case.state.done
    if not missing:
        return Action("finish", "No run is recorded. The same command trains them all.", case.command)
    are = "is" if missing == 1 else "are"
    why = f"{plural(missing, 'run')} of the sweep {are} missing. The same command trains only these."
    return Action("finish", why, case.command)


def _baseline(case: Case) -> Action | None:
    best, verdict = case.evidence.choice.best, case.decision.verdict
    if best is None or verdict is not Verdict.NO_REFERENCE or case.evidence.frames.reference is not None:
        return None
    return _failed_baseline(case, best) if has_baseline(case.evidence) else no_dropout(case)


def _failed_baseline(case: Case, best: pd.Series) -> Action | None:
    """The first failure without dropout, in the context of the best."""
    runs = case.evidence.frames.runs
    failed = runs[runs["baseline"] & (runs["context"] == best["context"]) & (runs["status"] == "failed")]
    return None if failed.empty else _failure(case, failed, f"{plural(len(failed), 'run')} without dropout")


def _compare(case: Case) -> Action | None:
    """Beside the baseline, where the trial that was asked for cannot be compared with."""
    if case.decision.verdict is not Verdict.NO_REFERENCE or case.evidence.frames.reference is None:
        return None
    why = "The configuration to compare with has not completed its runs. Compare with no dropout."
    return Action("compare", why, f"dropout-lab report {shlex.quote(str(case.folder))}")


def _longer(case: Case) -> Action | None:
    evidence = case.evidence
    late = list({str(trial["name"]): trial for trial in improving(evidence)}.values())
    if not late:
        return None
    parts = []
    for trial in late:
        shape = evidence.row("curve_shape", trial)
        assert shape is not None
        parts.append(f"{shape['n_still_improving']} of {plural(int(shape['n']), 'run')} of {trial['name']}")
    horizon = int(max(trial["horizon"] for trial in late))
    why = (
        f"Train for {2 * horizon} epochs: {' and '.join(parts)} were still improving when training ended, so the order "
        "may change."
    )
    name = renamed(case.command, f"{2 * horizon}-epochs")
    return Action("longer", why, case.again(trainer__epochs=str(2 * horizon), **name))


def _use(case: Case) -> Action | None:
    use = case.decision.use
    if use is None:
        return None
    return Action("use", f"Export the network of {use['name']}, to use it.", case.export(use))


def _again(case: Case) -> Action | None:
    why = "Nothing can be compared. The same command trains again what has no result."
    return Action("again", why, case.command)


RULES: Sequence[Rule] = (
    Rule("wait", "A sweep trains into the folder.", _wait),
    Rule(
        "learning rate",
        "Half or more of the runs without dropout diverged or learned nothing, in the context of the best "
        "configuration or, if none is ranked, in every context. If none was trained without dropout: of the runs of "
        "every configuration.",
        _learning_rate,
    ),
    Rule("failed runs", "Half or more of the runs failed.", _repair),
    Rule("finish", "Runs are missing, and no sweep is running.", _finish),
    Rule(
        "no dropout",
        "No configuration without dropout was trained in the context of the best. If its runs failed: the first "
        "failure.",
        _baseline,
    ),
    Rule("dropout", "No configuration with dropout was trained.", dropout),
    Rule("compare", "The configuration of report.baseline has not completed its runs.", _compare),
    Rule("one seed", "There is one seed.", one_seed),
    Rule(
        "longer",
        "Half or more of the runs of the best configuration, or of what it is compared with, are still improving at "
        "the end.",
        _longer,
    ),
    Rule(
        "more seeds",
        f"The answer is not decided, and at most {MOST_SEEDS} seeds are likely to decide it; otherwise, the simpler "
        "choice.",
        more_seeds,
    ),
    Rule(
        "widen",
        "Dropout helps, and the best value of a numeric setting is the lowest or highest of three or more that were "
        f"tried (rates: two or more, up to {HIGHEST:g}). Not for data.",
        widen,
    ),
    Rule("lower rate", f"Dropout hurts, and no rate below {2 * LOW:g} was tried.", lower_rate),
    Rule("use", "The answer is decided.", _use),
    Rule("again", "No other rule applies.", _again),
)
"""The rules, in the order in which they are tried."""


def following(case: Case) -> Action:
    """The action of the first rule that applies."""
    for rule in RULES:
        action = rule.act(case)
        if action is not None:
            return action._replace(command=in_python(action.command, case.evidence.frames.asked))
    raise AssertionError("the last rule always applies")
