"""The report for machines, report.json: the numbers behind the page. report_json.md documents every field."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dropout_lab.core.metrics.lookup import compared_names
from dropout_lab.report.answer.answer import Answer
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import is_maximised, unit_of
from dropout_lab.report.statistics import Mean
from dropout_lab.report.topics.choice import Choice
from dropout_lab.report.topics.evidence import Evidence

SCHEMA = "dropout-lab/report"
VERSION = 5
"""Increases when a field is removed or changes its meaning; a new field does not change it."""

PROVENANCE = ("command", "started", "git_commit", "device", "machine", "versions", "axes", "settings", "scope")


def as_json(evidence: Evidence, answer: Answer) -> str:
    """The whole report as strict JSON: NaN and infinity are null, numbers are in the units of the records."""
    frames = evidence.frames
    content = {
        "schema": SCHEMA,
        "schema_version": VERSION,
        "name": frames.name,
        "seeds": frames.seeds,
        "task": _task(frames),
        "objectives": [
            {"metric": name, "direction": "maximize" if is_maximised(name) else "minimize", "unit": unit(name, frames)}
            for name in frames.objectives
        ],
        "runs": frames.runs["status"].value_counts().to_dict(),
        "answer": _answer(evidence, answer),
        "sentences": {
            "headline": answer.headline,
            "state": answer.state.text,
            "scope": answer.scope,
            "warnings": answer.warnings,
            "plausible": answer.plausible,
            "avoid": answer.avoid,
            "cautions": answer.cautions,
            "details": answer.details,
        },
        "rows": [row._asdict() for row in answer.rows],
        "next": answer.next._asdict(),
        "comparison": _comparison(frames, evidence.choice),
        "test_set": evidence.tables["test_set"].to_dict("records"),
        "configurations": None,
        "provenance": {name: frames.asked.get(name) for name in PROVENANCE},
        "notes": list(frames.notes),
    }
    text = json.dumps(strict(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    # A line per configuration, by the fast encoder. JSON strings contain no line breaks, so the match is unique.
    return text.replace('\n "configurations": null,', f'\n "configurations": [{_lines(evidence.table)}],', 1)


def _lines(table: pd.DataFrame) -> str:
    columns = [_values(table[name]) for name in table]
    names = [str(name) for name in table]
    rows = (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
    return ",".join(f"\n  {json.dumps(row, ensure_ascii=False, allow_nan=False)}" for row in rows)


def _values(column: "pd.Series[Any]") -> list[Any]:
    """`strict` of each value; faster for a column of numbers."""
    if pd.api.types.is_float_dtype(column):
        values = column.to_numpy(dtype=float, na_value=math.nan)
        return [value if math.isfinite(value) else None for value in values.tolist()]
    return [strict(value) for value in column.tolist()]


def _task(frames: Frames) -> str | None:
    if frames.runs["val_loss"].isna().all():
        return None
    known = frames.asked.get("task")
    return str(known) if known else "classification" if frames.is_classification else "regression"


def unit(metric: str, frames: Frames) -> str:
    """The unit in which the records hold a metric; empty for a number without one."""
    found = unit_of(metric)
    return found.regression if found.regression and not frames.is_classification else found.name


def strict(value: Any) -> Any:
    """The value in JSON's types: NaN, infinity and missing values are null."""
    if isinstance(value, Mapping):
        return {str(key): strict(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [strict(item) for item in value]
    plain = value.item() if hasattr(value, "item") else value
    if plain is None or plain is pd.NaT or plain is pd.NA:
        return None
    if isinstance(plain, float) and not math.isfinite(plain):
        return None
    return plain if isinstance(plain, bool | int | float | str) else str(plain)


def _answer(evidence: Evidence, answer: Answer) -> dict[str, Any]:
    choice, decision = evidence.choice, answer.decision
    best, baseline, other = choice.best, choice.baseline, choice.other_baseline
    difference = None if choice.difference is None else _mean(choice.difference) | _of(evidence.comparison, COMPARISON)
    chosen = {name: None if best is None else best.get(name) for name in ("placement", "rate", "dropout")}
    rates = evidence.tables["best_rates"]
    return {
        "verdict": decision.verdict.name.lower(),
        "is_decided": decision.verdict.is_decided,
        "use": None if decision.use is None else decision.use["trial"],
        "state": answer.state.name,
        "objective": choice.objective,
        "best": None if best is None else best["trial"],
        "best_name": None if best is None else best["name"],
        **chosen,
        "baseline": None if baseline is None else baseline["trial"],
        "reference": None if choice.reference is None else choice.reference["trial"],
        "difference": difference,
        "tests": choice.tests,
        "complete_configurations": choice.whole,
        "confidence_set": [] if best is None else [best["name"], *evidence.indistinguishable["name"]],
        "confidence_set_of_rates": list(rates.loc[rates["in_set"], "rate"]),
        "equivalent_to_best": list(evidence.equivalent["name"]),
        "optimism": _of(evidence.row("optimism", best, metric=choice.objective), OPTIMISM) or None,
        "best_epoch_bias": _of(evidence.row("best_epoch", best), ("bias",)).get("bias"),
        "cost": _of(evidence.row("time_ratio", best, progress=1.0), COST)
        | _of(evidence.row("convergence", best, definition="own_best"), ("restricted", "restricted_seconds")),
        "other_baseline": None if other is None else other["trial"],
        "difference_to_other_baseline": None if choice.other_difference is None else _mean(choice.other_difference),
    }


COMPARISON = (
    "p_flip_least",
    "p_flip_seeds",
    "improvement",
    "improvement_low",
    "improvement_high",
    "seeds_needed",
    "margin",
    "p_equivalence",
    "p_equivalence_holm",
    "p_no_better",
)
OPTIMISM = ("value", "optimism", "corrected")
COST = (
    "target",
    "n",
    "n_reached",
    "ratio",
    "restricted_ratio",
    "restricted_low",
    "restricted_high",
    "restricted_honest",
)


def _of(row: "pd.Series[Any] | None", names: Sequence[str]) -> dict[str, Any]:
    return {} if row is None else {name: row[name] for name in names}


def _comparison(frames: Frames, choice: Choice) -> list[dict[str, Any]]:
    """One row per metric: the best configuration, its reference, and their difference, paired by seed."""
    best, baseline = choice.best, choice.reference
    if best is None:
        return []
    rows = []
    for metric in dict.fromkeys([*frames.objectives, *compared_names()]):
        if metric in best and pd.notna(best[metric]):
            has_other = baseline is not None and baseline["key"] != best["key"]
            rows.append(
                {
                    "metric": metric,
                    "unit": unit(metric, frames),
                    "best": _spread(best, metric),
                    "baseline": _spread(baseline, metric) if has_other and baseline is not None else None,
                    "difference": _spread(best, f"{metric}_diff")
                    | {"n": best.get(f"{metric}_diff_n"), "p": best.get(f"{metric}_p")}
                    | {"p_holm": best.get(f"{metric}_p_holm")}
                    if has_other and f"{metric}_diff" in best
                    else None,
                }
            )
    return rows


def _spread(trial: "pd.Series[Any]", column: str) -> dict[str, Any]:
    return {"mean": trial[column], "low": trial.get(f"{column}_low"), "high": trial.get(f"{column}_high")}


def _mean(mean: Mean) -> dict[str, Any]:
    return {name: getattr(mean, name) for name in ("mean", "low", "high", "n", "p")}
