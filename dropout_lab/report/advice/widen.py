"""The best value at the edge of what was tried."""

import pandas as pd

from dropout_lab.report.advice.strength import HIGHEST, not_needed
from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import setting


def widen(evidence: Evidence) -> str | None:
    best = evidence.found.best
    if best is None or best["baseline"]:
        return None
    edges = evidence.tables["isolation"]
    values = edges.groupby("setting")["setting"].transform("size")
    of_rate = (edges["setting"] == "rate") | edges["setting"].str.startswith("rates.")
    # One of two values is always at an edge; for rates, no dropout is a further value.
    # The amount of data is given, so there is nothing to widen.
    of_data = edges["setting"].str.startswith("dataset.")
    edges = edges[(edges["edge"] != "") & (edges["trial"] == best["trial"]) & ((values > 2) | of_rate) & ~of_data]
    if not_needed(evidence) is not None:
        edges = edges[~of_rate.reindex(edges.index)]
    sentences = [sentence for _, row in edges.iterrows() if (sentence := _edge(evidence, row)) is not None]
    return " ".join(sentences) or None


def _edge(evidence: Evidence, row: pd.Series) -> str | None:
    name, place = str(row["setting"]), setting(float(row["value"]))
    is_rate = name == "rate" or name.startswith("rates.")
    what = f"The best {'rate' if name == 'rate' else name}, {place}, is {_where(row)}"
    wider = "widen the grid" if _is_value(row) else "widen the interval"
    if not is_rate:
        way = "lower" if row["edge"] == "lower" else "higher"
        return f"{what}: {wider} to {way} ones."
    if row["edge"] == "upper":
        return None if row["to_value"] >= HIGHEST else f"{what}; a higher one may be better: {wider}."
    if evidence.table["baseline"].any():
        if not evidence.found.is_significant:
            return None  # no dropout may be the best rate
        least = setting(float(row["from_value"]))
        between = f"and {'it' if least == place else least} is the lowest besides no dropout"
        return f"{what}, {between}: try lower ones, such as {setting(float(row['from_value']) / 2)}."
    return f"{what}; a lower one, or no dropout, may be better: {wider} and train no dropout."


def _where(row: pd.Series) -> str:
    """Where the value lies; a sampler's values are grouped in tenths, so the best need not be the outermost."""
    if _is_value(row):
        return f"at the {row['edge']} edge of those tried"
    return f"in the outermost tenth of those tried, at the {row['edge']} end"


def _is_value(row: pd.Series) -> bool:
    """Whether the row is one value and not a class of values."""
    return bool(row["from_value"] == row["to_value"])
