"""The answer in one sentence, by a table of cases."""

import pandas as pd

from dropout_lab.report.answer.decision import Decision, Verdict
from dropout_lab.report.answer.state import State
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import plural, setting
from dropout_lab.report.topics.evidence import Evidence


def headline(evidence: Evidence, decision: Decision, state: State) -> str:
    """The sentence; of a sweep that is not over, it says so."""
    text = _sentence(evidence, decision)
    if state.is_over or decision.verdict is Verdict.NONE:
        return text
    return f"So far: {text[:1].lower()}{text[1:]}"


def _sentence(evidence: Evidence, decision: Decision) -> str:
    best, other = evidence.choice.best, evidence.reference_name
    if best is None:
        return nothing(evidence)
    name = best["name"]
    is_none = other == "no dropout"
    match decision.verdict:
        case Verdict.NO_REFERENCE if is_none:
            return f"Not decided: no dropout is not complete, so nothing can be said about dropout. {name} is best."
        case Verdict.NO_REFERENCE:
            return f"Not decided: {other} is not complete. {name} is best."
        case Verdict.ALONE:
            return f"Nothing to compare: only {other} is complete."
        case Verdict.ONE_SEED if best["baseline"]:
            return "Not decided yet: one seed cannot separate a difference from chance. No dropout looks best."
        case Verdict.ONE_SEED:
            return f"Not decided yet: one seed cannot separate a difference from chance. {name} looks best."
        case Verdict.BETTER if is_none:
            return f"Dropout helps: use it {where(best)}."
        case Verdict.BETTER:
            return f"{name} is better than {other}."
        case Verdict.REFERENCE if is_none:
            return "Dropout hurts: use none."
        case Verdict.REFERENCE:
            return f"{other} is better than every other configuration."
        case Verdict.AS_GOOD if is_none:
            return "No dropout is as good as any."
        case Verdict.AS_GOOD:
            return f"{other} is as good as any."
    if decision.elsewhere is not None:
        return f"Not decided yet: {name} looks best, but {decision.elsewhere['name']} may be as good."
    if evidence.choice.reference is not None and best["trial"] == evidence.choice.reference["trial"]:
        return f"Not decided yet: {other} looks best, but others may be better."
    return f"Not decided yet: {name} looks best, but its difference to {other} may be chance."


def where(trial: pd.Series) -> str:
    """`everywhere at rate 0.2`, `at hidden at rate 0.2 (spatial)`: what to do with dropout."""
    name = str(trial["name"])
    if pd.isna(trial["placement"]) or pd.isna(trial["rate"]):
        return f"with {name}"
    placement, rate = str(trial["placement"]), setting(float(trial["rate"]))
    rest = name.removeprefix(f"{placement} at {rate}").strip(", ")
    more = f" ({rest})" if rest else ""
    return f"{'everywhere' if placement == 'everywhere' else f'at placement {placement}'} at rate {rate}{more}"


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
    missing = plural(frames.seeds, "seed")
    return f"Not decided yet: no configuration has all its {missing} complete."


def all_failed(frames: Frames) -> str:
    """The sentence for a sweep whose recorded runs have all failed."""
    first = frames.runs.iloc[0]
    return (
        f"All {plural(len(frames.runs), 'recorded run')} failed, so there is nothing to compare. The first failure, "
        f"trial {first['trial']} with seed {first['seed']}: {first['reason']}."
    )
