"""The units of the tables' columns."""

from collections.abc import Mapping

METRIC = "of the metric"
"""The unit of the row's metric as in frames.md; accuracies are fractions."""

OBJECTIVE = "of the objective"

_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("trial", "name", "metric", "against", "measure", "definition", "diagnosis", "best_trial"), ""),
    **dict.fromkeys(("term", "order", "df", "f", "error_df", "factor", "level", "parameter", "pair", "setting"), ""),
    **dict.fromkeys(("value", "edge", "baseline_trial", "context", "test_metric", "placement"), ""),
    **dict.fromkeys(("ratio", "ratio_least", "ratio_most"), "times"),
    **dict.fromkeys(("restricted_ratio", "restricted_low", "restricted_high"), "times"),
    **dict.fromkeys(("share", "importance", "progress"), "fraction"),
    **dict.fromkeys(("p", "p_holm", "p_flip", "p_flip_holm", "p_flip_least", "p_equivalence", "p_best"), "probability"),
    "p_equivalence_holm": "probability",
    **dict.fromkeys(("improvement", "improvement_low", "improvement_high"), "probability"),
    **dict.fromkeys(("bca_honest", "restricted_honest", "best", "baseline", "front", "inside", "flat"), "true, false"),
    **dict.fromkeys(("p_flip_seeds", "seeds_needed", "seeds"), "seeds"),
    **dict.fromkeys(("mean", "low", "high", "bca_low", "bca_high", "deviation", "margin"), METRIC),
    **dict.fromkeys(("difference", "difference_low", "difference_high"), METRIC),
    **dict.fromkeys(("trial_deviation", "common_deviation", "own_deviation", "study_deviation"), METRIC),
    **dict.fromkeys(("effect", "effect_low", "effect_high"), METRIC),
    "correlation": "",
    "squares": f"{METRIC}, squared",
    **dict.fromkeys(("optimism", "corrected"), METRIC),
    **dict.fromkeys(("test", "test_low", "test_high"), "of the test metric"),
    **dict.fromkeys(("test_difference", "test_difference_low", "test_difference_high"), "of the test metric"),
    **dict.fromkeys(("gap", "validation", "train"), "of the measure"),
    **dict.fromkeys(("n", "n_reached", "n_improving", "baseline_n", "baseline_n_reached"), "runs"),
    **dict.fromkeys(("n_still_improving", "n_overfitting", "n_saturated_early", "n_settled"), "runs"),
    **dict.fromkeys(("median", "median_low", "median_high", "baseline_median"), "epochs"),
    **dict.fromkeys(("restricted", "restricted_error", "horizon", "onset", "epochs"), "epochs"),
    "seconds_per_epoch": "s per epoch",
    **dict.fromkeys(("median_seconds", "restricted_seconds"), "s"),
    **dict.fromkeys(("target", "rise"), "of the loss"),
    **dict.fromkeys(("area", "area_low", "area_high"), "of the loss, times epochs"),
    **dict.fromkeys(("budget", "n_trials"), "trials"),
    **dict.fromkeys(("first", "second"), "of the pair's metrics"),
    **dict.fromkeys(("from_value", "to_value"), "of the setting"),
    **dict.fromkeys(("configurations", "n_baselines"), "configurations"),
    "n_contexts": "contexts",
    **dict.fromkeys(("session", "worker", "cohort"), ""),
    "lanes": "lanes",
    "occupancy": "fraction",
    "run_epochs": "epochs",
    **dict.fromkeys(("seconds", "elapsed", "seconds_per_run_epoch"), "s"),
    "rate": "probability of dropping",
}

_TABLES: Mapping[tuple[str, str], str] = {
    ("comparisons", "n"): "seeds",
    ("to_best", "n"): "seeds",
    **{("gaps", name): "of the measure" for name in ("low", "high", "difference", "difference_low", "difference_high")},
    ("gaps", "epoch"): "",
    **{("best_so_far", name): OBJECTIVE for name in ("value", "best", "low", "median", "high")},
    **{("isolation", name): OBJECTIVE for name in ("mean", "low", "high", "difference")},
    **{("isolation", f"difference_{end}"): OBJECTIVE for end in ("low", "high")},
    ("isolation", "value"): "of the setting",
    ("optimism", "value"): METRIC,
}


def unit_of(table: str, column: str) -> str:
    """The unit of a column of a table; empty for text, trial numbers and bare numbers."""
    return _TABLES.get((table, column)) or ("" if (table, column) in _TABLES else _NAMES[column])
