"""What the choice costs in epochs and in time."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from dropout_lab.core.metrics.curves import TOLERANCE
from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import duration, number, plural


def cost(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    yield from _level(evidence, best)
    yield from ratio(evidence, best)
    yield from _time(evidence, best)


def _level(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    baseline = evidence.found.baseline
    if baseline is None or best["baseline"] or pd.isna(best["n_timed"]) or pd.isna(baseline["n_timed"]):
        return
    yield (
        f"The baseline's level, validation loss {number(best['target'])}, is reached by "
        f"{_arrived(best, 'of the best configuration')} and by {_arrived(baseline, 'without dropout')}."
    )


def _arrived(trial: pd.Series, whose: str) -> str:
    median = trial["epochs_to_target"]
    text = f"{int(trial['n_reached'])} of {plural(int(trial['n_timed']), 'run')} {whose}"
    return f"{text} (median not reached)" if median == float("inf") else f"{text} (median epoch {median:.0f})"


def ratio(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    """Epochs as multiples of those without dropout: to half of the baseline's improvement, and to all of it."""
    rows = evidence.rows("time_ratio", best)
    # Where no run gets there, the ratio is that of two horizons.
    some = (rows["n_reached"] > 0) | (rows["baseline_n_reached"] > 0)
    rows = rows[np.isfinite(rows["restricted_ratio"]) & some]
    if rows.empty:
        return
    ends = [(_share(row["progress"]), row) for _, row in rows.iloc[[0, -1]].drop_duplicates("progress").iterrows()]
    takes = " and ".join(f"{_times(row)} to {share}" for share, row in ends)
    yield f"Compared with no dropout, the best takes {takes}."
    yield "These are ratios of mean epochs, in which a run that never gets there counts with all its epochs."


def _share(progress: float) -> str:
    if progress == 1:
        return "all of it"
    share = "half" if progress == 0.5 else f"{100 * progress:g} %"
    return f"{share} of the baseline's improvement"


def _times(row: pd.Series) -> str:
    text = f"{number(row['restricted_ratio'], 3)} times as many epochs"
    if pd.isna(row["restricted_low"]):
        return text
    rough = "" if row["restricted_honest"] else "rough "
    return f"{text} ({rough}95 % interval {number(row['restricted_low'], 3)} to {number(row['restricted_high'], 3)})"


def _time(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    own = evidence.row("convergence", best, definition="own_best")
    runs = evidence.frames.runs
    if own is None or not np.isfinite(own["seconds_per_epoch"]):
        return
    yield f"{_own_best(own)}."
    baseline = evidence.row("convergence", evidence.found.baseline, definition="own_best")
    if baseline is not None and not best["baseline"] and np.isfinite(baseline["restricted_seconds"]):
        yield f"Without dropout, {_own_best(baseline)}."
    if own["n_reached"]:
        yield "The time of a run is its share of its cohort's time."
    total, epochs = float(runs["seconds"].sum()), int(runs["epochs"].sum())
    yield f"All {plural(len(runs), 'run')} of the sweep took {duration(total)} for {epochs:,} epochs."


def _own_best(row: pd.Series) -> str:
    """`4 of 5 runs come within 1 % of their best loss, after 12.3 epochs or 1.20 s on average (...)`."""
    reached, n = int(row["n_reached"]), int(row["n"])
    runs, level = f"{reached} of {plural(n, 'run')}", f"within {100 * TOLERANCE:g} % of their best loss"
    if not reached:
        return f"{runs} come {level}: all ended before it was known"
    text = f"{runs} come {level}, after {number(row['restricted'], 3)} epochs or {duration(row['restricted_seconds'])}"
    text += " on average"
    if reached < n:
        text += f" (a run that was ended early counts up to epoch {row['horizon']})"
    if row["n_improving"]:
        were = "was" if row["n_improving"] == 1 else "were"
        text += f"; {row['n_improving']} {were} still improving when training ended, so this is not final"
    return text
