"""Alternative text for figures."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dropout_lab.report.spelling import is_maximised, setting, title, value


def extreme(table: pd.DataFrame, metric: str, name: str = "name") -> str:
    """`lowest validation loss 0.31, hidden at 0.3; no dropout 0.4`: the best value, its place, and the baseline's."""
    known = table[np.isfinite(table[metric].astype(float))]
    dropped, none = known[~known["baseline"].astype(bool)], known[known["baseline"].astype(bool)]
    if known.empty:
        return f"no value of the {title(metric)}"
    most = is_maximised(metric)
    parts = []
    if len(dropped):
        best = dropped.iloc[int(dropped[metric].argmax() if most else dropped[metric].argmin())]
        kind = "highest" if most else "lowest"
        parts.append(f"{kind} {title(metric)} {value(metric, float(best[metric]))}, {best[name]}")
    if len(none):
        best = none.iloc[int(none[metric].argmax() if most else none[metric].argmin())]
        parts.append(f"no dropout {value(metric, float(best[metric]))}")
    return "; ".join(parts)


def cells(rates: pd.DataFrame, metric: str) -> str:
    """`validation loss, a row per placement: hidden 0.31 at 0.3 to 0.9 at 0.8; ...`: each row's minimum and maximum."""
    rows = []
    known = rates[np.isfinite(rates[metric].astype(float))]
    for (group, name), row in known.groupby(["group", "placement"], sort=False):
        placement = f"{group}, {name}" if rates["group"].nunique() > 1 else name
        least, most = (row.iloc[int(place)] for place in (row[metric].argmin(), row[metric].argmax()))
        ends = [f"{value(metric, float(one[metric]))} at {setting(float(one['rate']))}" for one in (least, most)]
        rows.append(f"{placement} {' to '.join(dict.fromkeys(ends))}")
    never = int(np.isinf(rates[metric].astype(float)).sum())
    missed = f"; not reached by half of the runs in {never} of {len(rates)} cells" if never else ""
    return f"{title(metric)}, a row per placement, minimum and maximum: {'; '.join(rows) or 'no value'}{missed}"


def sentence(parts: Sequence[str]) -> str:
    """Join the parts as sentences, each with a capital."""
    return " ".join(f"{part[:1].upper()}{part[1:]}." for part in parts if part)
