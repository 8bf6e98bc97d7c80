"""The numbers of a comparison: a row per sweep, and the settings in which the sweeps differ."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from dropout_lab.config.roles import is_control
from dropout_lab.report.frames.by_seed import by_seed
from dropout_lab.report.frames.ranking import ranked
from dropout_lab.report.statistics import ALPHA, holm, mean_over_seeds
from dropout_lab.report.write.compare.sweeps import Sweep


def compared(sweeps: Sequence[Sweep]) -> pd.DataFrame:
    """One row per sweep, in the order given.

    `sweep`, `folder`, `seeds`, `configurations`; `best`, `best_trial` and the objective's mean (`value`, `value_low`,
    `value_high`) of the best configuration; `dropout`, `dropout_trial`: the best with dropout, the same one unless no
    dropout is best; `difference` of that to the baseline of its context, paired by seed, with its 95 %
    interval (`_low`, `_high`), number of pairs (`_n`) and p of the paired t test; `p_holm` and the interval
    `_wide_low`, `_wide_high` are corrected (Holm; Bonferroni) for the `tests` of all sweeps together, every
    configuration against its baseline; `is_significant`: both exclude zero.
    """
    objective = sweeps[0].choice.objective
    tests = int(sum(sweep.table[f"{objective}_p"].notna().sum() for sweep in sweeps if len(sweep.table)))
    corrected = _corrected(sweeps, f"{objective}_p")
    rows = [_row(sweep, objective, tests, corrected[number]) for number, sweep in enumerate(sweeps)]
    return pd.DataFrame(rows)


def differing(sweeps: Sequence[Sweep]) -> pd.DataFrame:
    """The settings that differ between sweeps: a row per setting, a column per sweep; a swept one shows its axis."""
    given = []
    for sweep in sweeps:
        flat = dict(_flat(sweep.frames.asked.get("settings") or {}))
        axes = sweep.frames.axes
        under = {key for key in flat for axis in axes if key == axis or key.startswith(f"{axis}.")}
        flat = {key: value for key, value in flat.items() if key not in under}
        given.append({**flat, **{key: _axis(values) for key, values in axes.items()}})
    keys = [key for key in dict.fromkeys(key for one in given for key in one) if not is_control(key)]
    rows = [(key, *(str(one.get(key, "–")) for one in given)) for key in keys]
    different = [row for row in rows if len(set(row[1:])) > 1]
    return pd.DataFrame(different, columns=["setting", *(sweep.name for sweep in sweeps)])


def _corrected(sweeps: Sequence[Sweep], column: str) -> list[dict[int, float]]:
    """Trial -> p, corrected for the tests of all sweeps; one mapping per sweep."""
    p = [sweep.table[column].to_numpy(dtype=float) if len(sweep.table) else np.empty(0) for sweep in sweeps]
    ends = np.cumsum([len(part) for part in p])[:-1]
    parts = np.split(holm(np.concatenate(p)), ends)
    trials = [sweep.table["trial"] if len(sweep.table) else () for sweep in sweeps]
    return [dict(zip(map(int, owners), part, strict=True)) for owners, part in zip(trials, parts, strict=True)]


def _row(sweep: Sweep, objective: str, tests: int, p_holm: Mapping[int, float]) -> dict[str, Any]:
    nan = math.nan
    row: dict[str, Any] = {
        "sweep": sweep.name,
        "folder": str(sweep.folder),
        "objective": objective,
        "seeds": sweep.frames.seeds,
        "configurations": len(sweep.table),
        "complete": sweep.choice.whole,
        "best": None,
        "best_trial": None,
        **dict.fromkeys(("value", "value_low", "value_high"), nan),
        "dropout": None,
        "dropout_trial": None,
        "baseline_trial": None,
        **dict.fromkeys(("difference", "difference_low", "difference_high"), nan),
        "difference_n": 0,
        **dict.fromkeys(("p", "p_holm", "difference_wide_low", "difference_wide_high"), nan),
        "tests": tests,
        "is_significant": False,
    }
    best = sweep.choice.best
    if best is None:
        return row
    row |= {"best": best["name"], "best_trial": int(best["trial"])}
    row |= {f"value{end}": best[f"{objective}{end}"] for end in ("", "_low", "_high")}
    order = ranked(sweep.table, objective, sweep.frames.seeds)
    dropped = order[order["whole"] & ~order["baseline"]]
    if dropped.empty:
        return row
    chosen = dropped.iloc[0]
    row |= {"dropout": chosen["name"], "dropout_trial": int(chosen["trial"])}
    own = order[order["baseline"] & (order["context"] == chosen["context"])]
    if own.empty:
        return row
    values = by_seed(sweep.frames, [objective])
    ours, theirs = values.of(objective, values.rows([int(chosen["trial"]), int(own.iloc[0]["trial"])]))
    pairs = (ours - theirs)[np.isfinite(ours - theirs)]
    mean = mean_over_seeds(pairs)
    row |= {"baseline_trial": int(own.iloc[0]["trial"]), "difference": mean.mean, "difference_n": mean.n, "p": mean.p}
    row |= {"difference_low": mean.low, "difference_high": mean.high, "p_holm": p_holm[int(chosen["trial"])]}
    if not math.isnan(mean.low):
        half = float(stdtrit(mean.n - 1, 1 - ALPHA / (2 * max(1, tests)))) * pairs.std(ddof=1) / math.sqrt(mean.n)
        row |= {"difference_wide_low": mean.mean - half, "difference_wide_high": mean.mean + half}
    row["is_significant"] = bool(mean.excludes_zero and row["p_holm"] < ALPHA)
    return row


def _axis(values: Any) -> str:
    if isinstance(values, dict) and "low" in values and "high" in values:
        return f"swept: {values['low']} to {values['high']}"
    return f"swept: {', '.join(map(str, values))}" if isinstance(values, list) else f"swept: {values}"


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
