"""Tables as they are in CSV and Parquet files."""

import csv
from functools import partial
from pathlib import Path

import pandas as pd

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import Place, require_different, require_table
from dropout_lab.datasets.lines import line_of_file, require_rectangle, require_separator, require_utf8, row_of_file

ENDINGS = (".csv", ".tsv", ".parquet")


def read_table(path: str, *, words_may_be_missing: bool = True, key: str = "path") -> tuple[pd.DataFrame, Place]:
    """The table, and where its rows are in the file. `words_may_be_missing`: whether NA, null and their like are
    missing values, as in a table, or words, as in a text. `key`: that of `path`, for messages. Raises UserError for
    what is no such file."""
    file = Path(path)
    if file.is_dir():
        raise UserError(
            f"dataset.{key}={path}: is a folder; must be a file that ends with .csv, .tsv or .parquet"
            " (a folder of Parquet files is read with dataset=hub)"
        )
    if not file.is_file():
        raise UserError(f"dataset.{key}={path}: there is no such file")
    if file.suffix.lower() not in ENDINGS:
        raise UserError(f"dataset.{key}={path}: must end with .csv, .tsv or .parquet")
    place: Place
    try:
        if file.suffix.lower() == ".parquet":
            from pyarrow import parquet  # takes a part of a second to import

            require_different(parquet.read_schema(file).names, str(file))
            frame, place = pd.read_parquet(file), row_of_file
        else:
            separator = "\t" if file.suffix.lower() == ".tsv" else ","
            require_utf8(file)
            require_separator(file, separator)
            require_rectangle(file, separator)
            frame = pd.read_csv(
                file, sep=separator, low_memory=False, index_col=False, keep_default_na=words_may_be_missing
            )
            place = partial(line_of_file, file, separator)
    except (ValueError, OSError, csv.Error) as error:  # pandas' and pyarrow's errors of parsing are of these kinds
        raise UserError(f"dataset.{key}={path}: cannot be read as a table: {error}") from error
    frame.columns = frame.columns.map(str)
    require_table(frame, str(file))
    return frame, place
