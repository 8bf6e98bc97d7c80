"""Where a row of a table is in its file, for messages that name it, and whether all its rows have as many fields."""

import csv
import io
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import cached_property
from itertools import islice
from pathlib import Path

from dropout_lab.core.errors import UserError

LONGEST_FIELD = 2**31 - 1
SEPARATORS = (",", "\t", ";", "|")
LOOKED_AT = 20
"""So many rows must agree on the separator."""


def row_of_file(row: int) -> str:
    """Row `row`, from 0, of a file that has no lines: `row 1` is its first."""
    return f"row {row + 1}"


def row_of_sheet(row: int) -> str:
    """As the program that shows the sheet counts them: the header is row 1."""
    return f"row {row + 2} of the sheet"


class Lines:
    """The lines of a CSV file. Pandas skips blank lines and takes a quoted newline into a value, so that lines are not
    rows."""

    def __init__(self, file: Path, text: str) -> None:
        self._file, self._text, self._separator, self._rows = file, text, ",", -1

    def set(self, separator: str) -> None:
        """The mark between the fields."""
        self._separator = separator

    def count(self, rows: int) -> None:
        """How many rows were found behind the header."""
        self._rows = rows

    def separator(self, own: str) -> str:
        """The mark at which the header and the rows behind it fall into as many fields, and into most; `own`, that of
        the file's ending, where no other does so."""

        def fields(mark: str) -> int:
            found = [len(row) for _, row in islice(_rows(self._begin, mark), LOOKED_AT)]
            return found[0] if found and (len(set(found)) == 1 or mark == own) else 0

        found = max((own, *SEPARATORS), key=fields)
        return found if fields(found) > fields(own) else own

    @cached_property
    def _begin(self) -> str:
        """Whole rows at the beginning, unless one of them has a newline in a value: the whole text is long."""
        end = 0
        for _ in range(2 * LOOKED_AT):
            end = self._text.find("\n", end) + 1
            if not end:
                return self._text
        return self._text[:end]

    @cached_property
    def _header(self) -> tuple[int, list[str]]:
        begin = self._begin if '"' not in self._begin else self._text
        return next(_rows(begin, self._separator), (1, []))

    @property
    def first(self) -> int:
        """The line of the header."""
        return self._header[0]

    def names(self) -> Sequence[str]:
        """Those of the header."""
        return self._header[1]

    @cached_property
    def _starts(self) -> Sequence[int] | None:
        """The lines on which the header and the rows begin; None where each has one of its own, from line 1."""
        if "\r" not in self._text and self.first == 1:
            ends = self._text.count("\n") + (not self._text.endswith("\n"))
            if ends == self._rows + 1 or ('"' not in self._text and "\n\n" not in self._text):
                return None
        return [line for line, _ in _rows(self._text, self._separator)]

    def place(self, row: int) -> str:
        """The line on which row `row`, from 0, begins; the header is row -1."""
        return f"line {row + 2 if self._starts is None else self._starts[row + 1]}"

    def place_of_json(self, row: int) -> str:
        """The line of object `row`, from 0, of a file of JSON lines."""
        found = (at for at, line in enumerate(self._text.split("\n"), 1) if line.strip())
        return f"line {next(islice(found, row, None))}"

    def require_rectangle(self) -> None:
        """Raises UserError for a row with more or fewer fields than the header, of which Pandas would make an index, or
        drop them, or call them missing."""
        with closing(_rows(self._text, self._separator)) as rows:
            _, names = next(rows, (1, []))
            for line, fields in rows:
                if len(fields) != len(names):
                    raise UserError(
                        f"{self._file}, line {line}: has {len(fields)} fields, and the header has {len(names)}; every"
                        " row must have as many as the header; if the header is further down, give"
                        " dataset.read={skiprows:<lines above it>}; if the fields have another mark between them,"
                        ' dataset.read={sep:";"}'
                    )


def _rows(text: str, separator: str) -> Generator[tuple[int, list[str]], None, None]:
    limit = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield from _lines(io.StringIO(text, newline=""), separator)
    finally:
        csv.field_size_limit(limit)


def _lines(text: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """The lines, from 1, on which the header and the rows begin, and their fields."""
    reader, before = csv.reader(text, delimiter=separator), 0
    for fields in reader:
        if fields and (len(fields) > 1 or not fields[0] or fields[0].strip(" \t")):
            yield before + 1, fields
        before = reader.line_num
