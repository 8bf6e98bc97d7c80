"""Spellings of numbers and times that are not read as such: a table would have a category for each."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

SIGN = "[+−–-]?"
BETWEEN = "[,'’_ \u00a0\u202f]"
NUMBER = rf"(?:\d+(?:{BETWEEN}\d+)+(?:\.\d+)?|\d{{1,3}}(?:\.\d{{3}})+(?:,\d+)?|\d+\.?\d*|[.,]\d+)(?:[eE][+-]?\d+)?"
"""`1234.5`, `1,234.5`, `1.234,5`, `1 234,5`, `12,34,567`, `1,5e3`."""
CURRENCY = "(?:[$€£¥₹₽₩₺₫₦฿]|US\\$|USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|BRL|RUB|kr\\.?|zł|Kč)"
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
DAY = "|".join(
    (
        r"\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?",
        r"\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})",
        rf"{MONTH}[ -]\d{{1,2}},? \d{{4}}",
        rf"(?:\d{{1,2}}\.?[ -])?{MONTH}[ ,-]*\d{{2,4}}",
        r"\d{4}[- ]?[qw]\d{1,2}",
    )
)
CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[ap]\.?m\.?)?"
ZONE = r"(?: ?(?:z|utc|gmt|[+-]\d{2}:?\d{2}))?"


class Spelling(NamedTuple):
    what: str
    pattern: "re.Pattern[str]"
    remedy: str


def _spelling(what: str, pattern: str, remedy: str = "write plain numbers, such as 1234.5") -> Spelling:
    return Spelling(what, re.compile(rf"\s*(?:{pattern})\s*", re.IGNORECASE), remedy)


SPELLINGS = (
    _spelling(
        "dates or times",
        rf"(?:[a-z]{{3,9}}\.?,? )?(?:{DAY})(?:,?[t ]{CLOCK}{ZONE})?|{CLOCK}",
        "write a number, such as days since the first of them, or a Parquet file with timestamps",
    ),
    _spelling("percentages", rf"{SIGN} ?{NUMBER}\s?[%‰]"),
    _spelling(
        "amounts of money",
        rf"\(?{SIGN} ?(?:{CURRENCY}\s?{SIGN}{NUMBER}\s?(?:k|m|bn?|mio)?|{NUMBER}\s?(?:k|m|bn?|mio)?\s?{CURRENCY})\)?",
    ),
    _spelling(
        "numbers with separators or signs that are not read",
        rf"{SIGN}\s?{NUMBER}|\(\s?{NUMBER}\s?\)|{NUMBER}\s?[−–-]",
    ),
)
WITH_UNIT = re.compile(rf"\s*(?P<before>[<>≤≥~≈=]{{0,2}})\s?{SIGN}{NUMBER}\s?(?P<after>[^\d\s.,]{{0,8}})\s*")
BEGINS_WITH_NUMBER = re.compile(r"\s*[<>≤≥~≈=]{0,2}\s?[+−–-]?[.,]?\d")
LONGEST = 60
"""Characters that a number or a time may have."""
EMPTY = ("", "NA", "N/A", "NaN", "nan", "null", "None")
"""Missing values as programs write them, of which nothing need be told."""
FOR_MISSING = (
    "-",
    "--",
    "—",
    ".",
    "n.a.",
    "n/a",
    "#n/a",
    "na",
    "nan",
    "none",
    "null",
    "nil",
    "missing",
    "unknown",
    "?",
)
"""Words that stand for a missing number, date or group, in small letters."""
MISSING_AMONG_WORDS = frozenset(("", *FOR_MISSING)) - {".", "missing", "unknown"}
"""Those that do so among words, too: `unknown` may be an answer there."""


def spelled(words: Iterable[str]) -> Sequence[str]:
    """The usual spellings of words for missing values, and EMPTY."""
    return [*dict.fromkeys((*EMPTY, *(one for word in words for one in (word, word.upper(), word.capitalize()))))]


def spelling_of(value: str) -> Spelling | None:
    """The likely meaning of a value that is not a plain number, or None."""
    if len(value) > LONGEST:
        return None
    return next((one for one in SPELLINGS if one.pattern.fullmatch(value)), None)


def is_time(value: str) -> bool:
    """Whether `spelling_of` takes a value for a date or a time."""
    return len(value) <= LONGEST and SPELLINGS[0].pattern.fullmatch(value) is not None


def hint(value: object) -> str:
    """The remedy for a word among numbers, after a semicolon; empty if none is known."""
    if not isinstance(value, str):
        return ""
    if value.strip().lower() in FOR_MISSING:
        return "; where a number is missing, leave the field empty"
    found = spelling_of(value)
    return f"; {found.remedy}" if found else ""
