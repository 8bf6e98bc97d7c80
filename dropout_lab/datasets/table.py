"""A table of your own: a CSV or Parquet file with a column to predict."""

import csv
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.encode import Place, encode, held_out, require_different, require_table
from dropout_lab.datasets.lines import line_of_file, require_rectangle, row_of_file
from dropout_lab.errors import UserError


def table(
    *,
    path: str | None = None,
    target: str | None = None,
    drop: Sequence[str] = (),
    task: str | None = None,
    val_fraction: float = 0.2,
    test_fraction: float = 0.2,
    limit: int | None = None,
    label_noise: float = 0.0,
) -> Dataset:
    """Numbers as they are, categories one by one, and missing numbers filled in with the mean of the seed's training
    part and marked; see `encode`."""
    if path is None or target is None:
        raise UserError("dataset=table: give dataset.path=my.csv and dataset.target=<the column to predict>")
    file = Path(path)
    if file.is_dir():
        raise UserError(
            f"dataset.path={path}: is a folder; must be a file that ends with .csv, .tsv or .parquet"
            " (a folder of Parquet files is read with dataset=hub)"
        )
    if not file.is_file():
        raise UserError(f"dataset.path={path}: there is no such file")
    if file.suffix.lower() not in (".csv", ".tsv", ".parquet"):
        raise UserError(f"dataset.path={path}: must end with .csv, .tsv or .parquet")
    place: Place
    try:
        if file.suffix.lower() == ".parquet":
            from pyarrow import parquet  # takes a part of a second to import

            require_different(parquet.read_schema(file).names, str(file))
            frame, place = pd.read_parquet(file), row_of_file
        else:
            separator = "\t" if file.suffix.lower() == ".tsv" else ","
            require_rectangle(file, separator)
            frame = pd.read_csv(file, sep=separator, low_memory=False, index_col=False)
            place = partial(line_of_file, file, separator)
    except (ValueError, OSError, csv.Error) as error:  # pandas' and pyarrow's errors of parsing are of these kinds
        raise UserError(f"dataset.path={path}: cannot be read as a table: {error}") from error
    frame.columns = frame.columns.map(str)
    require_table(frame, str(file))
    test = held_out(frame, target, str(file), task=task, place=place, test_fraction=test_fraction)
    encoded = encode(frame, target, str(file), test, drop=drop, task=task, place=place)
    return Dataset(
        name=file.stem,
        task=encoded.task,
        inputs=encoded.inputs,
        targets=encoded.targets,
        test=test,
        outputs=encoded.outputs,
        standardize="feature",
        val_fraction=val_fraction,
        limit=limit,
        label_noise=label_noise,
        indicators=encoded.indicators,
        has_missing=bool(encoded.inputs.isnan().any()),
        class_names=encoded.class_names,
    )
