"""Dates in words, and what a network gets of a date.

A date is read where its order is plain: `2024-01-31`, `31.01.2024` (dots: day first), `31 Jan 2024`, and `25/06/2024`,
which no month is. Whether `03/04/2024` is in March or April, all values of the column together may say.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Order = Literal["day", "month"]
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
PLAIN = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y-%m", "%d.%m.%Y", "%d.%m.%y"),
    *("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d %Y", "%B %d %Y", "%b %Y", "%B %Y", "%a %d %b %Y"),
)
OPEN: Mapping[Order, Sequence[str]] = {
    "day": ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y", "%d-%m-%y"),
    "month": ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y"),
}
IS_OPEN = re.compile(r"\d{1,2}([/-])\d{1,2}\1(?:\d{4}|\d{2})(?:[ T].*)?")
SHORT_YEAR = re.compile(r"(?:\d{1,2}([-/.])\d{1,2}\1|\d{1,2}-[a-z]{3}-)\d{2}(?!\d).*", re.IGNORECASE)
OFFSET = re.compile(r"(:\d\d(?:[.,]\d+)?) ?(z|utc|gmt|[+-]\d\d(?::?\d\d)?)$", re.IGNORECASE)
"""Behind a time of the day: how far it is from UTC."""
CLOCK = re.compile(r"(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?(?: ?[ap]\.?m\.?)?", re.IGNORECASE)
DAY_NUMBER = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
DAY = 86400.0

Times = NDArray[np.float64]
"""(n,) seconds since 1970; NaN for what is no date."""


def dates(words: Sequence[str], order: Order | None) -> Times:
    """The dates that are written plainly and, with `order`, those whose order is open."""
    texts = pd.Series([_plain(word) for word in words], dtype=object)
    found = _seconds(pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True))
    is_open = np.array([bool(IS_OPEN.fullmatch(word.strip())) for word in words], dtype=bool)
    looks = texts.map(lambda text: bool(re.search(r"[a-zA-Z./:-]", text))).to_numpy(dtype=bool)
    found[~looks] = np.nan  # a bare year or number is a number
    formats = [*PLAIN, *(OPEN[order] if order else ())]
    for form in (day + clock for clock in CLOCKS for day in formats):
        rest = np.isnan(found) & looks & (~is_open if form.startswith(PLAIN) else is_open)
        if rest.any():
            found[rest] = _seconds(pd.to_datetime(texts[rest], format=form, errors="coerce", utc=True))
    return found


def orders(words: Sequence[str]) -> Mapping[Order, Times]:
    """The dates for either order of day and month."""
    return {order: dates(words, order) for order in OPEN}


def is_open(word: str) -> bool:
    """Whether day and month of a date may be either way round."""
    return IS_OPEN.fullmatch(word.strip()) is not None


def has_short_year(word: str) -> bool:
    """Whether the year has two digits, so that its century is open."""
    return SHORT_YEAR.fullmatch(word.strip()) is not None


def offset(word: str) -> str:
    """`+02:00` of a time with an offset from UTC, `Z` of one in UTC; empty where it has none."""
    if (found := OFFSET.search(word.strip())) is None:
        return ""
    return "Z" if found[2].lower() in ("z", "utc", "gmt") or set(found[2]) <= set("+-0:") else found[2]


def without_offset(word: str) -> str:
    """The time as a clock there shows it."""
    return OFFSET.sub(r"\1", word.strip()) if offset(word) else word


def clocks(words: Sequence[str]) -> Times:
    """Times of the day in hours; NaN for what is none."""
    found = []
    for word in words:
        if CLOCK.fullmatch(word.strip()) is None:
            found.append(np.nan)
            continue
        hour, minute, *second = re.findall(r"\d+(?:[.,]\d+)?", word)
        late = re.search("p", word, re.IGNORECASE) is not None
        hours = int(hour) % 12 + 12 * late if re.search("[ap]", word, re.IGNORECASE) else int(hour)
        found.append(hours + int(minute) / 60 + float(second[0].replace(",", ".") if second else 0) / 3600)
    return np.array(found, dtype=np.float64)


def day_numbers(words: Sequence[str]) -> Times:
    """The dates of `20240131`."""
    texts = pd.Series([word if DAY_NUMBER.fullmatch(word) else "" for word in words], dtype=object)
    return _seconds(pd.to_datetime(texts, format="%Y%m%d", errors="coerce", utc=True))


def features(seconds: Times, outside: NDArray[np.bool_]) -> Mapping[str, NDArray[np.float64]]:
    """What a network gets: the days since the first, the year, the month and the weekday (Monday is 0), and the hour
    where there are hours; of those after the first, what differs outside of the test set."""
    known = pd.Series(pd.to_datetime(np.where(np.isnan(seconds), 0, seconds), unit="s"))
    since = (seconds - np.nanmin(seconds[outside])) / DAY
    hours = (seconds % DAY) / 3600
    parts = {"year": known.dt.year, "month": known.dt.month, "weekday": known.dt.day_of_week}
    found = {"days": since}
    for name, part in parts.items():
        found[name] = np.where(np.isnan(seconds), np.nan, part.to_numpy(dtype=np.float64))
    found["hour"] = hours
    return {name: of for name, of in found.items() if name == "days" or len(np.unique(_known(of[outside]))) > 1}


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[~np.isnan(values)]


def _plain(word: str) -> str:
    """Without commas and the dot behind a month, blanks alike."""
    word = re.sub(r"(?<=[A-Za-z])\.", "", word)
    word = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", word.replace("T", " ") if re.match(r"\d{2}", word) else word)
    return " ".join(re.sub(r",(?!\d{3}\b)", " ", word).split())


def _seconds(times: "pd.Series[Any]") -> Times:
    values = times.dt.tz_convert(None).to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(values), np.nan, values.astype(np.int64) / 1e6)
