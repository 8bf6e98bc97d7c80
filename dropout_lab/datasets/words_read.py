"""Values in words as numbers, dates, times of the day or truth values, where all of them can be read in one way."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dropout_lab.core.errors import UserError
from dropout_lab.datasets import amounts, days
from dropout_lab.datasets.columns import MOSTLY, Column, na_values, shown, typed
from dropout_lab.datasets.files import Marks
from dropout_lab.datasets.spellings import EMPTY, FOR_MISSING

MISSING = frozenset((*FOR_MISSING, ""))
SAMPLE = 200
"""So many different words are looked at to see whether it is worth reading all."""
FEW = 20
"""Different words of a column that may be categories though most look like numbers, such as `30-40` or `2 rooms`."""
TRUTHS = (
    *(("no", "yes"), ("n", "y"), ("false", "true"), ("f", "t"), ("off", "on"), ("nein", "ja"), ("falsch", "wahr")),
    *(
        ("non", "oui"),
        ("faux", "vrai"),
        ("no", "sí"),
        ("no", "si"),
        ("falso", "verdadero"),
        ("não", "sim"),
        ("nee", "ja"),
    ),
    *(("nej", "ja"), ("nei", "ja"), ("unchecked", "checked")),
)
"""What is 0 and what is 1, in small letters."""
LONGEST_DATE = 40
"""Characters of a date, at most."""
BETWEEN = re.compile(rf"\d[{amounts.SPACES}]\d")
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Found:
    """What words are; without `numbers`, categories."""

    kind: Literal["number", "truth value", "date", "time of day", "category"]
    numbers: Floats | None = None
    """(n,) with NaN where one is missing."""
    told: tuple[str, ...] = ()
    other: str = "category"
    """The type to give instead."""
    says_decimal: str = ""


@dataclass(frozen=True, eq=False)
class Open:
    """A column whose values leave open which sign is that for decimals."""

    raw: Column
    values: "pd.Series[Any]"
    wanted: str | None
    marks: Marks
    word: str


@dataclass(frozen=True, eq=False)
class Words:
    """The different words of a column, without blanks around them, and how they are read."""

    raw: Column
    codes: NDArray[np.intp]
    """(n,) places in `words`; -1 where there is none."""
    words: Sequence[str]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, raw: Column, values: "pd.Series[Any]") -> "Words":
        codes, found = pd.factorize(values.str.strip())
        words = [str(word) for word in found]
        return cls(raw, codes, words, np.bincount(codes[codes >= 0], minlength=len(words)))

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Which words stand for no missing value, if the others are numbers."""
        return np.array([word.lower() not in MISSING for word in self.words], dtype=bool)

    def spread(self, numbers: Floats) -> Floats:
        """(n,) the number of each row."""
        return np.append(numbers, np.nan)[self.codes]

    def mostly(self, read: NDArray[np.bool_]) -> bool:
        """Whether most rows with a value have one that is read."""
        known = self.known
        return bool(self.counts[read & known].sum() > MOSTLY * self.counts[known].sum())

    def at(self, word: str) -> str:
        return self.raw.at(self.raw.row_of(word))

    def missing_told(self) -> tuple[str, ...]:
        odd = sorted(word for word, known in zip(self.words, self.known, strict=True) if not known and word)
        plain = [word for word in odd if word not in EMPTY]
        return (f"{' and '.join(map(shown, plain[:3]))} taken as missing",) if plain else ()


