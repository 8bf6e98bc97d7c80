# ruff: noqa: E501
"""Small files as people have them, each with what must be understood of one of its columns, or the message.

A file has 40 rows, a plain column `size`, the column that the case is about, and a target `label`.
"""

import gzip
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

ROWS = 40


@dataclass(frozen=True)
class Case:
    """A file and what is understood of it."""

    name: str
    values: Sequence[Any]
    """Of the column `x`, repeated to 40 rows."""
    type: str = ""
    """What `x` is taken for; empty where it is refused."""
    features: Sequence[str] = ()
    told: str = ""
    """A pattern of what is guessed of `x`; empty where nothing may be."""
    refused: str = ""
    """A pattern of the message."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    first: Sequence[float | None] = ()
    """The first values of the first feature, less that of the first row."""
    column: str = "x"
    others: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Other columns of the file."""


def cycled(values: Sequence[Any]) -> list[Any]:
    return [values[row % len(values)] for row in range(ROWS)]


def write(folder: Path, case: Case) -> str:
    """The file of a case, a CSV with commas."""
    plain = {"size": [(row * 7 % 11) / 2 for row in range(ROWS)], **{k: cycled(v) for k, v in case.others.items()}}
    frame = pd.DataFrame({**plain, case.column: cycled(case.values), "label": cycled(("no", "yes"))})
    path = folder / "my.csv"
    frame.to_csv(path, index=False)
    return str(path)


def _numbered(pattern: str) -> list[str]:
    return [pattern.format(row) for row in range(ROWS)]


WHOLE = {"size": [3, 1, 2]}
"""Numbers that say nothing of the decimal sign."""

