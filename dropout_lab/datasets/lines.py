"""Where a row of a table is in its file, for messages that name it."""

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

LONGEST_FIELD = 2**31 - 1


def row_of_file(row: int) -> str:
    """Row `row`, from 0, of a file that has no lines: `row 1` is its first."""
    return f"row {row + 1}"


def line_of_file(file: Path, separator: str, row: int) -> str:
    """The line on which row `row`, from 0, of a CSV file begins; its header is row -1. Pandas skips blank lines and
    takes a quoted newline into a value, so that lines are not rows."""
    limit = csv.field_size_limit(LONGEST_FIELD)
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            return f"line {next(islice(_lines(text, separator), row + 1, None))}"
    finally:
        csv.field_size_limit(limit)


def _lines(text: Iterable[str], separator: str) -> Iterator[int]:
    """The lines, from 1, on which the header and the rows begin."""
    reader, before = csv.reader(text, delimiter=separator), 0
    for fields in reader:
        if fields and (len(fields) > 1 or not fields[0] or fields[0].strip(" \t")):
            yield before + 1
        before = reader.line_num
