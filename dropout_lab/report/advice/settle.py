"""What the evidence cannot show yet, and what would help: a cheaper equal, more epochs, more seeds."""

import numpy as np
import pandas as pd

from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import duration, number, plural

LESS = 0.9
"""A cheaper configuration takes at most this share of the time."""

MOST_SEEDS = 100
"""A difference that takes more seeds than this is not worth them."""


def cheaper(evidence: Evidence) -> str | None:
    found = evidence.found
    if found.best is None or found.best["baseline"] or evidence.indistinguishable.empty or evidence.frames.seeds < 2:
        return None
    table = evidence.table[evidence.table["whole"] & (evidence.table["context"] == found.best["context"])]
    rivals = table[table["trial"].isin(evidence.indistinguishable["trial"])]
    if rivals["baseline"].any() and not found.is_significant:
        return (
            f"{found.best['name']} is statistically indistinguishable from no dropout. Use no dropout, which costs "
            "nothing, until more seeds favour dropout."
        )
    times = evidence.tables["convergence"]
    times = times[times["definition"] == ("target" if (times["definition"] == "target").any() else "own_best")]
    taken = times.set_index("trial")["restricted_seconds"]
    own = float(taken.get(found.best["trial"], np.nan))
    beside = taken.reindex(rivals["trial"]).dropna()
    if beside.empty or not beside.min() < LESS * own:
        return None
    trial = beside.idxmin()
    name = rivals.loc[rivals["trial"] == trial, "name"].iloc[0]
    level = "the baseline's level" if times["definition"].iloc[0] == "target" else "its own best"
    return (
        f"{name} (trial {trial}) is statistically indistinguishable from {found.best['name']} and cheaper: a run takes "
        f"{duration(float(beside.min()))} to {level} instead of {duration(own)}, "
        f"{number(float(beside.min()) / own, 2)} times the time. Use it."
    )


def longer(evidence: Evidence) -> str | None:
    found = evidence.found
    improving: list[tuple[str, pd.Series]] = []
    for trial in (found.best, found.baseline):
        shape = evidence.row("curve_shape", trial)
        if trial is not None and shape is not None and 2 * shape["n_still_improving"] >= shape["n"]:
            runs = f"{shape['n_still_improving']} of {plural(int(shape['n']), 'run')}"
            improving.append((f"{runs} of {trial['name']}", trial))
    if not improving:
        return None
    parts = list(dict.fromkeys(text for text, _ in improving))
    horizon = int(max(trial["horizon"] for _, trial in improving))
    return (
        f"{' and '.join(parts)} were still improving when training ended. Train longer, for example with "
        f"trainer.epochs={2 * horizon}; the order may change."
    )


def more_seeds(evidence: Evidence) -> str | None:
    found, row = evidence.found, evidence.comparison
    if found.best is None or found.is_significant:
        return None
    seeds = evidence.frames.seeds
    if seeds == 1:
        return "One seed cannot separate a difference from chance: run the same command again with seeds=5."
    if row is None or not np.isfinite(row["seeds_needed"]) or not seeds < row["seeds_needed"] <= MOST_SEEDS:
        return None
    needed = int(row["seeds_needed"])
    return (
        f"There are too few seeds for the difference to {evidence.reference_name}: if the true difference equals the "
        f"observed one, the t test is likely to detect it with {needed - seeds} more. Run the same command again with "
        f"seeds={needed}; finished runs are kept. The p at {needed} seeds is then a second look at these seeds, and "
        "somewhat too small."
    )
