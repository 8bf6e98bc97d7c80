"""The few configurations whose convergence is drawn."""

import pandas as pd

from dropout_lab.report.topics.choice import Choice

FEW = 3
"""Configurations besides the baseline; more bands would be indistinguishable."""


def few(table: pd.DataFrame, choice: Choice) -> pd.DataFrame:
    """The rows of the best configurations with dropout in the context of the best, and of their baseline."""
    if choice.best is None:
        return table.iloc[:0]
    same: pd.DataFrame = table[table["whole"] & (table["context"] == choice.best["context"])]
    dropped = same[~same["baseline"]]
    first = dropped.drop_duplicates("placement") if dropped["placement"].notna().all() else dropped
    best = pd.concat([first.head(FEW), dropped]).drop_duplicates("trial").head(FEW).sort_index()
    return pd.concat([best, same[same["baseline"]]])
