"""Tables as they are in files: CSV, Excel, Parquet, Feather and JSON lines, read by pandas.

What a CSV file has is read as words, so that nothing is lost before `reading` decides what a column is. Separator and
encoding are found where they are plain, and said. `dataset.read` is handed over to the reader of pandas.
"""

import csv
import inspect
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_lab.config.refusals import closest
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import Place, require_different, require_table
from dropout_lab.datasets.header import REMEDY, is_of_data
from dropout_lab.datasets.lines import Lines, row_of_file, row_of_sheet
from dropout_lab.datasets.raw import COMPRESSED, decoded, unpacked

MARKS = ("decimal", "thousands", "dayfirst")
"""What pandas has for numbers and dates, and `reading` takes: of words, pandas would make nothing of them."""
OURS = (
    *("dtype", "dtype_backend", "parse_dates", "date_format", "converters", "true_values", "false_values", "index_col"),
    *("engine", "engine_kwargs", "iterator", "chunksize", "storage_options", "compression", "low_memory", "memory_map"),
    *("float_precision", "cache_dates", "on_bad_lines", "verbose", "na_filter", "dialect", "delimiter"),
    *("filepath_or_buffer", "io", "path_or_buf", "path", "source", "typ", "convert_dates", "keep_default_dates"),
    *(
        "convert_axes",
        "date_unit",
        "precise_float",
        "encoding_errors",
        "columns",
        "filters",
        "use_threads",
        "filesystem",
    ),
    *("to_pandas_kwargs",),
)
"""Arguments of the readers that are settled here: of types by dataset.columns, of columns by dataset.drop."""
ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".parquet", ".feather", ".jsonl", ".ndjson", ".json")
NAMED = f"{', '.join(one for one in ENDINGS if one != '.txt')}, or .csv and .tsv with {', '.join(COMPRESSED)} behind it"
SHIFT = frozenset(("skiprows", "header", "names", "comment", "skipfooter", "nrows", "lineterminator", "escapechar"))
SHIFT_TOO = frozenset(("quotechar", "quoting", "doublequote", "skip_blank_lines", "usecols"))
"""With these the rows of the table are not those that `csv` would find, so that places are rows, not lines."""


@dataclass(frozen=True)
class Marks:
    """What `dataset.read` says of numbers and dates in words; None where it says nothing."""

    decimal: str | None = None
    thousands: str | None = None
    day_first: bool | None = None


NO_MARKS = Marks()


@dataclass(frozen=True)
class Read:
    """A table, and where it is from."""

    frame: pd.DataFrame
    place: Place
    marks: Marks = NO_MARKS
    notes: Sequence[str] = ()
    """What was found in the file by itself, with the key that changes it."""


def is_table_file(path: str) -> bool:
    """Whether a file has the ending of a table, .txt not among them: it may be a text."""
    return _ending(Path(path)) in set(ENDINGS) - {".txt"}


def table_name(path: str) -> str:
    """`my` of `folder/my.csv.gz`."""
    return Path(path).name.partition(".")[0]


def read_table(path: str, options: Mapping[str, Any] | None = None, *, key: str = "path") -> Read:
    """The table in a file. `options`: see `dataset.read`; `key`: that of `path`, for messages.

    Raises UserError for what is no such file.
    """
    file = Path(path)
    if file.is_dir():
        raise UserError(
            f"dataset.{key}={path}: is a folder; must be a file that ends with {NAMED}"
            " (a folder of Parquet files is read with dataset=hub)"
        )
    if not file.is_file():
        raise UserError(f"dataset.{key}={path}: there is no such file")
    reader = READERS.get(_ending(file))
    if reader is None:
        also = "; save an .xls file as .xlsx" if file.suffix.lower() in (".xls", ".ods", ".xlsb") else ""
        raise UserError(f"dataset.{key}={path}: must end with {NAMED}{also}")
    given = dict(options or {})
    try:
        marks = _marks(given, _ending(file))
        found = reader(file, given)
    except (ValueError, TypeError, OSError, KeyError, csv.Error) as error:  # of pandas, pyarrow, openpyxl and zlib
        raise UserError(f"dataset.{key}={path}: cannot be read as a table: {error}") from error
    frame = found.frame
    written = [str(name) for name in frame]
    frame.columns = pd.Index([name.strip() for name in written])
    notes = list(found.notes)
    if blank := [name for name in written if name != name.strip()]:
        notes.append(f"{path}: blanks around {len(blank)} names of columns are left out, such as {blank[0]!r}")
    require_table(frame, str(file))
    if "header" not in (options or {}) and _ending(file) in (".csv", ".tsv", ".txt", ".xlsx") and is_of_data(frame):
        notes.append(f"{path}: its first row looks like data, {', '.join(map(str, frame.columns[:3]))}{REMEDY}")
    return Read(frame, found.place, marks, notes)


def _ending(file: Path) -> str:
    """`.csv` of `my.csv` and `my.csv.gz`."""
    inner = Path(file.stem) if file.suffix.lower() in COMPRESSED else file
    return inner.suffix.lower()


