"""The one next action, by rules: the first that applies. Each is a small function to an action, or to None."""

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from dropout_lab.report.answer.decision import Decision, Verdict
from dropout_lab.report.answer.headline import better, has_baseline, improving
from dropout_lab.report.answer.learning import learning_rate
from dropout_lab.report.answer.rerun import as_grid, extended, renamed, rerun
from dropout_lab.report.answer.state import State
from dropout_lab.report.spelling import is_maximised, plural, setting
from dropout_lab.report.statistics import ALPHA, seeds_needed
from dropout_lab.report.topics.evidence import Evidence

MOST_SEEDS = 100
"""A difference that takes more seeds than this is not worth them."""

MOST_RATES = 20
"""More rates than this come from a sampler and are not repeated in a command."""

FIRST_RATES = (0.0, 0.1, 0.3, 0.5)
"""Advised where no dropout was tried."""

LOW = 0.1
"""Advised where dropout hurts and every rate tried was at least twice as high."""

HIGHEST = 0.9
"""Rates above this are never advised."""


class Action(NamedTuple):
    """`rule`: its name. `why`: a sentence or two. `command`: for the shell."""

    rule: str
    why: str
    command: str


class Case(NamedTuple):
    """Everything a rule may look at."""

    evidence: Evidence
    decision: Decision
    state: State
    folder: Path

    @property
    def command(self) -> str:
        """The last command of the folder."""
        return str(
            self.evidence.frames.asked.get("command") or f"dropout-lab sweep folder={shlex.quote(str(self.folder))}"
        )

    def again(self, **changes: str) -> str:
        """The last command with other settings; dots of keys are written as `__`."""
        return rerun(self.command, {key.replace("__", "."): value for key, value in changes.items()})

    def train(self, trial: "pd.Series") -> str:
        return f"dropout-lab train --from {shlex.quote(str(self.folder))} {trial['trial']}"


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
    return Action(
        "learning rate", why, rerun(case.command, {**change, **(renamed(case.command, "lr") if change else {})})
    )


def _repair(case: Case) -> Action | None:
    runs = case.evidence.frames.runs
    failed = runs[runs["status"] == "failed"]
    if failed.empty or 2 * len(failed) < len(runs):
        return None
    first = failed.iloc[0]
    return Action(
        "failed runs",
        f"{len(failed)} of {plural(len(runs), 'run')} failed. Reproduce the first failure and fix its cause: "
        f"{first['reason']}.",
        case.train(first),
    )


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
    frames = case.evidence.frames
    best, verdict = case.evidence.choice.best, case.decision.verdict
    if best is None or verdict is not Verdict.NO_REFERENCE or frames.reference is not None:
        return None
    if has_baseline(case.evidence):
        return _failed_baseline(case, best)
    rates = frames.axes.get("rate")
    asked = [float(value) for value in rates] if isinstance(rates, list) and _are_numbers(rates) else []
    tried = asked or sorted(frames.trials["rate"].dropna().astype(float).unique())
    if len(tried) > MOST_RATES:
        tried = [float(best["rate"])] if pd.notna(best["rate"]) else []
    return Action("no dropout", "Train without dropout, too: only the comparison shows whether dropout helps.",
                  case.again(rate=as_grid(sorted({0.0, *tried}))))  # fmt: skip


def _failed_baseline(case: Case, best: pd.Series) -> Action | None:
    """The first failure without dropout, in the context of the best."""
    runs = case.evidence.frames.runs
    failed = runs[runs["baseline"] & (runs["context"] == best["context"]) & (runs["status"] == "failed")]
    if failed.empty:
        return None
    first = failed.iloc[0]
    return Action(
        "failed runs",
        f"{plural(len(failed), 'run')} without dropout failed. Reproduce the first failure and fix its cause: "
        f"{first['reason']}.",
        case.train(first),
    )


def _dropout(case: Case) -> Action | None:
    """Some rates, where the sweep has no configuration with dropout."""
    frames = case.evidence.frames
    if case.decision.verdict is not Verdict.ALONE or not frames.trials["baseline"].all():
        return None
    return Action("dropout", "Train with dropout, too.", case.again(rate=as_grid(FIRST_RATES)))


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


def _one_seed(case: Case) -> Action | None:
    if case.decision.verdict is not Verdict.ONE_SEED:
        return None
    return Action("more seeds", "Train with five seeds: with one, a difference may be chance.", case.again(seeds="5"))


def _seeds(case: Case) -> Action | None:
    """More seeds where a feasible number is likely to decide, else the simpler choice."""
    if case.decision.verdict is not Verdict.UNDECIDED:
        return None
    seeds, needed = case.evidence.frames.seeds, likely_seeds(case.evidence, case.decision)
    if needed is not None and seeds < needed <= MOST_SEEDS:
        return Action(
            "more seeds",
            f"About {needed} seeds are likely to decide it, if the true differences are as observed. Finished runs are "
            "kept. Adding seeds after looking makes p slightly too small.",
            case.again(seeds=str(needed)),
        )
    why = "The number of seeds that would decide it cannot be estimated."
    if needed is not None:
        why = f"More than {MOST_SEEDS} seeds would be needed to decide it."
    shown = better(case.evidence, case.decision)
    if shown is not None:
        return Action("simplest", f"{why} Take {shown['name']}, which is shown to be better.", case.train(shown))
    simple = case.decision.elsewhere if case.decision.elsewhere is not None else case.evidence.choice.reference
    assert simple is not None
    choice = f"Take {simple['name']}{', the simpler choice' if simple['baseline'] else ''}."
    return Action("simplest", f"{why} {choice}", case.train(simple))


