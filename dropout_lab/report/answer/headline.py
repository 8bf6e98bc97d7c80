"""The answer in one sentence, by a table of cases."""

import pandas as pd

from dropout_lab.report.answer.decision import Decision, Verdict
from dropout_lab.report.answer.state import State
from dropout_lab.report.frames.by_seed import ENDED
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import is_maximised, plural, setting, title
from dropout_lab.report.statistics import ALPHA
from dropout_lab.report.topics.evidence import Evidence

NONE_WITHOUT = "nothing was trained without dropout, so there is no comparison"


def headline(evidence: Evidence, decision: Decision, state: State) -> str:
    """The sentence; of a sweep that is not over, it says so."""
    text = _sentence(evidence, decision)
    late = improving(evidence) if decision.verdict.is_decided else []
    if late:
        epochs = plural(int(max(trial["horizon"] for trial in late)), "epoch")
        text = f"After {epochs}, {text[:1].lower()}{text[1:]}"
    if state.is_over or decision.verdict is Verdict.NONE:
        return text
    return f"So far: {text[:1].lower()}{text[1:]}"


def _sentence(evidence: Evidence, decision: Decision) -> str:
    best, other = evidence.choice.best, evidence.reference_name
    if best is None:
        return nothing(evidence)
    name = str(best["name"])
    is_none = other == "no dropout"
    match decision.verdict:
        case Verdict.NO_REFERENCE if is_none:
            why = "the runs without dropout are not complete" if has_baseline(evidence) else NONE_WITHOUT
            return f"Not decided: {why}; {name} looks best."
        case Verdict.NO_REFERENCE:
            return f"Not decided: {other} has not completed its runs; {name} looks best."
        case Verdict.ALONE if is_none:
            return "Nothing to compare: only no dropout has all its seeds complete."
        case Verdict.ALONE:
            return f"Nothing to compare: only the configuration {other} has all its seeds complete."
        case Verdict.ONE_SEED:
            return f"Not decided yet: {name} looks best, but with one seed, a difference may be chance."
        case Verdict.BETTER if is_none:
            return f"Dropout helps: use it {where(best)}."
        case Verdict.BETTER:
            return f"Use {name}: it is better than {other}."
        case Verdict.REFERENCE if is_none:
            return f"Dropout hurts{_everywhere(evidence)}: use none."
        case Verdict.REFERENCE:
            return f"Use {other}: every other complete configuration is worse."
        case Verdict.AS_GOOD if is_none:
            return "No dropout is as good as any."
        case Verdict.AS_GOOD:
            return f"Use {other}: it is as good as any."
    if decision.elsewhere is not None:
        return f"Not decided yet: {name} looks best, but {decision.elsewhere['name']} may be as good."
    if evidence.choice.reference is not None and best["trial"] == evidence.choice.reference["trial"]:
        return f"Not decided yet: {other} looks best, but another may be better."
    shown = better(evidence, decision)
    if shown is not None:
        return f"Not decided yet: {name} looks best, but only {shown['name']} is shown to be better than {other}."
    return f"Not decided yet: {name} looks best, but its difference from {other} may be chance."


def _everywhere(evidence: Evidence) -> str:
    """` at every rate tried (0.7 to 0.9)`, where the configurations have one rate each."""
    table = evidence.table
    tried = table.loc[table["whole"] & ~table["baseline"], "rate"]
    if tried.empty or tried.isna().any():
        return " in every configuration tried"
    rates = sorted(tried.astype(float).unique())
    low, high = (setting(float(rate)) for rate in (rates[0], rates[-1]))
    return f" at every rate tried ({low} to {high})" if low != high else f" at the rate tried ({low})"


def improving(evidence: Evidence) -> list[pd.Series]:
    """The best configuration and its reference, if half or more of their runs were still improving at the end."""
    found = []
    for trial in (evidence.choice.best, evidence.choice.reference):
        shape = evidence.row("curve_shape", trial)
        if trial is not None and shape is not None and 2 * shape["n_still_improving"] >= shape["n"]:
            found.append(trial)
    return found


def better(evidence: Evidence, decision: Decision) -> pd.Series | None:
    """The best configuration that is significantly better than the reference, where the best is not."""
    rivals, sign = decision.rivals, 1.0 if is_maximised(evidence.objective) else -1.0
    if rivals is None or rivals.empty:
        return None
    found = rivals[(rivals["p_holm"] < ALPHA) & (sign * rivals["mean"] > 0)]
    return None if found.empty else found.iloc[0]


def has_baseline(evidence: Evidence) -> bool:
    """Whether a trial without dropout is recorded in the context of the best."""
    best, trials = evidence.choice.best, evidence.frames.trials
    return best is not None and bool((trials["baseline"] & (trials["context"] == best["context"])).any())


def where(trial: pd.Series) -> str:
    """`everywhere at rate 0.2`, `at hidden with rate 0.2 (spatial)`: what to do with dropout."""
    name = str(trial["name"])
    if pd.isna(trial["placement"]) or pd.isna(trial["rate"]):
        return f"with {name}"
    placement, rate = str(trial["placement"]), setting(float(trial["rate"]))
    rest = name.removeprefix(f"{placement} at {rate}").removeprefix(", ")
    more = f" ({rest})" if rest else ""
    return f"everywhere at rate {rate}{more}" if placement == "everywhere" else f"at {placement} with rate {rate}{more}"


def nothing(evidence: Evidence) -> str:
    """Why no configuration is ranked."""
    frames, table = evidence.frames, evidence.table
    complete = int((frames.runs["status"] == "complete").sum())
    if frames.runs.empty:
        return "No run has finished, so there is nothing to compare."
    if (frames.runs["status"] == "failed").all():
        return all_failed(frames)
    if not complete:
        return "No run is complete, so there is nothing to compare."
    if len(table) and (table["n_complete"] >= frames.seeds).any() and table["n_unlearned"].sum():
        return "Nothing was learned: the validation loss is not below chance level, so nothing is recommended."
    if frames.objectives[0] in ENDED and table["n_stopped"].any():
        return f"Nothing to compare: early stopping ended runs, so their {title(frames.objectives[0])} are not known."
    missing = plural(frames.seeds, "seed")
    return f"Not decided yet: no configuration has all its {missing} complete."


def all_failed(frames: Frames) -> str:
    """The sentence for a sweep whose recorded runs have all failed."""
    first = frames.runs.iloc[0]
    return (
        f"All {plural(len(frames.runs), 'recorded run')} failed, so there is nothing to compare. The first failure, "
        f"trial {first['trial']} with seed {first['seed']}: {first['reason']}."
    )
