"""Where a row of a table is in its file, for messages that name it, and whether the file is one that is read."""

import csv
import shlex
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import require_different

LONGEST_FIELD = 2**31 - 1
SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
ENCODINGS = {"UTF-16": "UTF-16", "UTF-16LE": "UTF-16", "WINDOWS-1252": "Latin-1 or Windows-1252"}
"""What `iconv` calls them, and people."""


def row_of_file(row: int) -> str:
    """Row `row`, from 0, of a file that has no lines: `row 1` is its first."""
    return f"row {row + 1}"


def line_of_file(file: Path, separator: str, row: int) -> str:
    """The line on which row `row`, from 0, of a CSV file begins; its header is row -1. Pandas skips blank lines and
    takes a quoted newline into a value, so that lines are not rows."""
    with closing(_rows(file, separator)) as rows:
        line, _ = next(islice(rows, row + 1, None))
        return f"line {line}"


def require_utf8(file: Path) -> None:
    """Raises UserError, naming the line, for a file in another encoding."""
    data = file.read_bytes()
    encoding, at = "", 0
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "UTF-16"
    elif 0 in data:
        encoding, at = "UTF-16LE", data.index(0)
    else:
        try:
            data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            encoding, at = "WINDOWS-1252", error.start
    if encoding:
        saved = shlex.join(["iconv", "-f", encoding, "-t", "UTF-8", str(file)])
        saved += " > " + shlex.quote(f"{file.stem}-utf8{file.suffix}")
        raise UserError(
            f"{file}, line {data[:at].count(10) + 1}: cannot be read as text in UTF-8 (byte 0x{data[at]:02x});"
            f" if it is in {ENCODINGS[encoding]}, save it in UTF-8: {saved}"
        )


def require_separator(file: Path, separator: str) -> None:
    """Raises UserError for a file whose header and first row fall into more fields, both into as many, at another mark
    than that of its ending."""

    def fields(mark: str) -> int:
        with closing(_rows(file, mark)) as rows:
            header, first = (len(next(rows, (1, []))[1]) for _ in range(2))
            return header if header == first or mark == separator else 0

    found = max((separator, *SEPARATORS), key=fields)
    if fields(found) > fields(separator):
        code = f"import pandas; pandas.read_csv({str(file)!r}, sep={found!r}, decimal=',')"
        code += f".to_csv('{file.stem}-commas.csv', index=False)"
        named = {"\t": ".tsv", ",": ".csv"}.get(found)
        saved = f"save it with commas: {shlex.join(['python', '-c', code])}"
        raise UserError(
            f"{file}: has {fields(found)} columns with {SEPARATORS[found]} between them, and a file that ends with"
            f" {file.suffix} must have {SEPARATORS[separator]};"
            f" {f'rename it to end with {named}' if named else saved}"
        )


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