def _marks(given: dict[str, Any], ending: str) -> Marks:
    """What `dataset.read` says of numbers and dates, taken out of it. Raises UserError for a name that the reader of
    such a file does not take."""
    reader: Callable[..., Any] = FUNCTIONS[ending]
    allowed = [name for name in inspect.signature(reader).parameters if name not in OURS]
    allowed = [*dict.fromkeys((*allowed, *MARKS))]
    for name in given:
        if name in ("dtype", "parse_dates", "converters", "true_values", "false_values", "date_format"):
            raise UserError(
                f"dataset.read.{name}: what a column is, dataset.columns says: dataset.columns={{age:number}}"
            )
        if name not in allowed:
            raise UserError(
                f"dataset.read.{name}: pandas.{reader.__name__} takes no such argument here{closest(name, allowed)};"
                f" it takes {', '.join(allowed)}"
            )
    for name in ("decimal", "thousands"):
        if name in given and (not isinstance(given[name], str) or len(given[name]) != 1):
            raise UserError(f"dataset.read.{name}={given[name]}: must be one character, such as ','")
    if given.get("decimal", ".") not in (".", ","):
        raise UserError(f"dataset.read.decimal={given['decimal']}: must be ',' or '.'")
    if not isinstance(given.get("dayfirst", True), bool):
        raise UserError(f"dataset.read.dayfirst={given['dayfirst']}: must be true or false")
    decimal, thousands, day_first = (given.pop(name, None) for name in MARKS)
    if decimal is None and thousands in (".", ","):
        decimal = "," if thousands == "." else "."
    if decimal is not None and decimal == thousands:
        raise UserError(f"dataset.read.thousands={thousands}: is the decimal sign, too; must be another")
    return Marks(decimal, thousands, day_first)


def _read_words(file: Path, given: dict[str, Any]) -> Read:
    text, said = decoded(file, unpacked(file), given.pop("encoding", None))
    lines = Lines(file, text)
    told = [said] if said else []
    wanted = given.pop("sep", None)
    own = "\t" if _ending(file) == ".tsv" else ","
    shifts = bool((SHIFT | SHIFT_TOO) & given.keys())
    separator = wanted or (own if shifts else lines.separator(own))
    if wanted is None and separator != own:
        told.append(
            f"{file}: is read with {SEPARATOR_NAMES.get(separator, repr(separator))} between its columns; change that"
            f" with 'dataset.read={{sep:\"{own if own != chr(9) else chr(92) + 't'}\"}}'"
        )
    arguments: dict[str, Any] = {"sep": separator, "dtype": str, "keep_default_na": False, **given}

    def read(source: io.StringIO | io.BytesIO, **more: Any) -> pd.DataFrame:
        frame: pd.DataFrame = pd.read_csv(source, **arguments, **more)
        return frame

    if shifts or len(separator) > 1:
        return Read(read(io.StringIO(text), index_col=False), row_of_file, notes=told)
    lines.set(separator)
    names = lines.names()
    require_different(names, f"{file}, line {lines.first}", OTHER_NAMES)
    if not given:
        try:
            frame = read(io.BytesIO(text.encode()), engine="pyarrow")
            if [str(name) for name in frame] == names:
                lines.count(len(frame))
                return Read(frame, lines.place, notes=told)
        except (ValueError, UnicodeError):  # the engine of pandas reads what this one does not, or it is a mistake
            pass
    lines.require_rectangle()
    return Read(read(io.StringIO(text), index_col=False, low_memory=False), lines.place, notes=told)


OTHER_NAMES = (
    "; give them others with dataset.read={header:0,names:[...]}, or, if the first row has data,"
    " dataset.read={header:null,names:[...]}, or, if the header is further down,"
    " dataset.read={skiprows:<lines above it>}"
)
SEPARATOR_NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}


def _read_excel(file: Path, given: dict[str, Any]) -> Read:
    if find_spec("openpyxl") is None:
        raise UserError("dataset: Excel files need the extra excel: pip install 'dropout-lab[excel]'")
    told: list[str] = []
    with pd.ExcelFile(file, engine="openpyxl") as book:
        names = [str(name) for name in book.sheet_names]
        sheet = given.pop("sheet_name", None)
        if sheet is not None and sheet not in names:
            raise UserError(f"dataset.read.sheet_name={sheet}: {file} has no such sheet; it has {', '.join(names)}")
        if sheet is None and len(names) > 1:
            told.append(
                f"{file}: has {len(names)} sheets, {', '.join(names)}, and the first is read; change that with"
                f" 'dataset.read={{sheet_name:\"{names[1]}\"}}'"
            )
        frame = pd.read_excel(
            book, sheet_name=sheet or names[0], **{"keep_default_na": False, "na_values": [""], **given}
        )
    place = row_of_file if given.keys() & SHIFT else row_of_sheet
    return Read(frame, place, notes=told)


def _read_parquet(file: Path, given: dict[str, Any]) -> Read:
    from pyarrow import parquet  # takes a part of a second to import

    schema = parquet.read_schema(file)
    require_different(schema.names, str(file))
    frame = pd.read_parquet(file, **given)
    said = (schema.pandas_metadata or {}).get("columns", ())
    categories = [one["name"] for one in said if one["pandas_type"] == "categorical" and one["name"] in frame]
    frame = frame.astype(dict.fromkeys(categories, "category"))  # whole numbers come back as such
    return Read(frame, row_of_file)


def _read_feather(file: Path, given: dict[str, Any]) -> Read:
    return Read(pd.read_feather(file, **given), row_of_file)


def _read_json(file: Path, given: dict[str, Any]) -> Read:
    text, said = decoded(file, unpacked(file), given.pop("encoding", None))
    is_lines = given.pop("lines", _ending(file) != ".json" or text.lstrip()[:1] == "{")
    frame = pd.read_json(io.StringIO(text), lines=is_lines, dtype=False, **given)
    lines = Lines(file, text)
    return Read(frame, lines.place_of_json if is_lines else row_of_file, notes=[said] if said else [])


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), pd.read_csv),
    ".xlsx": pd.read_excel,
    ".parquet": pd.read_parquet,
    ".feather": pd.read_feather,
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), pd.read_json),
}
READERS: Mapping[str, Callable[[Path, dict[str, Any]], Read]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), _read_words),
    ".xlsx": _read_excel,
    ".parquet": _read_parquet,
    ".feather": _read_feather,
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), _read_json),
}
