"""Rows in the order of their times, and a cut at which the later ones begin."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import Column, numeric, shown, without_missing

REMEDY = "write them as 2024-01-31, or as numbers"


def times_of(column: Column) -> tuple[NDArray[np.float64], "pd.Series[Any]"]:
    """(n,) numbers that grow with time, and the times as they were read: numbers, or dates.

    Raises UserError, with the row, for one that is missing or no time, and for days and months that may be exchanged.
    """
    values = without_missing(column.values)
    if values.isna().any():
        row = int(values.isna().to_numpy().argmax())
        raise UserError(f"{column.at(row)}, dataset.time, is empty; must have a time in every row")
    found = numeric(values)
    if np.isfinite(found).all():
        return found, values if values.dtype.kind in "mM" else pd.Series(found, index=values.index)
    read = _read(Column(column.name, values.astype(str), column.where, column.place))
    return read.to_numpy(dtype="datetime64[ns]").astype(np.int64) / 1e9, read


def _read(column: Column) -> "pd.Series[Any]":
    """Dates from words."""
    words = column.values
    exact = pd.to_datetime(words, format="ISO8601", errors="coerce", utc=True)
    if exact.notna().all():
        return exact.dt.tz_localize(None)
    if exact.notna().sum() > len(words) / 2:
        row = int(exact.isna().to_numpy().argmax())
        raise UserError(f"{column.at(row)}, dataset.time, has {shown(words.iloc[row])}, which is no time; {REMEDY}")
    orders = [_in_one_format(words, day_first) for day_first in (False, True)]
    whole = [read for read in orders if read is not None]
    if not whole:
        row = int(np.argmin(np.isfinite(numeric(words))))
        raise UserError(
            f"{column.at(row)}, dataset.time, has {shown(words.iloc[row])}; times in more than one format, or none"
            f" that is known; {REMEDY}"
        )
    if len(whole) > 1 and not whole[0].equals(whole[1]):
        row = int((whole[0] != whole[1]).to_numpy().argmax())
        raise UserError(
            f"{column.at(row)}, dataset.time, has {shown(words.iloc[row])}, which may be"
            f" {whole[0].iloc[row]:%Y-%m-%d} or {whole[1].iloc[row]:%Y-%m-%d}; {REMEDY}"
        )
    return whole[0]


def _in_one_format(words: "pd.Series[Any]", day_first: bool) -> "pd.Series[Any] | None":
    """The times, if all are in the format of the first; None otherwise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that pandas would guess each one's format: then it is not one format
        form = pd.tseries.api.guess_datetime_format(words.iloc[0], dayfirst=day_first)
        if form is None:
            return None
        read = pd.to_datetime(words, format=form, errors="coerce", utc=True)
    return read.dt.tz_localize(None) if read.notna().all() else None


def later(times: NDArray[np.float64], size: int, key: str) -> NDArray[np.bool_]:
    """Which rows are the latest `size`, or as near to that as a cut between different times allows.

    Rows of one time stay on one side. Raises UserError where all have the same time, with the key of the size.
    """
    different, counts = np.unique(times, return_counts=True)
    if len(different) < 2:
        raise UserError(f"{key}: all {len(times)} rows to be divided have the same dataset.time, so none is later")
    after = len(times) - np.cumsum(counts)[:-1]
    cut = different[int(np.argmin(np.abs(after - size)))]
    is_later: NDArray[np.bool_] = times > cut
    return is_later
