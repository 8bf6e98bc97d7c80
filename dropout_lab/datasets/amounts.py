"""Numbers as people write them: `1.234,50 €`, `$1.2M`, `12 %`, `(1,234)`, `5 kg`.

Which of `.` and `,` is the decimal sign is read off the values: `1,234.5` and `1,5` say it, `1,234` does not. What all
values of a column leave open is open, until another column or `dataset.read` says it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dropout_lab.datasets.spellings import CURRENCY, LONGEST

SPACES = " \u00a0\u202f\u2009'’_"
AMOUNT = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[+−–-]?)\s*(?P<before>{CURRENCY})?\s*(?P<inner>[+−–-]?)\s*"
    rf"(?P<digits>[.,]?\d[\d.,{SPACES}]*)(?P<power>[eE][+-]?\d+)?\s*(?P<after>[^\d.,+−–()\s-][^\d()+−–-]{{0,12}}?)??\s*"
    r"(?P<minus>[−–-])?\s*(?P<close>\))?",
    re.IGNORECASE,
)
SCALED = re.compile(rf"(?:(?P<scale>k|m|b|bn|mio|mrd|tsd)\.?\s*)?(?P<sign>{CURRENCY})?", re.IGNORECASE)
SCALES = {"k": 1e3, "tsd": 1e3, "m": 1e6, "mio": 1e6, "b": 1e9, "bn": 1e9, "mrd": 1e9}
GROUPED = re.compile(rf"\d{{1,3}}(?:[{SPACES}]\d{{3}})+(?![\d{SPACES}])")
HAS_SPACE = re.compile(f"[{SPACES}]")
BY = {mark: re.compile(rf"\d{{1,3}}(?:[{mark}]\d{{3}})+|\d{{1,2}}(?:[{mark}]\d{{2}})+[{mark}]\d{{3}}") for mark in ".,"}
"""Digits in groups of three, or, as in India, of two before the last three."""
ONE_FOR_ALL = str.maketrans("23456789", "1" * 8)
ENGLISH = re.compile(r"US\$|A\$|C\$|\$|£|USD|GBP", re.IGNORECASE)
"""Currencies of countries that write a decimal point, all of them."""


class Amount(NamedTuple):
    """A number in words, before its decimal sign is known."""

    negative: bool
    digits: str
    """Without blanks, so with `.` and `,` alone."""
    power: str
    currency: str
    unit: str
    """`%`, `kg`; empty for a bare number or one with a currency."""
    scale: float
    decimal: str
    """`.` or `,` where the number itself says it, `?` where it has such a mark and does not, else empty."""


def amount(word: str) -> Amount | None:
    """The parts of a number in words; None for what is none."""
    if len(word) > LONGEST or (found := AMOUNT.fullmatch(word)) is None:
        return None
    signs = f"{found['sign']}{found['inner']}{found['minus'] or ''}"
    brackets = (found["open"] or "") + (found["close"] or "")
    if len(brackets) == 1 or len(signs) + bool(brackets) > 1:
        return None
    digits = found["digits"].strip(SPACES)
    if HAS_SPACE.search(digits):
        whole = GROUPED.match(digits)
        if whole is None or HAS_SPACE.search(digits[whole.end() :]):
            return None
        grouped = "".join(sign for sign in whole[0] if sign.isdigit())
        rest = digits[whole.end() :]
        if rest and re.fullmatch(r"[.,]\d*", rest) is None:
            return None
        decimal, digits = rest[:1], grouped + rest
    else:
        decimal = _decimal(digits)
    if decimal is None:
        return None
    currency, unit, scale = found["before"] or "", (found["after"] or "").strip(), 1.0
    if unit and (scaled := SCALED.fullmatch(unit)) and (currency or scaled["sign"]):
        if currency and scaled["sign"]:
            return None
        currency = currency or scaled["sign"]
        unit, scale = "", SCALES[scaled["scale"].lower()] if scaled["scale"] else 1.0
    if decimal == "?" and ENGLISH.fullmatch(currency):
        decimal = "."
    negative = bool(brackets) or signs not in ("", "+")
    return Amount(negative, digits, found["power"] or "", currency.upper(), unit, scale, decimal)


def _decimal(digits: str) -> str | None:
    """The decimal sign; see `Amount.decimal`. None for what has marks at places where a number has none."""
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        last = "." if digits.rfind(".") > digits.rfind(",") else ","
        other = "," if last == "." else "."
        whole, _, part = digits.rpartition(last)
        return last if BY[other].fullmatch(whole) and part.isdigit() else None
    if points + commas == 0:
        return ""
    mark = "." if points else ","
    if points + commas > 1:
        return ("," if mark == "." else ".") if BY[mark].fullmatch(digits) else None
    whole, _, part = digits.partition(mark)
    if len(part) != 3 or not 1 <= len(whole) <= 3 or whole[0] == "0":
        return mark
    return "?"


@dataclass(frozen=True, eq=False)
class Amounts:
    """The numbers of many words. Words that differ in their digits from 1 to 9 alone are spelled alike, and have their
    parts at the same places."""

    words: Sequence[str]
    codes: NDArray[np.intp]
    """(words,) places in `alike`."""
    alike: Sequence[tuple[str, Amount | None]]
    """The first word of each spelling and its parts, in the order of the words."""

    @classmethod
    def of(cls, words: Sequence[str]) -> "Amounts":
        places: dict[str, int] = {}
        codes = np.array([places.setdefault(word.translate(ONE_FOR_ALL), len(places)) for word in words], dtype=np.intp)
        first = np.unique(codes, return_index=True)[1]
        return cls(words, codes, [(words[at], amount(words[at])) for at in first])

    @property
    def read(self) -> NDArray[np.bool_]:
        """(words,) which of them are numbers."""
        return np.array([one is not None for _, one in self.alike], dtype=bool)[self.codes]

    def values(self, decimal: str) -> NDArray[np.float64]:
        """(words,) the numbers, if `decimal` is the decimal sign; NaN for what is none."""
        plain = str.maketrans({**dict.fromkeys((*SPACES, "," if decimal == "." else ".")), decimal: "."})
        spans, factors = [], []
        for word, one in self.alike:
            found = None if one is None else AMOUNT.fullmatch(word)
            spans.append(None if found is None else (*found.span("digits"), found.end("power")))
            factors.append(np.nan if one is None else -one.scale if one.negative else one.scale)
        numbers = np.full(len(self.words), np.nan)
        for row, (word, code) in enumerate(zip(self.words, self.codes.tolist(), strict=True)):
            if (span := spans[code]) is not None:
                begin, end, power = span
                numbers[row] = float(word[begin:end].translate(plain) + word[end : max(end, power)])
        signed: NDArray[np.float64] = numbers * np.array(factors)[self.codes]
        return signed


@dataclass
class Spelled:
    """What the numbers of a column have in common."""

    decimals: dict[str, str] = field(default_factory=dict)
    """The decimal signs that values say, or `?`, each with the first value that does."""
    currencies: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, amounts: Iterable[tuple[str, Amount]]) -> "Spelled":
        found = cls()
        for word, one in amounts:
            found.decimals.setdefault(one.decimal, word)
            found.currencies.setdefault(one.currency, word)
            found.units.setdefault(one.unit, word)
        return found

    @property
    def decimal(self) -> str | None:
        """The decimal sign; `?` where no value says it, None where values say different ones."""
        said = [mark for mark in (".", ",") if mark in self.decimals]
        if len(said) == 2:
            return None
        return said[0] if said else ("?" if "?" in self.decimals else ".")

    def mixed(self) -> Sequence[str]:
        """Two values whose units or currencies differ, so that their numbers cannot be compared."""
        for kinds in (self.units, {one: word for one, word in self.currencies.items() if one}):
            if len(kinds) > 1:
                return list(kinds.values())[:2]
        return ()