def read_words(raw: Column, values: "pd.Series[Any]", wanted: str | None, marks: Marks) -> Found | Open:
    """What the words of a column are; see `reading.read_column`."""
    words = Words.of(raw, values)
    if not words.known.any():
        return Found("category")
    if wanted in ("number", "decimal_point", "decimal_comma"):
        return _numbers(words, values, wanted, marks) or Found("category")
    if wanted in ("date", "day_first", "month_first"):
        return _dates(words, wanted, marks) or Found("category")
    readers: Sequence[tuple[Callable[[Sequence[str]], int], Callable[[], Found | Open | None]]] = (
        (lambda some: int(amounts.Amounts.of(some).read.sum()), lambda: _numbers(words, values, None, marks)),
        (_may_be_dates, lambda: _dates(words, None, marks)),
        (lambda some: sum(days.CLOCK.fullmatch(word) is not None for word in some), lambda: _clocks(words)),
    )
    truths = _truths(words)
    if truths is not None:
        return truths
    sample = [word for word, known in zip(words.words, words.known, strict=True) if known]
    sample = sample[:: max(1, len(sample) // SAMPLE)]
    for fits, reader in readers:
        if fits(sample) > MOSTLY * len(sample) and (found := reader()) is not None:
            return found
    return Found("category")


def _truths(words: Words) -> Found | None:
    if len(words.words) > FEW:
        return None
    known = [word.lower() for word, known in zip(words.words, words.known, strict=True) if known]
    pair = next((pair for pair in TRUTHS if set(known) == set(pair)), None)
    if pair is None:
        return None
    numbers = np.array([float(pair.index(word.lower())) if word.lower() in pair else np.nan for word in words.words])
    same = (f"'{pair[1]}' is 1, '{pair[0]}' is 0",)
    return Found("truth value", words.spread(numbers), (*same, *words.missing_told()))


def _numbers(words: Words, values: "pd.Series[Any]", wanted: str | None, marks: Marks) -> Found | Open | None:
    found = amounts.Amounts.of(words.words)
    read, known = found.read, words.known
    if wanted is None and not words.mostly(read):
        return None
    pairs = [(word, one) for word, one in found.alike if one is not None]
    spelled = amounts.Spelled.of(pairs)
    if wanted is None and _are_names(words, spelled):
        return None
    if not (read | ~known).all():
        raise _stray(words, words.words[int(np.argmax(~read & known))], "numbers")
    name = words.raw.name
    if mixed := spelled.mixed():
        examples = " and ".join(map(words.raw.example_of, mixed))
        raise UserError(
            f"{words.raw} has {examples}, whose units differ; write numbers in one unit, or give"
            f" {typed((name, 'drop'))} or {typed((name, 'category'))}"
        )
    decimal = {"decimal_point": ".", "decimal_comma": ","}.get(wanted or "", marks.decimal) or spelled.decimal
    if decimal is None:
        examples = " and ".join(words.raw.example_of(spelled.decimals[mark]) for mark in ".,")
        raise UserError(
            f"{words.raw} has {examples}: different decimal signs; write one, or give {typed((name, 'drop'))}"
        )
    said = spelled.decimals.get("," if decimal == "." else ".")
    if said is not None:
        key = f"dataset.columns says that {name} is {wanted}" if wanted else f"dataset.read.decimal={decimal}"
        raise UserError(f"{key}, and {words.at(said)} has {said!r}")
    if decimal == "?":
        return Open(words.raw, values, wanted, marks, spelled.decimals["?"])
    says = spelled.decimal or ""
    return Found(
        "number",
        words.spread(found.values(decimal)),
        (*_spelling(words, pairs, spelled, decimal), *words.missing_told()),
        says_decimal=says if says in spelled.decimals else "",
    )


def _are_names(words: Words, spelled: amounts.Spelled) -> bool:
    """Whether few words with several units are names, such as `1st` and `2nd`."""
    return len(spelled.units) > 1 and len(words.words) <= FEW and "" not in spelled.units and "%" not in spelled.units


def _spelling(
    words: Words, pairs: Sequence[tuple[str, amounts.Amount]], spelled: amounts.Spelled, decimal: str
) -> tuple[str, ...]:
    """What was left out of the numbers, and what their marks were taken for."""
    told = []
    signs = [one for one in (*spelled.currencies, *spelled.units) if one]
    if signs:
        told.append(f"{' and '.join(map(repr, signs))} left out")
    if any(one.scale != 1 for _, one in pairs):
        told.append("k, M and the like are thousands and millions")
    if decimal == ",":
        told.append("',' is the decimal sign")
    other = "," if decimal == "." else "."
    if any(other in one.digits for _, one in pairs):
        told.append(f"{other!r} is between thousands")
    if any(BETWEEN.search(word) for word, _ in pairs):
        told.append("blanks and apostrophes are between thousands")
    if any(word.startswith("(") for word, _ in pairs):
        told.append("numbers in brackets are negative")
    if any(word.endswith(("-", "−", "–")) for word, _ in pairs):
        told.append("numbers with a minus behind them are negative")
    return tuple(told)


def _stray(words: Words, word: str, what: str) -> UserError:
    """About a value that is no number, or no date, in a column of them."""
    name = words.raw.name
    return UserError(
        f"{words.at(word)} has {what}, and here {shown(word)}; if that stands for a missing value, give"
        f" {na_values(word)}; if these are categories, give {typed((name, 'category'))}; else leave the column out with"
        f" {typed((name, 'drop'))}"
    )


def _may_be_dates(words: Sequence[str]) -> int:
    """How many words are dates in one order of day and month or the other."""
    looks = [
        word
        for word in words
        if any(sign in word for sign in "-/.: ") and any(sign.isdigit() for sign in word) and len(word) <= LONGEST_DATE
    ]
    if not looks:
        return 0
    day, month = days.orders(looks).values()
    return int((~np.isnan(day) | ~np.isnan(month)).sum())


def _dates(words: Words, wanted: str | None, marks: Marks) -> Found | None:
    known = words.known
    texts, in_zone = _in_zone(words)
    by_order = days.orders(texts)
    open_ones = np.array([days.is_open(word) for word in words.words], dtype=bool) & known
    plain = by_order["day"]
    if wanted == "date" and not (~np.isnan(plain)).any():
        plain = days.day_numbers(words.words)
        by_order = {"day": plain, "month": plain}
    either = ~np.isnan(by_order["day"]) | ~np.isnan(by_order["month"])
    if wanted is None and not words.mostly(either):
        return None
    if not (either | ~known).all():
        raise _stray(words, words.words[int(np.argmax(~either & known))], "dates")
    order = {"day_first": "day", "month_first": "month"}.get(wanted or "")
    if order is None and marks.day_first is not None:
        order = "day" if marks.day_first else "month"
    told = list(words.missing_told())
    if open_ones.any():
        order, why = _order(words, by_order, open_ones, order)
        told += [why] if why else []
    seconds = by_order[order or "day"]  # type: ignore[index]
    told += [*in_zone, *_centuries(words, np.where(known, seconds, np.nan))]
    if wanted is None and not told:
        told.append("is a date")
    other = "drop" if not open_ones.any() else ("month_first" if order == "day" else "day_first")
    return Found("date", words.spread(np.where(known, seconds, np.nan)), tuple(told), other)


def _in_zone(words: Words) -> tuple[Sequence[str], Sequence[str]]:
    """The words as a clock at their place shows them where all have one offset from UTC, and what is told of it."""
    known = [word for word, known in zip(words.words, words.known, strict=True) if known]
    by_offset = {days.offset(word): word for word in reversed(known)}
    if not any(by_offset) or set(by_offset) == {"Z"}:
        return words.words, ()
    if len(by_offset) == 1:
        told = f"hours are local, of the offset {next(iter(by_offset))}, which is left out"
        return [days.without_offset(word) for word in words.words], (told,)
    examples = " and ".join(map(words.raw.example_of, list(by_offset.values())[:2]))
    return words.words, (f"offsets from UTC differ, as of {examples}; days and hours are those in UTC, not the local",)


def _centuries(words: Words, seconds: Floats) -> Sequence[str]:
    """That a year of two digits has a century by guess, and that some are after today."""
    short = np.array([days.has_short_year(word) for word in words.words], dtype=bool) & ~np.isnan(seconds)
    if not short.any():
        return ()
    later = short & (seconds > pd.Timestamp.now().timestamp())
    first = int(np.argmax(later if later.any() else short))
    year = f"{pd.Timestamp(seconds[first], unit='s'):%Y}"
    after = f", and {later.sum()} different dates are after today" if later.any() else ""
    return (
        f"years of two digits are taken for 1969 to 2068, such as {words.raw.example_of(words.words[first])} for"
        f" {year}{after}; where that is wrong, write them with four digits, or give {typed((words.raw.name, 'drop'))}",
    )


def _order(
    words: Words, by_order: Mapping[Any, Floats], open_ones: NDArray[np.bool_], asked: str | None
) -> tuple[str, str]:
    """Which of day and month comes first, and why. Raises UserError where the values do not say it."""
    name = words.raw.name
    wrong = {order: np.isnan(times) & open_ones for order, times in by_order.items()}
    keys = f"{typed((name, 'day_first'))} or {typed((name, 'month_first'))}"
    if asked is not None:
        if wrong[asked].any():
            word = words.words[int(np.argmax(wrong[asked]))]
            raise UserError(f"{words.at(word)} has {word!r}, which is no date with the {asked} first; give {keys}")
        return asked, ""
    right = [order for order, bad in wrong.items() if not bad.any()]
    if not right:
        examples = " and ".join(
            words.raw.example_of(words.words[int(np.argmax(wrong[order]))]) for order in ("month", "day")
        )
        raise UserError(
            f"{words.raw} has {examples}: one can only have the day first, the other only the month; write dates as"
            f" 2024-01-31, or give {typed((name, 'drop'))}"
        )
    if len(right) == 2 and not np.array_equal(by_order["day"][open_ones], by_order["month"][open_ones]):
        differ = open_ones & (by_order["day"] != by_order["month"])
        word = words.words[int(np.argmax(differ))]
        raise UserError(
            f"{words.at(word)} has dates such as {word!r}, and no value says whether the day or the month is first;"
            f" give {keys}"
        )
    if len(right) == 2:
        return "day", "is a date"
    word = words.words[int(np.argmax(wrong["month" if right[0] == "day" else "day"]))]
    return right[0], f"the {right[0]} is first, as {words.raw.example_of(word)} says"


def _clocks(words: Words) -> Found | None:
    hours = days.clocks(words.words)
    if not words.mostly(~np.isnan(hours)):
        return None
    if (bad := np.isnan(hours) & words.known).any():
        raise _stray(words, words.words[int(np.argmax(bad))], "times of the day")
    return Found("time of day", words.spread(hours), ("in hours", *words.missing_told()))
