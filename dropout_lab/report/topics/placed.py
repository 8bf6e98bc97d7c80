"""Rows with the placement and the rate of their trial."""

import pandas as pd

OWN = ("trial", "placement", "rate", "baseline")
"""The columns that determine the colour of a configuration in a figure."""


def placed(part: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """`part` with the placement and the rate of each trial."""
    known = [name for name in OWN if name == "trial" or name not in part]
    return part.merge(table[known], on="trial", how="left")