CASES = (
    Case("a decimal sign that others contradict", ["1,5"], refused=r"dataset.read.decimal=,, and .*line 2: column size has '0.0'", arguments={"read": {"decimal": ","}}),
    # Numbers
    Case("plain numbers", [1.5, 2.25, 7.0], "number", ["x"], first=[0, 0.75, 5.5]),
    Case("thousands and a point", ["1,234.5", "999.0", "12,000.25"], "number", ["x"], "',' is between thousands", first=[0, -235.5]),
    Case("points and a decimal comma", ["1.234,5", "0,5", "2,25"], "number", ["x"], "',' is the decimal sign", first=[0, -1234]),
    Case("decimal commas", ["1,5", "2,25", "3,0"], "number", ["x"], "',' is the decimal sign", first=[0, 0.75, 1.5]),
    Case("blanks between thousands", ["1 234", "12 345,5", "7"], "number", ["x"], "blanks and", first=[0, 11111.5]),
    Case("apostrophes between thousands", ["1'234", "12'345", "7"], "number", ["x"], "apostrophes are between", first=[0, 11111]),
    Case("two commas", ["1,234,567", "1,234", "7"], "number", ["x"], "between thousands", first=[0, -1233333]),
    Case("lakhs", ["12,34,567", "1,234", "7"], "number", ["x"], "between thousands", first=[0, -1233333]),
    Case("open commas", ["1,234", "5,678", "9,012"], refused=r"line 2: column x has '1,234': ',' may be .*columns=\{x:decimal_point\}", others=WHOLE),
    Case("open points", ["1.234", "5.678", "9.012"], refused=r"line 2: column x has '1.234': '\.' may be .*dataset.read=\{decimal:", others=WHOLE),
    Case(
        *("open points settled", ["1.234", "5.678", "9.012"], "number", ["x"]),
        arguments={"columns": {"x": "decimal_comma"}}, told="between thousands", first=[0, 4444],
    ),
    Case(
        *("open commas settled by the reader's key", ["1,234", "5,678"], "number", ["x"], "decimal sign"),
        arguments={"read": {"decimal": ","}}, first=[0, 4.444], others=WHOLE,
    ),
    Case(
        *("open commas settled by another column", ["1,234", "5,678"], "number", ["x"], "as in column size"),
        first=[0, 4444],
    ),
    Case("different decimal signs", ["1,5", "1.5"], refused=r"column x has 1.5 \(line 3\) and '1,5' \(line 2\): different"),
    Case("dollars", ["$5", "$6.50", "$1,234"], "number", ["x"], r"'\$' left out", first=[0, 1.5, 1229]),
    Case("euros", ["5 €", "6,50 €", "1.234,00 €"], "number", ["x"], "'€' left out", first=[0, 1.5, 1229]),
    Case("euros with open commas", ["€1,234", "€5,678"], refused="line 2: column x has '€1,234'", others=WHOLE),
    Case("two currencies", ["$5", "6 €"], refused=r"column x has '\$5' \(line 2\) and '6 €' \(line 3\), whose units differ"),
    Case("millions of dollars", ["$1.2M", "$300k"], "number", ["x"], "thousands and millions", first=[0, -900000]),
    Case("percentages", ["5%", "6 %", "7.5%"], "number", ["x"], "'%' left out", first=[0, 1, 2.5]),
    Case("percentages and numbers", ["5%", "0.05"], refused="whose units differ"),
    Case("a unit", ["5 kg", "6 kg", "7.5 kg"], "number", ["x"], "'kg' left out", first=[0, 1, 2.5]),
    Case("two units", ["5 kg", "600 g", "7 kg", *[f"{row} g" for row in range(1, 30)]], refused="whose units differ"),
    Case("brackets", ["(1,234.5)", "5.5"], "number", ["x"], "in brackets are negative", first=[0, 1240]),
    Case("a minus behind", ["1.5-", "3.0"], "number", ["x"], "a minus behind them are negative", first=[0, 4.5]),
    Case("a typographic minus", ["−5", "3"], "number", ["x"], first=[0, 8]),
    Case("a word among numbers", [1, 2, 3, "abc"], refused=r"line 5: column x has numbers, and here 'abc'.*na_values:\[abc\].*x:category.*x:drop"),
    Case(
        *("a word that is declared missing", [1, 2, 3, "abc"], "number", ["x", "x is missing"]),
        arguments={"read": {"na_values": ["abc"]}}, first=[0, 1, 2, None],
    ),
    Case("missing in words", [1, "-", 3, "?", "n/a"], "number", ["x", "x is missing"], "taken as missing", first=[0, None, 2, None, None]),
    Case("missing as programs write it", [1, "NA", 3, ""], "number", ["x", "x is missing"], first=[0, None, 2, None]),
    Case("leading zeros", ["01067", "10115", "00001"], "number", ["x"]),
    Case(
        *("leading zeros as categories", ["01067", "10115", "00001"], "category", ["x=00001", "x=01067", "x=10115"]),
        arguments={"columns": {"x": "category"}},
    ),
    # Dates and times
    Case("ISO dates", ["2024-01-31", "2024-02-29", "2023-12-01"], "date", ["x days", "x year", "x month", "x weekday"], "is a date", first=[0, 29, -61]),
    Case("ISO times", ["2024-01-31T06:00:00Z", "2024-01-31T18:00:00Z"], "date", ["x days", "x hour"], "is a date", first=[0, 0.5]),
    Case("one offset", ["2024-01-31T06:00:00+02:00", "2024-02-01T01:00:00+02:00"], "date", ["x days", "x month", "x weekday", "x hour"], r"hours are local, of the offset \+02:00", first=[0, 19 / 24]),
    Case("two offsets", ["2024-03-30T06:00:00+01:00", "2024-03-31T06:00:00+02:00"], "date", ["x days", "x weekday", "x hour"], "offsets from UTC differ.*those in UTC", first=[0, 23 / 24]),
    Case("years of two digits", ["24.01.38", "25.01.97"], "date", ["x days", "x year", "x weekday"], r"such as '24.01.38' \(line 2\) for 2038, and 1 different dates are after today.*columns=\{x:drop\}", first=[0, -14974]),
    Case("dates with dots", ["31.01.2024", "01.02.2024"], "date", ["x days", "x month", "x weekday"], "is a date", first=[0, 1]),
    Case("months in words", ["31 Jan 2024", "Feb 1, 2024", "March 1, 2024"], "date", ["x days", "x month", "x weekday"], "is a date", first=[0, 1, 30]),
    Case("the day is first", ["03/04/2024", "25/06/2024"], "date", ["x days", "x month", "x weekday"], r"the day is first, as '25/06/2024' \(line 3\) says", first=[0, 83]),
    Case("the month is first", ["03/04/2024", "06/25/2024"], "date", ["x days", "x month", "x weekday"], "the month is first", first=[0, 113]),
    Case("day or month", ["03/04/2024", "05/06/2024"], refused=r"line 2: column x has dates such as '03/04/2024'.*day_first.*month_first"),
    Case(
        *("day or month settled", ["03/04/2024", "05/06/2024"], "date", ["x days", "x month"]),
        arguments={"columns": {"x": "day_first"}}, first=[0, 63],
    ),
    Case(
        *("day or month settled by the reader's key", ["03/04/2024", "05/06/2024"], "date", ["x days", "x month"]),
        arguments={"read": {"dayfirst": False}}, first=[0, 63], told="is a date|^$",
    ),
    Case("day and month", ["25/06/2024", "06/25/2024"], refused="one can only have the day first, the other only the month"),
    Case("a word among dates", ["2024-01-31", "2024-02-29", "2024-03-01", "soon"], refused="line 5: column x has dates, and here 'soon'"),
    Case("times of the day", ["06:30", "18:00"], "time of day", ["x"], "in hours", first=[0, 11.5]),
    Case("minutes and seconds", ["30:15", "41:00", "06:30"], "category", ["x=06:30", "x=30:15", "x=41:00"]),
    Case("days as numbers", [20240131, 20240201, 20240301], "number", ["x"], first=[0, 70]),
    Case(
        *("days as numbers, declared", [20240131, 20240201, 20240301], "date", ["x days", "x month", "x weekday"]),
        arguments={"columns": {"x": "date"}}, first=[0, 1],
    ),
    # Truth values and categories
    Case("yes and no", ["yes", "No", "YES"], "truth value", ["x"], "'yes' is 1, 'no' is 0", first=[0, -1, 0]),
    Case("true and false", ["True", "False"], "truth value", ["x"], "'true' is 1", first=[0, -1]),
    Case("ja und nein", ["nein", "ja", "-"], "truth value", ["x", "x is missing"], "'ja' is 1.*'-' taken as missing", first=[0, 1, None]),
    Case("categories", ["red", "green", "blue"], "category", ["x=blue", "x=green", "x=red"]),
    Case("blanks around categories", [" red", "green", "red "], "category", ["x=green", "x=red"], "blanks around words"),
    Case("missing categories", ["red", "?", "green", "-"], "category", ["x=(missing)", "x=green", "x=red"], "taken as missing"),
    Case("ranges", ["30-40", "40-50", "50-60"], "category", ["x=30-40", "x=40-50", "x=50-60"]),
    Case("ordinals", ["1st", "2nd", "3rd"], "category", ["x=1st", "x=2nd", "x=3rd"]),
    Case("rare categories", ["red"] * 18 + ["green"] * 16 + ["a", "b", "c", "d", "e", "f"], "category", ["x=green", "x=red", "x=(other)"], r"rare ones of \d, such as"),
    # Nothing to learn from
    Case("identifiers", _numbered("person {}"), "left out", [], "40 different words in 40 rows, which are no categories"),
    Case("texts", _numbered("the text of number {} is longer"), "left out", [], "40 different texts in 40 rows; .*dataset=labelled_text"),
    Case("a constant", ["kg"], "left out", [], "the same value in every row"),
    Case("an empty column", [""], "left out", [], "has no value"),
    Case("a saved index", list(range(ROWS)), "left out", [], "counts the rows", column="Unnamed: 0"),
    Case("a column that is not wanted", ["secret"], "left out", [], arguments={"columns": {"x": "drop"}}),
    Case("a column that is kept", _numbered("person {}"), "category", [], arguments={"keep": ["x"]}, told="8 that only test rows have"),
    Case("blanks around a name", [1.5, 2.5], "number", ["x"], column=" x "),
    Case("a type that is none", [1, 2], refused="column x cannot be 'float'; must be one of number", arguments={"columns": {"x": "float"}}),
    Case("a type of no column", [1, 2], refused="has no column 'y'; it has size, x, label", arguments={"columns": {"y": "number"}}),
    Case("a name for pandas that it does not take", [1, 2], refused=r"dataset.read.seperator: pandas.read_csv takes no such", arguments={"read": {"seperator": ";"}}),
    Case("types are not for the reader", [1, 2], refused="dataset.read.dtype: what a column is, dataset.columns says", arguments={"read": {"dtype": "str"}}),
    Case("numbers too large", [1e39, 1.0], refused=r"line 2: column x has 1e\+39; must be from .*'dataset.read=\{na_values:\[.1e\+39.\]\}'; leave .*dataset.drop=\[x\]"),
    Case(
        *("numbers too large that are declared missing", ["1e+39", 1.0, 2.0], "number", ["x", "x is missing"]),
        arguments={"read": {"na_values": ["1e+39"]}},
    ),
    Case("an infinite number", ["inf", 1.0], refused=r"line 2: column x has numbers, and here inf; .*na_values:\[.inf.\].*drop=\[x\]"),
)  # fmt: skip