def _lower(case: Case) -> Action | None:
    """A lower rate, where dropout hurts at every rate and none was low."""
    table = case.evidence.table
    rates = table.loc[~table["baseline"], "rate"].astype(float)
    tried = sorted(rates.unique()) if rates.notna().all() else []
    if case.decision.verdict is not Verdict.REFERENCE or not tried or min(tried) < 2 * LOW or len(tried) > MOST_RATES:
        return None
    why = f"No rate below {setting(min(tried))} was tried, and a lower one may still help."
    return Action("lower rate", why, case.again(rate=as_grid(sorted({0.0, LOW, *tried}))))


def _widen(case: Case) -> Action | None:
    best = case.evidence.choice.best
    if case.decision.verdict is not Verdict.BETTER or best is None:
        return None
    edges = case.evidence.tables["edges"]
    of_rate = (edges["setting"] == "rate") | edges["setting"].str.startswith("rates.")
    values = edges.groupby("setting")["setting"].transform("size")
    of_data = edges["setting"].str.startswith("dataset.")
    mine = edges[(edges["edge"] != "") & (edges["trial"] == best["trial"]) & ((values > 2) | of_rate) & ~of_data]
    for row in mine.to_dict("records"):
        change = _wider(case, row)
        if change is not None:
            key, grid = change
            where = "lowest" if row["edge"] == "lower" else "highest"
            return Action("widen", f"The best {key}, {setting(row['value'])}, is the {where} that was tried.",
                          rerun(case.command, {key: grid}))  # fmt: skip
    return None


def _wider(case: Case, row: dict[object, object]) -> tuple[str, str] | None:
    key, side = str(row["setting"]), str(row["edge"])
    is_rate = key == "rate" or key.startswith("rates.")
    least, most = (0.0, HIGHEST) if is_rate else (-np.inf, np.inf)
    axis = case.evidence.frames.axes.get(key)
    if isinstance(axis, dict) and "low" in axis and "high" in axis:
        low, high = float(axis["low"]), float(axis["high"])
        if side == "upper":
            high = min(most, high * high / low if axis.get("log") else 2 * high - low)
        else:
            low = low * low / high if axis.get("log") else max(least, low - (high - low))
        if [low, high] == [float(axis["low"]), float(axis["high"])]:
            return None
        span = f"interval({setting(low)},{setting(high)})"
        return key, f"tag(log,{span})" if axis.get("log") else span
    known = [float(value) for value in axis] if isinstance(axis, list) and _are_numbers(axis) else []
    tried = sorted(case.evidence.table[key].dropna().astype(float).unique()) if key in case.evidence.table else []
    values = known or tried
    none = [0.0] if is_rate and 0.0 in values else []  # no dropout is no rate to go beyond
    grid = extended([value for value in values if value or not none], side, least if is_rate else -np.inf, most)
    return None if grid is None else (key, as_grid([*none, *grid]))


def _are_numbers(values: Sequence[object]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _use(case: Case) -> Action | None:
    use = case.decision.use
    if use is None:
        return None
    return Action(
        "use", f"Train {use['name']} again from its record, to check that the result repeats.", case.train(use)
    )


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
    Rule("dropout", "No configuration with dropout was trained.", _dropout),
    Rule("compare", "The configuration of report.baseline has not completed its runs.", _compare),
    Rule("one seed", "There is one seed.", _one_seed),
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
        _seeds,
    ),
    Rule(
        "widen",
        "Dropout helps, and the best value of a numeric setting is the lowest or highest of three or more that were "
        f"tried (rates: two or more, up to {HIGHEST:g}). Not for data.",
        _widen,
    ),
    Rule("lower rate", f"Dropout hurts, and no rate below {2 * LOW:g} was tried.", _lower),
    Rule("use", "The answer is decided.", _use),
    Rule("again", "No other rule applies.", _again),
)
"""The rules, in the order in which they are tried."""


def following(case: Case) -> Action:
    """The action of the first rule that applies."""
    for rule in RULES:
        action = rule.act(case)
        if action is not None:
            return action
    raise AssertionError("the last rule always applies")


def likely_seeds(evidence: Evidence, decision: Decision) -> int | None:
    """Seeds with which an undecided sweep is likely to be decided one way or the other; None if no number is known.

    The smaller of two numbers: to detect the best one's difference, corrected for all comparisons; and to show that no
    configuration is better than the reference by more than the margin. Both take the observed differences and spreads
    for the true ones.
    """
    rivals, choice = decision.rivals, evidence.choice
    if rivals is None or rivals.empty or choice.best is None:
        return None
    if decision.elsewhere is not None:
        row = evidence.row("to_best", decision.elsewhere)
        needed = np.inf if row is None else float(row["seeds_needed"])
        return max(evidence.frames.seeds + 1, int(needed)) if np.isfinite(needed) else None
    sign = 1.0 if is_maximised(evidence.objective) else -1.0
    found = [float(rivals.loc[rivals["trial"] == choice.best["trial"], "seeds_needed"].min())]
    left = rivals[~(rivals["p_no_better"] < ALPHA)]
    room = left["margin"] - sign * left["mean"]
    if len(left) and (room > 0).all() and left["deviation"].notna().all():
        effects = (room / left["deviation"]).to_numpy(dtype=float)
        found.append(float(seeds_needed(effects, 2 * ALPHA).max()))  # one-sided, and so at twice the level
    known = [number for number in found if np.isfinite(number)]
    return max(evidence.frames.seeds + 1, int(min(known))) if known else None
