"""Columns that look like something else than what is made of them, by the key that settles it.

A target that would be learned wrongly is refused: times, labels that differ only in their spelling. What may be meant
is warned of: identifiers that are numbers, indices, numbers that stand for missing ones, the file's own division into
parts. `dataset.drop` leaves a column out, `dataset.keep` takes it as it is.
"""

import re
import unicodedata
from collections.abc import Container, Sequence
from contextlib import suppress

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dropout_lab.datasets.columns import MOSTLY, Column, given, setting, typed
from dropout_lab.datasets.left_out import UNNAMED
from dropout_lab.datasets.part_names import part_of
from dropout_lab.datasets.spellings import BEGINS_WITH_NUMBER, FOR_MISSING, LONGEST, WITH_UNIT, spelling_of

MOST_CATEGORIES = 200
FEW = 20
"""So many different words that begin with a number may well be categories, such as `30-40` or `2 rooms`."""
SOME = 10
"""So many different numbers with a unit, or numbered names, are more often quantities or names than categories."""
MOST_UNITS = 3
PRECISE = 15
"""Numbers of so many digits are different as floats, too."""
IDENTIFIER = re.compile(
    r"(?i:.*[_\W])?(?i:id|ids|idx|uuid|guid|row|rowid|rownum|zip|zip_?code|post_?code)|.*[a-z]I[Dd]"
)
NUMBERED = re.compile(r"(\D+)\d+")
"""A name with a number at its end, such as `user_12`."""
SENTINELS = frozenset(sign * number for sign in (1, -1) for number in (99, 999, 9999, 99999, 999999)) | {-9, -1, 8888}
PARTS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval", "holdout"}
PART = re.compile(r"(?:cv_?|k_?)?(?:split|fold|set|subset|partition)(?:_?(?:id|no|nr))?", re.IGNORECASE)
IS_PART = re.compile(r"(?:is|in|for)_?(?:train|training|test|val|valid|validation|holdout)", re.IGNORECASE)


def refusal_of_classes(column: Column, kept: bool, asked: bool) -> str | None:
    """Why a target cannot be taken as classes; None if it can. `asked`: whether dataset.task says that it has classes,
    `kept`: whether dataset.keep says that they are those in the file."""
    if not asked and not column.parsed.sum() > MOSTLY * len(column.values) and (misread := _misread(column, "class")):
        return f"{column}, the target, has {misread}; or, if these are classes, give dataset.task=classification"
    different, known = column.words.nunique(), len(column.words)
    if different > max(MOSTLY * known, 2):
        numbers = "; for numbers give dataset.task=regression" if column.parsed.all() else ""
        return (
            f"{column}, the target, has {different} different values in {known} rows, for example"
            f" {column.first()}: these are no classes; choose another"
            f" dataset.target{numbers}"
        )
    if not kept and (pair := alike(column.words)):
        return (
            f"{column}, the target, has the classes {_pair(column, pair)}, which differ only in spelling; spell"
            f" them alike in the file, or, if they are different classes, give {setting('keep', column.name)}"
        )
    return None


def warnings_of_features(columns: Sequence[Column], numeric: Container[str]) -> list[str]:
    """Warnings about feature columns, at most one sentence each. `numeric`: the names of those that are numbers."""
    return [
        f"{column} {odd}{_settled(column.name)}"
        for column in columns
        if (odd := _oddity(column, column.name in numeric))
    ]


def warnings_of_target(column: Column) -> list[str]:
    """Warnings about a target that is a number."""
    if (counting := _counting(column)) is None:
        return []
    return [f"{column}, the target, {counting}; end this warning with {setting('keep', column.name)}"]


def _settled(*names: str) -> str:
    return f"; leave out with {setting('drop', *names)}, or keep and end this warning with {setting('keep', *names)}"