def _frame() -> pd.DataFrame:
    return pd.DataFrame(
        {"size": cycled([1.5, 2.25, 3.75]), "town": cycled(["Köln", "Bonn"]), "label": cycled(["a", "b"])}
    )


def _excel(frame: pd.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.to_excel(out, index=False)
    return out.getvalue()


def _feather(frame: pd.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.to_feather(out)
    return out.getvalue()


def _german(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, sep=";", decimal=",").encode("cp1252")


FILES: Mapping[str, tuple[str, Callable[[pd.DataFrame], bytes], Mapping[str, Any], str]] = {
    "commas": ("my.csv", lambda frame: frame.to_csv(index=False).encode(), {}, ""),
    "tabs": ("my.tsv", lambda frame: frame.to_csv(index=False, sep="\t").encode(), {}, ""),
    "tabs in .csv": ("my.csv", lambda frame: frame.to_csv(index=False, sep="\t").encode(), {}, "with tabs between"),
    "bars": ("my.csv", lambda frame: frame.to_csv(index=False, sep="|").encode(), {}, "with vertical bars between"),
    "a German export": ("my.csv", _german, {}, "in Windows-1252, so that there is 'Köln' .*with semicolons between"),
    "a German export, told": (*("my.csv", _german, {"read": {"sep": ";", "decimal": ",", "encoding": "cp1252"}}, ""),),
    "UTF-8 with a mark": ("my.csv", lambda frame: frame.to_csv(index=False).encode("utf-8-sig"), {}, ""),
    "UTF-16": ("my.csv", lambda frame: frame.to_csv(index=False).encode("utf-16"), {}, "in UTF-16"),
    "gzip": ("my.csv.gz", lambda frame: gzip.compress(frame.to_csv(index=False).encode()), {}, ""),
    "lines above the header": (
        *("my.csv", lambda frame: b"made by a logger\n\n" + frame.to_csv(index=False).encode()),
        *({"read": {"skiprows": 2}}, ""),
    ),
    "comments": (
        *("my.csv", lambda frame: b"# made by a logger\n" + frame.to_csv(index=False).encode()),
        *({"read": {"comment": "#"}}, ""),
    ),
    "old line ends": ("my.csv", lambda frame: frame.to_csv(index=False, lineterminator="\r\n").encode(), {}, ""),
    "newlines in values": (
        *("my.csv", lambda frame: frame.assign(note='a "note"\nof two lines').to_csv(index=False).encode(), {}, ""),
    ),
    "Excel": ("my.xlsx", _excel, {}, ""),
    "Feather": ("my.feather", _feather, {}, ""),
    "JSON lines": ("my.jsonl", lambda frame: frame.to_json(orient="records", lines=True).encode(), {}, ""),
    "JSON": ("my.json", lambda frame: frame.to_json(orient="records").encode(), {}, ""),
}
"""Ways to write the table of `frame`: the file's name, its bytes, the arguments that read it, and what is noted."""

frame = _frame

BROKEN: Mapping[str, tuple[str, bytes, Mapping[str, Any], str]] = {
    "Cyrillic": (
        *("my.csv", "город,label\nМосква,да\nКазань,нет\n".encode("cp1251"), {}),
        r"line 1: is no text in UTF-8 \(byte 0x..\), .*dataset.read=\{encoding:cp1251\}",
    ),
    "another encoding than that given": (
        *("my.csv", "ort,label\nKöln,a\n".encode("cp1252"), {"read": {"encoding": "utf-8"}}),
        "dataset.read.encoding=utf-8: .*my.csv, line 2: byte 0xf6 is none of it",
    ),
    "an encoding that is none": (
        *("my.csv", b"a,label\n1,a\n", {"read": {"encoding": "latin-99"}}),
        "dataset.read.encoding=latin-99: unknown encoding",
    ),
    "lines above the header": (
        *("my.csv", b"made by a logger\n1,2\n3,4\n", {}),
        r"my.csv, line 2: has 2 fields, and the header has 1; .*skiprows",
    ),
    "a damaged archive": ("my.csv.gz", b"\x1f\x8b\x08\x00nothing", {}, "my.csv.gz: cannot be read as a table"),
    "a field too few": ("my.csv", b"a,label\n1,a\n2\n", {}, "line 3: has 1 fields, and the header has 2"),
    "a name twice": ("my.csv", b"a,a,label\n1,2,x\n", {}, r"line 1: columns 1 and 2 have the same name, a; .*names"),
    "lists in JSON": ("my.jsonl", b'{"a": [1], "label": "x"}\n' * 9 + b'{"a": [2], "label": "y"}\n' * 9, {}, "line 1: column a has a list"),
    "blanks between columns": ("my.csv", b"x y label\n1 2 a\n3 4 b\n", {}, r"it has x y label; if blanks are .*'dataset.read=\{sep:.\\s\+.\}'"),
    "an old Excel file": ("my.xls", b"", {}, "save an .xls file as .xlsx"),
    "a sheet that is not there": ("my.xlsx", _excel(_frame()), {"read": {"sheet_name": "x"}}, "has no such sheet; it has Sheet1"),
}  # fmt: skip
"""Files that cannot be read: name, bytes, arguments, message."""
