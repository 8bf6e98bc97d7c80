"""More dropout, less, or none, by the gap and by how training goes."""

import numpy as np
import pandas as pd

from dropout_lab.report.advice.learning import learning_rate
from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import setting, value

NO_GAP = 0.05
"""A gap in loss below this share of the validation loss counts as no gap."""

LARGE_GAP = 0.25
"""A gap in loss above this share of the validation loss is large."""

HIGHEST = 0.9
"""Rates above this are never advised."""


def not_needed(evidence: Evidence) -> str | None:
    found = evidence.found
    rows = evidence.rows("gaps", found.baseline, measure="loss")
    if found.best is None or learning_rate(evidence) is not None:
        return None
    if rows.empty or not (rows["high"] < NO_GAP * rows["validation"]).all():
        return None
    if found.is_significant and not found.best["baseline"]:
        return None
    most = rows.iloc[int(rows["gap"].argmax())]
    return (
        f"Without dropout there is no gap to close: at the {most['epoch']} epoch the validation loss is "
        f"{value('val_loss', most['validation'])} and the train loss {value('train_loss', most['train'])}. This "
        "network does not need dropout; a larger network or longer training may help."
    )


def stronger(evidence: Evidence) -> str | None:
    best = evidence.found.best
    row = evidence.row("gaps", best, measure="loss", epoch="best")
    if best is None or row is None or not row["low"] > LARGE_GAP * row["validation"]:
        return None
    start = (
        f"{best['name']} still has a large gap: validation loss {value('val_loss', row['validation'])}, train loss "
        f"{value('train_loss', row['train'])}."
    )
    if best["baseline"]:
        others = evidence.table[~evidence.table["baseline"] & (evidence.table["context"] == best["context"])]
        return None if len(others) else f"{start} Try dropout."
    if pd.isna(best["rate"]) or pd.isna(best["placement"]):
        return None
    alike = evidence.table[_alike(evidence, best)]
    room = []
    if not (alike.loc[alike["placement"] == best["placement"], "rate"] > best["rate"]).any() and best["rate"] < HIGHEST:
        room.append(f"a rate above {setting(float(best['rate']))}")
    if not _more_sites(evidence, alike, best):
        room.append("a placement with more sites")
    return f"{start} Try {' or '.join(room)}." if room else None


def _alike(evidence: Evidence, best: pd.Series) -> "pd.Series[bool]":
    """Configurations of the same context, method and schedule."""
    same = evidence.table["context"] == best["context"]
    for name in ("dropout", "schedule"):
        same = same & (evidence.table[name] == best[name])
    return pd.Series(same)


def _more_sites(evidence: Evidence, alike: pd.DataFrame, best: pd.Series) -> bool:
    """Whether a placement with more sites than the best was tried, all of its sites included, or none exists."""
    sites = [str(name) for name in evidence.table if str(name).startswith("rates.")]
    own = best[sites].to_numpy(dtype=float) > 0
    theirs = alike[sites].to_numpy(dtype=float) > 0
    return bool(own.all() or ((theirs >= own).all(axis=1) & (theirs.sum(axis=1) > own.sum())).any())


def lower(evidence: Evidence) -> str | None:
    table, baseline = evidence.table, evidence.found.baseline
    if baseline is None or "placement" not in table or learning_rate(evidence) is not None:
        return None
    level = baseline["val_loss"]
    dropped = table[~table["baseline"] & (table["context"] == baseline["context"]) & table["placement"].notna()]
    shapes = evidence.tables["curve_shape"].set_index("trial")["diagnosis"]
    improving = "still improving"
    unfinished = dropped["trial"].map(shapes).eq(improving) & (shapes.get(baseline["trial"]) != improving)
    # Worse by the interval of the paired difference if it exists: one mean is above another by chance half of the time.
    worse = dropped["val_loss_diff_low"].fillna(dropped["val_loss_diff"]) > 0
    bad = worse & (dropped["n_complete"] > 1) & ((dropped["train_loss"] > level) | unfinished)
    found = []
    for placement, part in dropped.assign(bad=bad).groupby("placement", sort=True):
        worst = part.groupby("rate")["bad"].all().sort_index()
        first = _from(worst.to_numpy())
        if first is not None:
            found.append(f"{placement} from {setting(float(worst.index[first]))} on")
    if not found:
        return None
    return (
        f"The rate is too high at {', '.join(found)}. There, the validation loss is worse than without dropout, and "
        f"the train loss is above the validation loss without dropout ({value('val_loss', level)}) or most runs were "
        "still improving at the end. Lower the rate; the next sweep can leave these rates out."
    )


def _from(bad: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> int | None:
    """The place from which all are bad; None if the last is not."""
    good = np.flatnonzero(~bad)
    place = int(good[-1]) + 1 if len(good) else 0
    return place if place < len(bad) else None
