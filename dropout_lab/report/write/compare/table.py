"""The numbers of a comparison: a row per sweep, and the settings in which the sweeps differ."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dropout_lab.config.roles import is_control
from dropout_lab.report.frames.by_seed import BySeed, by_seed
from dropout_lab.report.frames.ranking import ranked
from dropout_lab.report.spelling import is_maximised
from dropout_lab.report.statistics import ALPHA, Floats, Means, holm, means_of_rows, simultaneous
from dropout_lab.report.write.compare.sweeps import Sweep


def compared(sweeps: Sequence[Sweep]) -> pd.DataFrame:
    """One row per sweep, in the order given.

    `sweep`, `folder`, `seeds`, `configurations`; `best`, `best_trial` and the objective's mean (`value`, `value_low`,
    `value_high`) of the best configuration; `dropout`, `dropout_trial`: the best with dropout, the same one unless no
    dropout is best; `difference` of that to the baseline of its context, paired by seed, with its 95 %
    interval (`_low`, `_high`), number of pairs (`_n`) and p of the paired t test; `p_holm` and the interval
    `_wide_low`, `_wide_high` are corrected for the `tests` of all sweeps together, every configuration against its
    baseline (`statistics.simultaneous`); `word`: better, worse, inconclusive, or empty without a difference.
    """
    objective = sweeps[0].choice.objective
    every = [by_seed(sweep.frames, [objective]) for sweep in sweeps]
    differences = [values.differences(objective) for values in every]
    p = [means_of_rows(part).p for part in differences]
    tests = int(sum(np.isfinite(part).sum() for part in p))
    corrected = np.split(holm(np.concatenate(p)), np.cumsum([len(part) for part in p])[:-1])
    together = [simultaneous(part, tests, mine) for part, mine in zip(differences, corrected, strict=True)]
    rows = [_row(*given, objective, tests) for given in zip(sweeps, every, differences, together, strict=True)]
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


def _row(
    sweep: Sweep, values: BySeed, differences: Floats, together: Means, objective: str, tests: int
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "sweep": sweep.name,
        "folder": str(sweep.folder),
        "objective": objective,
        "seeds": sweep.frames.seeds,
        "contexts": sweep.frames.trials["context"].nunique(),
        "configurations": len(sweep.table),
        "complete": sweep.choice.whole,
        "best": None,
        "best_trial": None,
        **dict.fromkeys(("value", "value_low", "value_high"), math.nan),
        "dropout": None,
        "dropout_trial": None,
        "baseline_trial": None,
        **dict.fromkeys(("difference", "difference_low", "difference_high"), math.nan),
        "difference_n": 0,
        **dict.fromkeys(("p", "p_holm", "difference_wide_low", "difference_wide_high"), math.nan),
        "tests": tests,
        "word": "",
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
    (place,) = values.rows([int(chosen["trial"])])
    alone, wide = means_of_rows(differences[[place]]).of(0), together.of(int(place))
    if not alone.n:
        return row
    row |= {"baseline_trial": int(values.trials[values.baselines[place]]), "difference": alone.mean}
    row |= {"difference_low": alone.low, "difference_high": alone.high, "difference_n": alone.n, "p": alone.p}
    row |= {"p_holm": wide.p, "difference_wide_low": wide.low, "difference_wide_high": wide.high}
    row["word"] = "inconclusive"
    if wide.p < ALPHA:
        row["word"] = "better" if (alone.mean > 0) == is_maximised(objective) else "worse"
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
