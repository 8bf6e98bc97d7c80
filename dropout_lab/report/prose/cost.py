"""What the choice costs in epochs and in time."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

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
        f"The baseline's own level, validation loss {number(best['target'])}, is reached by {_arrived(best)} of "
        f"the best configuration and by {_arrived(baseline)} without dropout."
    )


def _arrived(trial: pd.Series) -> str:
    median = trial["epochs_to_target"]
    text = f"{int(trial['n_reached'])} of {plural(int(trial['n_timed']), 'run')}"
    return f"{text} (median not reached)" if median == float("inf") else f"{text} (median epoch {median:.0f})"


def ratio(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    """Epochs as multiples of those without dropout: half of the way, and all of it."""
    rows = evidence.rows("time_ratio", best)
    # Where nobody got there, the ratio is that of two horizons.
    somebody = (rows["n_reached"] > 0) | (rows["baseline_n_reached"] > 0)
    rows = rows[np.isfinite(rows["restricted_ratio"]) & somebody]
    if rows.empty:
        return
    ends = [(_way(row["progress"]), row) for _, row in rows.iloc[[0, -1]].drop_duplicates("progress").iterrows()]
    told = " and ".join(f"{_times(row)} to {way}" for way, row in ends)
    yield f"Against no dropout its runs take {told} (mean epochs; a run that never gets there counts with all epochs)."


def _way(progress: float) -> str:
    if progress == 1:
        return "all of it"
    share = "half" if progress == 0.5 else f"{100 * progress:g} %"
    return f"{share} of the baseline's way"


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
    text = f"To their own best come {_own_best(own)}"
    baseline = evidence.row("convergence", evidence.found.baseline, definition="own_best")
    if baseline is not None and not best["baseline"] and np.isfinite(baseline["restricted_seconds"]):
        text += f". Without dropout {_own_best(baseline)}"
    total, epochs = float(runs["seconds"].sum()), int(runs["epochs"].sum())
    share = ". Times are a run's share of its cohort's" if own["n_reached"] else ""
    yield f"{text}{share}. All {plural(len(runs), 'run')} of the sweep took {duration(total)}, {epochs:,} epochs."


def _own_best(row: pd.Series) -> str:
    """`4 of 5 runs, after 12.3 epochs or 1.20 s (mean up to epoch 29; 2 were still improving)`."""
    reached, n = int(row["n_reached"]), int(row["n"])
    runs = f"{reached} of {plural(n, 'run')}"
    if not reached:
        return f"{runs}: all ended before it was known"
    notes = [f"mean, a run that was ended early counts up to epoch {row['horizon']}" if reached < n else "mean"]
    if row["n_improving"]:
        notes.append(f"{row['n_improving']} still improving at the end, so not final")
    return (
        f"{runs}, after {number(row['restricted'], 3)} epochs or {duration(row['restricted_seconds'])} "
        f"({'; '.join(notes)})"
    )
