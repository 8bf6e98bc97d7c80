"""The few configurations that the page shows one by one."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from dropout_lab.report.topics.evidence import Evidence

ROWS = 12
"""Rows of a table on the page; its files have all."""

FEW = 6
"""Configurations that are shown one by one: the best ones, and their baseline besides."""


def few(evidence: Evidence) -> Sequence[Any]:
    """The numbers of the best trials and of the baseline."""
    baseline = evidence.choice.baseline
    best = list(evidence.table.loc[evidence.table["whole"], "trial"].head(FEW)) if len(evidence.table) else []
    return list(dict.fromkeys([*best, *([] if baseline is None else [baseline["trial"]])]))


def rows_of_few(evidence: Evidence, name: str) -> Iterator["pd.Series[Any]"]:
    """The rows of a table that belong to the trials of `few`, trial by trial."""
    table = evidence.tables[name]
    for trial in few(evidence):
        yield from (row for _, row in table[table["trial"] == trial].iterrows())
