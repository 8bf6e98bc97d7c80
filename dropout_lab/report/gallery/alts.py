"""Figures in numbers, for who does not see them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dropout_lab.report.names import is_maximised, title, value


def extreme(table: pd.DataFrame, metric: str, name: str = "name") -> str:
    """`lowest validation loss 0.31, hidden at 0.3; no dropout 0.4`: the best value, where, and the baseline's."""
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


def sentence(parts: Sequence[str]) -> str:
    """The parts as sentences, each beginning with a capital."""
    return " ".join(f"{part[:1].upper()}{part[1:]}." for part in parts if part)


def share(value: float) -> str:
    return f"{100 * value:.0f} %"
