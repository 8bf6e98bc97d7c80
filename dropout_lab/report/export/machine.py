"""The report for machines, report.json: numbers where the page has words; report_json.md says what each is."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dropout_lab.report.answer import Answer
from dropout_lab.report.load import Frames
from dropout_lab.report.names import is_fraction, is_maximised
from dropout_lab.report.statistics import Mean
from dropout_lab.report.words import Words

SCHEMA = "dropout-lab/report"
VERSION = 1
"""Goes up when a field goes, or changes its meaning; a new field is no new version."""

COMPARED = ("val_loss", "val_accuracy", "test_loss", "test_accuracy", "gap_loss", "gap_accuracy")

PROVENANCE = ("command", "started", "git_commit", "device", "machine", "versions", "axes", "settings")


def as_json(frames: Frames, table: pd.DataFrame, found: Answer, words: Words) -> str:
    """The whole report as strict JSON: NaN and infinity are null, numbers are in the units of the records."""
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
        "answer": _answer(found),
        "words": {part: list(getattr(words, part)) for part in ("verdict", "more", "cautions")},
        "comparison": _comparison(frames, found),
        "configurations": table.to_dict("records"),
        "provenance": {name: frames.asked.get(name) for name in PROVENANCE},
        "notes": list(frames.notes),
    }
    return json.dumps(strict(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _task(frames: Frames) -> str | None:
    if frames.runs["val_loss"].isna().all():
        return None
    return "classification" if frames.is_classification else "regression"


def unit(metric: str, frames: Frames) -> str:
    """The unit in which the records hold a metric; empty for a number without one."""
    if is_fraction(metric):
        return "fraction"
    if metric.startswith("gap_accuracy"):
        return "percentage points"
    if "loss" in metric or metric == "gap":
        return "nats" if frames.is_classification else "variances of the training target"
    return "epochs" if "epoch" in metric else "s" if metric == "seconds" else ""


def strict(value: Any) -> Any:
    """The value in JSON's own types: what is no number, and what is missing, is null."""
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


def _answer(found: Answer) -> dict[str, Any]:
    best, baseline, other = found.best, found.baseline, found.other_baseline
    difference = None if found.difference is None else _mean(found.difference)
    if difference is not None and best is not None:
        difference["p_holm"] = best[f"{found.objective}_p_holm"]
    return {
        "objective": found.objective,
        "best": None if best is None else best["trial"],
        "best_name": None if best is None else best["name"],
        "baseline": None if baseline is None else baseline["trial"],
        "difference": difference,
        "told_apart": None if difference is None else found.is_told,
        "tests": found.tests,
        "complete_configurations": found.whole,
        "not_told_from_best": list(found.untold),
        "other_baseline": None if other is None else other["trial"],
        "difference_to_other_baseline": None if found.other_difference is None else _mean(found.other_difference),
    }


def _comparison(frames: Frames, found: Answer) -> list[dict[str, Any]]:
    """One row per metric: the best configuration, its baseline, and their difference, paired by seed."""
    best, baseline = found.best, found.baseline
    if best is None:
        return []
    rows = []
    for metric in dict.fromkeys([*frames.objectives, *COMPARED]):
        if metric in best and pd.notna(best[metric]):
            compared = baseline is not None and not best["baseline"]
            rows.append(
                {
                    "metric": metric,
                    "unit": unit(metric, frames),
                    "best": _spread(best, metric),
                    "baseline": _spread(baseline, metric) if compared and baseline is not None else None,
                    "difference": _spread(best, f"{metric}_diff")
                    | {"n": best.get(f"{metric}_diff_n"), "p": best.get(f"{metric}_p")}
                    | {"p_holm": best.get(f"{metric}_p_holm")}
                    if compared and f"{metric}_diff" in best
                    else None,
                }
            )
    return rows


def _spread(trial: "pd.Series[Any]", column: str) -> dict[str, Any]:
    return {"mean": trial[column], "low": trial.get(f"{column}_low"), "high": trial.get(f"{column}_high")}


def _mean(mean: Mean) -> dict[str, Any]:
    return {name: getattr(mean, name) for name in ("mean", "low", "high", "n", "p")}