def _misread(column: Column, become: str) -> str | None:
    """`amounts of money, such as '$5' (line 2), ...; write plain numbers`, if most values are numbers in some spelling,
    or are numbers but for a word or two that stand for a missing one. `become`: what would be made of each."""
    counts = column.words.value_counts()
    missing = np.array([value.strip().lower() in FOR_MISSING for value in counts.index])
    spellings = {value: spelling_of(value) for value in counts.index}
    numbers = pd.to_numeric(counts.index.to_series(), errors="coerce").notna().to_numpy()
    of_categories = f", and each would become a {become} of its own"
    for kind in dict.fromkeys(one for value, one in spellings.items() if one):
        fits = np.array([spellings[value] is kind for value in counts.index])
        odd = fits & ~numbers
        if odd.any() and counts[fits | numbers].sum() > MOSTLY * counts[~missing].sum():
            return f"{kind.what}, such as {column.example_of(counts.index[odd][0])}{of_categories}; {kind.remedy}"
    if 1 < MOSTLY * len(counts) < numbers.sum() < len(counts):
        word = counts.index[~numbers][0]
        return (
            f"{numbers.sum()} different numbers and words among them, such as {column.example_of(word)}{of_categories};"
            " if a number is missing there, leave the field empty"
        )
    measured = [WITH_UNIT.fullmatch(value[:LONGEST]) for value in counts.index]
    units = {(one["before"], one["after"]) for one in measured if one}
    if len(counts) > FEW and all(measured) and 0 < len(units) <= MOST_UNITS:
        return (
            f"numbers with something beside them, such as {column.example_of(counts.index[0])}{of_categories};"
            " write plain numbers in one unit"
        )
    return None


def _oddity(column: Column, is_number: bool) -> str | None:
    if UNNAMED.fullmatch(column.name):
        return f"looks like a saved index, for example {column.first()}, and is used as a feature"
    if is_number and not _whole(column):
        return _sentinel(column)
    different = len(np.unique(column.numeric[column.parsed])) if is_number else column.values.nunique()
    words = set() if different > FEW else {str(value).strip().lower() for value in column.values.dropna().unique()}
    if words and (
        words <= PARTS
        or (PART.fullmatch(column.name) and (bool(words & PARTS) or is_number))
        or (IS_PART.fullmatch(column.name) and len(words) <= 2)
    ):
        taken = f": {given('split', column.name)} takes them from it" if all(map(part_of, words)) else ""
        return (
            f"looks like a division into training and test parts, for example {column.first()}; it is used as a"
            f" feature, and the parts are drawn anew{taken}"
        )
    if not is_number:
        return _odd_words(column)
    if (counting := _counting(column)) is not None:
        return f"{counting}, and is used as a quantity"
    if IDENTIFIER.fullmatch(column.name) and different > 2:
        return (
            f"has the name of an identifier, for example {column.first()}, and is used as a quantity; for categories"
            f" give {typed((column.name, 'category'))}"
        )
    if (zeros := _zeros(column)) is not None:
        return (
            f"has leading zeros, for example {column.example_of(zeros)}, and is used as a quantity, without them; for"
            f" categories give {typed((column.name, 'category'))}"
        )
    if _are_days(column.numeric[column.parsed]):
        return (
            f"has dates written as numbers, for example {column.first()}; as a quantity, consecutive days can be 70"
            f" apart; give {typed((column.name, 'date'))}"
        )
    return _sentinel(column)


def _sentinel(column: Column) -> str | None:
    """A number that is repeated, far from all others, and such as is written where there is none."""
    known = column.numeric[column.parsed]
    for value in (known.min(), known.max()) if len(known) else ():
        others = known[known != value]
        if value not in SENTINELS or len(known) - len(others) < 2 or len(others) < 2:
            continue
        if min(abs(value - others.min()), abs(value - others.max())) > np.ptp(others):
            row = int(np.argmax(column.numeric == value))
            return (
                f"has {value:g} in {len(known) - len(others)} rows, for example {column.example(row)}, far from all"
                f" other values; if that stands for a missing value, give"
                f" dataset.read={{na_values:[{column.as_written.iloc[row]}]}}"
            )
    return None


