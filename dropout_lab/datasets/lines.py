"""Where a row of a table is in its file, for messages that name it, and whether its rows have the header's fields."""

import csv
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from dropout_lab.datasets.encode import require_different
from dropout_lab.errors import UserError

LONGEST_FIELD = 2**31 - 1


def row_of_file(row: int) -> str:
    """Row `row`, from 0, of a file that has no lines: `row 1` is its first."""
    return f"row {row + 1}"


def line_of_file(file: Path, separator: str, row: int) -> str:
    """The line on which row `row`, from 0, of a CSV file begins; its header is row -1. Pandas skips blank lines and
    takes a quoted newline into a value, so that lines are not rows."""
    with closing(_rows(file, separator)) as rows:
        line, _ = next(islice(rows, row + 1, None))
        return f"line {line}"


def require_rectangle(file: Path, separator: str) -> None:
    """Raises UserError for a name twice in the header, and for a row with more or fewer fields than it, of which Pandas
    would make an index, or drop them, or call them missing."""
    with closing(_rows(file, separator)) as rows:
        line, names = next(rows, (1, []))
        require_different(names, f"{file}, line {line}")
        for line, fields in rows:
            if len(fields) != len(names):
                raise UserError(
                    f"{file}, line {line}: has {len(fields)} fields, and the header has {len(names)};"
                    " every row must have as many as the header"
                )


def _rows(file: Path, separator: str) -> Generator[tuple[int, list[str]], None, None]:
    limit = csv.field_size_limit(LONGEST_FIELD)
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            yield from _lines(text, separator)
    finally:
        csv.field_size_limit(limit)


def _lines(text: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """The lines, from 1, on which the header and the rows begin, and their fields."""
    reader, before = csv.reader(text, delimiter=separator), 0
    for fields in reader:
        if fields and (len(fields) > 1 or not fields[0] or fields[0].strip(" \t")):
            yield before + 1, fields
        before = reader.line_num
