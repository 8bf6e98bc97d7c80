"""A table in several files: one to train on, and others with the validation part or the test set."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import Column, Place, typed
from dropout_lab.datasets.files import NO_MARKS, Marks, Read
from dropout_lab.datasets.part_names import Part
from dropout_lab.datasets.reading import read_column
from dropout_lab.datasets.words_read import Open

KINDS = {
    "string": "words",
    "mixed": "words",
    "mixed-integer": "words",
    "integer": "numbers",
    "floating": "numbers",
    "mixed-integer-float": "numbers",
    "decimal": "numbers",
    "boolean": "truth values",
}
"""What `pandas.api.types.infer_dtype` finds, for people; times and others are called as it calls them."""


class Reader(Protocol):
    """A `files.read_table` that knows how these files are written."""

    def __call__(self, path: str, *, key: str) -> Read: ...


@dataclass(frozen=True, eq=False)
class Files:
    """The rows of a first file, then those of the validation file, then those of the test file."""

    frame: pd.DataFrame
    place: Place
    validated: int
    """Rows of the validation file; 0 without one."""
    tested: int | None
    """Rows of the test file; None without one."""
    marks: Marks = NO_MARKS
    notes: Sequence[str] = ()
    """What was found in the files by itself; see `files.Read`."""

    def only(self, kept: NDArray[np.bool_]) -> "Files":
        """The rows that are `kept`, (n,), numbered anew."""
        (rows,) = np.nonzero(kept)
        end = len(kept) - (self.tested or 0)
        return Files(
            frame=self.frame.iloc[rows].reset_index(drop=True),
            place=lambda row: self.place(int(rows[row])),
            validated=int(kept[end - self.validated : end].sum()),
            tested=None if self.tested is None else int(kept[end:].sum()),
            marks=self.marks,
            notes=self.notes,
        )


def read_files(
    read: Reader, path: str, val_path: str | None, test_path: str | None, settled: Collection[str] = ()
) -> Files:
    """settled: the columns of which other keys say what they are, so that words may be numbers in one of the files.

    Raises UserError as `read` does, for a file that is given twice, and for columns that differ."""
    asked: list[tuple[str, Part, str | None]] = [("val_path", "validation", val_path), ("test_path", "test", test_path)]
    first = read(path, key="path")
    frame, notes = first.frame, list(first.notes)
    frames, places, names, rows = [frame], [first.place], [""], {"validation": 0, "test": 0}
    for key, part, file in asked:
        if file is None:
            continue
        for other, same in (("path", path), ("val_path", val_path if part == "test" else None)):
            if same is not None and Path(file).resolve() == Path(same).resolve():
                raise UserError(f"dataset.{key}={file}: is dataset.{other}, too; the parts must have different rows")
        more = read(file, key=key)
        frames.append(_alike(more.frame, frame, path, key, file, settled, first.marks))
        places.append(more.place)
        names.append(f" of {file}")
        rows[part] = len(more.frame)
        notes += more.notes
    joined = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frame
    tested = rows["test"] if test_path is not None else None
    place = _place(places, names, [len(one) for one in frames])
    return Files(joined, place, rows["validation"], tested, first.marks, notes)


def _alike(
    more: pd.DataFrame, first: pd.DataFrame, path: str, key: str, file: str, settled: Collection[str], marks: Marks
) -> pd.DataFrame:
    """The table with its columns in the first one's order. Raises UserError for columns that are missing, more, or of
    another kind: the same category would be 1 in one file and 1.0 in the other."""
    ours, theirs = [str(name) for name in first], [str(name) for name in more]
    lacks, has = [name for name in ours if name not in theirs], [name for name in theirs if name not in ours]
    if lacks or has:
        said = [f"lacks the columns {', '.join(lacks)}"] if lacks else []
        said += [f"has the columns {', '.join(has)} besides"] if has else []
        raise UserError(f"dataset.{key}={file}: {' and '.join(said)}; must have those of {path}: {', '.join(ours)}")
    more = more[list(first)]
    for name in map(str, first):
        kinds = [_kind(table[name], marks) for table in (first, more)]
        are_words = all(isinstance(table[name].dtype, pd.StringDtype) for table in (first, more))
        if None not in kinds and kinds[0] != kinds[1] and not (are_words and name in settled):
            raise UserError(
                f"dataset.{key}={file}: column {name} has {kinds[1]}, and that of {path} {kinds[0]}; must be alike."
                f" Where both are meant, give {typed((name, 'category'))}, or write one file with a column that says"
                " train, validation or test, and give dataset.split=<that column>"
            )
    return more


def _kind(values: "pd.Series[Any]", marks: Marks) -> str | None:
    """None where no value is known. Of words that `reading` has still to read, None also where they are neither numbers
    nor all without a number: it says by line what is wrong with those."""
    if isinstance(values.dtype, pd.StringDtype):
        try:
            found = read_column(Column(str(values.name), values, "", str), None, kept=False, marks=marks)
        except UserError:
            return None
        if isinstance(found, Open):
            return "numbers"
        if found.column.missing.all():
            return None
        has_words = found.kind == "category" and not found.column.parsed.any()
        return "words" if has_words else "numbers" if found.kind == "number" else None
    if not values.notna().any():
        return None
    found_type = pd.api.types.infer_dtype(values, skipna=True)
    return KINDS.get(found_type, found_type)


def _place(places: Sequence[Place], names: Sequence[str], sizes: Sequence[int]) -> Callable[[int], str]:
    ends = np.cumsum(sizes)

    def place(row: int) -> str:
        at = int(np.searchsorted(ends, row, side="right"))
        return f"{places[at](row - int(ends[at]) + sizes[at])}{names[at]}"

    return place