def _odd_words(column: Column) -> str | None:
    if (pair := alike(column.words)) is not None:
        return f"has the categories {_pair(column, pair)}, which differ only in spelling"
    different = [str(word) for word in column.values.dropna().unique()]
    if IDENTIFIER.fullmatch(column.name) and len(different) > 2:
        return (
            f"has the name of an identifier, for example {column.first()}; each of its {len(different)} different words"
            " becomes a category of its own"
        )
    measured = [WITH_UNIT.fullmatch(value[:LONGEST]) for value in different]
    if (
        len(different) >= SOME
        and all(measured)
        and len({(one["before"], one["after"]) for one in measured if one}) == 1
    ):
        return (
            f"has {len(different)} different numbers with a unit, for example {column.example_of(different[0])}; each"
            " becomes a category of its own, in no order; write plain numbers if they are quantities"
        )
    numbered = [NUMBERED.fullmatch(value[:LONGEST]) for value in different]
    if len(different) >= SOME and all(numbered) and len({one[1] for one in numbered if one}) == 1:
        return (
            f"has {len(different)} different numbered names, for example {column.example_of(different[0])}; each"
            " becomes a category of its own"
        )
    if len(different) > FEW and all(BEGINS_WITH_NUMBER.match(value) for value in different):
        return (
            f"has {len(different)} different words that begin with a number, for example"
            f" {column.example_of(different[0])}; each becomes a category of its own, in no order"
        )
    return None


def _counting(column: Column) -> str | None:
    """In which way the numbers look like those by which rows are named; None if they do not."""
    rows = np.flatnonzero(column.parsed)
    if len(rows) < max(3, MOSTLY * len(column.values)) or not _whole(column):
        return None
    values = column.numeric[rows]
    steps = np.diff(values)
    begin = f"{column.example(rows[0])}, {column.example(rows[1])}, ..."
    if (steps > 0).all() or (steps < 0).all():
        return f"counts {'up' if steps[0] > 0 else 'down'} from row to row, {begin}"
    if len(np.unique(values)) == len(values) and np.ptp(values) < 2 * len(values):
        return f"has a different whole number in every row, {begin}, with few left out"
    return None


def _whole(column: Column) -> bool:
    known = column.numeric[column.parsed]
    return column.as_written.dtype.kind not in "bmM" and bool((known == known.round()).all())


def _are_days(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """Whether all are days as 20240131 is one."""
    different = np.unique(values)
    if len(different) < 3 or different[0] < 19000101 or different[-1] > 20991231:
        return False
    days = pd.to_datetime(pd.Series(different.astype(np.int64).astype(str)), format="%Y%m%d", errors="coerce")
    return bool(days.notna().all())


def _zeros(column: Column) -> str | None:
    """The first value with zeros before it, in a file that has words."""
    if not isinstance(column.as_written.dtype, pd.StringDtype):
        return None
    words = pc.utf8_trim_whitespace(pa.array(column.as_written.array))
    matched = pc.fill_null(pc.match_substring_regex(words, r"^0\p{Nd}+$"), False)
    found = np.asarray(matched)
    return str(column.as_written.iloc[int(np.argmax(found))]) if found.any() else None


def alike(words: "pd.Series[str]") -> tuple[str, str] | None:
    """Two words that differ only in blanks, case, a full stop at the end, or how a number is written."""
    seen: dict[str, str] = {}
    for word in words.unique():
        plain = " ".join(unicodedata.normalize("NFKC", word).casefold().split()).removesuffix(".")
        if len(plain) <= PRECISE:
            with suppress(ValueError):
                plain = str(float(plain))
        if plain in seen:
            return seen[plain], word
        seen[plain] = word
    return None


def _pair(column: Column, pair: tuple[str, str]) -> str:
    return " and ".join(map(column.example_of, pair))
