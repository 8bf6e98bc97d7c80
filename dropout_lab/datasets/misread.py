"""Columns that look like something else than what is made of them, by the key that settles it.

What would be learned wrongly is refused: numbers and times in a spelling that is not read, identifiers and texts as
categories, labels that differ only in their spelling. What may be meant is warned of: identifiers that are numbers,
indices, the file's own division into parts. `dataset.drop` leaves a column out, `dataset.keep` takes it as it is.
"""

import re
import unicodedata
from collections.abc import Container, Sequence
from contextlib import suppress

import numpy as np
import pandas as pd

from dropout_lab.datasets.columns import MOSTLY, Column, given, setting
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
UNNAMED = re.compile(r"\s*|Unnamed: \d+(_level_\d+)?|index|level_\d+|__index_level_\d+__", re.IGNORECASE)
IDENTIFIER = re.compile(
    r"(?i:.*[_\W])?(?i:id|ids|idx|uuid|guid|row|rowid|rownum|zip|zip_?code|post_?code)|.*[a-z]I[Dd]"
)
NUMBERED = re.compile(r"(\D+)\d+")
"""A name with a number at its end, such as `user_12`."""
PARTS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval", "holdout"}
PART = re.compile(r"(?:cv_?|k_?)?(?:split|fold|set|subset|partition)(?:_?(?:id|no|nr))?", re.IGNORECASE)
IS_PART = re.compile(r"(?:is|in|for)_?(?:train|training|test|val|valid|validation|holdout)", re.IGNORECASE)


def refusal_of_words(column: Column, kept: bool) -> str | None:
    """Why a column that has no numbers cannot become categories; None if it can."""
    different, known = column.words.nunique(), len(column.words)
    drop, keep = setting("drop", column.name), setting("keep", column.name)
    settled = f"; or leave the column out with {drop}"
    if different <= MOST_CATEGORIES:
        settled += f", or take each value as a category with {keep}"
    if kept and different <= MOST_CATEGORIES:
        return None
    if (misread := _misread(column, "category")) is not None:
        return f"{column} has {misread}{settled}"
    if different > MOST_CATEGORIES or different > max(MOSTLY * known, 2):
        example = column.first()
        chosen = f", or, if they are categories, take them with {keep}" if different <= MOST_CATEGORIES else ""
        return (
            f"{column} has {different} different words in {known} rows, such as {example}, which are no categories;"
            f" leave it out with {drop}{chosen}, or, if it is a text to learn from, take dataset=labelled_text"
            f" {given('text', column.name)}"
        )
    return None


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
    if not kept and (pair := _alike(column.words)):
        return (
            f"{column}, the target, has the classes {_pair(column, pair)}, which differ only in spelling; spell"
            f" them alike in the file, or, if they are different classes, give {setting('keep', column.name)}"
        )
    return None


def warnings_of_features(columns: Sequence[Column], numeric: Container[str]) -> list[str]:
    """Warnings about feature columns: at most one sentence each, and one for all constant columns, such as pixels at
    the borders of images. `numeric`: the names of the columns that are numbers."""
    constant = [column for column in columns if column.values.nunique() == 1 and not column.missing.any()]
    names = [column.name for column in constant]
    said = []
    for column in columns:
        if column.name not in names and (odd := _oddity(column, column.name in numeric)):
            said.append(f"{column} {odd}{_settled(column.name)}")
    if constant:
        have = f"column {names[0]} has" if len(names) == 1 else f"{len(names)} columns ({', '.join(names)}) have"
        same = f"{constant[0].where}: {have} the same value in every row, for example {constant[0].first()}"
        said.append(f"{same}, so nothing can be learned there{_settled(*names)}")
    return said


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
    known = column.values[~column.missing]
    first, different = column.first(), known.nunique()
    if UNNAMED.fullmatch(column.name):
        return f"looks like a saved index, for example {first}, and is used as a feature"
    words = set(column.words.str.strip().str.lower()) if different <= FEW else set()
    if words and (
        words <= PARTS
        or (PART.fullmatch(column.name) and (bool(words & PARTS) or is_number))
        or (IS_PART.fullmatch(column.name) and len(words) <= 2)
    ):
        taken = f": {given('split', column.name)} takes them from it" if all(map(part_of, words)) else ""
        return (
            f"looks like a division into training and test parts, for example {first}; it is used as a feature,"
            f" and the parts are drawn anew{taken}"
        )
    if not is_number:
        return _odd_words(column)
    if (counting := _counting(column)) is not None:
        return f"{counting}, and is used as a quantity"
    if IDENTIFIER.fullmatch(column.name) and _whole(column) and different > 2:
        return f"has the name of an identifier, for example {first}, and is used as a quantity"
    if column.values.dtype.kind not in "iufbmM" and (zeros := _zeros(column)) is not None:
        return f"has leading zeros, for example {column.example_of(zeros)}, and is used as a quantity, without them"
    if _whole(column) and _are_days(column.numeric[column.parsed]):
        return f"has dates written as numbers, for example {first}; as a quantity, consecutive days can be 70 apart"
    return None


def _odd_words(column: Column) -> str | None:
    if (pair := _alike(column.words)) is not None:
        return f"has the categories {_pair(column, pair)}, which differ only in spelling"
    different = column.words.unique()
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
    return column.values.dtype.kind not in "bmM" and bool((known == known.round()).all())


def _are_days(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """Whether all are days as 20240131 is one."""
    different = np.unique(values)
    if len(different) < 3 or different[0] < 19000101 or different[-1] > 20991231:
        return False
    days = pd.to_datetime(pd.Series(different.astype(np.int64).astype(str)), format="%Y%m%d", errors="coerce")
    return bool(days.notna().all())


def _zeros(column: Column) -> str | None:
    return next((value for value in column.words if re.fullmatch(r"0\d+", value)), None)


def _alike(words: "pd.Series[str]") -> tuple[str, str] | None:
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
