"""A table of your own: a CSV or Parquet file with a column to predict."""

from collections.abc import Sequence
from pathlib import Path

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.encode import encode
from dropout_lab.datasets.files import read_table
from dropout_lab.datasets.split import Supervised
from dropout_lab.datasets.target import held_out


def table(
    *,
    path: str | None = None,
    target: str | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    task: Supervised | None = None,
    val_fraction: Fraction = 0.2,
    test_fraction: Fraction = 0.2,
    limit: Count | None = None,
    label_noise: NonNegative = 0.0,
) -> Dataset:
    """Numbers as they are, categories one by one, and missing numbers filled in with the mean of the seed's training
    part and marked; see `encode`. `drop` leaves columns out, `keep` takes those as they are that look like something
    else; see `misread`."""
    if path is None or target is None:
        raise UserError("dataset=table: give dataset.path=my.csv and dataset.target=<the column to predict>")
    frame, place = read_table(path)
    file = Path(path)
    test = held_out(frame, target, str(file), keep=keep, task=task, place=place, test_fraction=test_fraction)
    encoded = encode(frame, target, str(file), test, drop=drop, keep=keep, task=task, place=place)
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
        warnings=encoded.warnings,
    )
