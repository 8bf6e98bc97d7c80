"""A table of your own: a CSV or Parquet file with a column to predict."""

from collections.abc import Sequence
from pathlib import Path

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.division import FoldCount, Ways, divided
from dropout_lab.datasets.encode import encode
from dropout_lab.datasets.files import read_table
from dropout_lab.datasets.further_files import read_files
from dropout_lab.datasets.split import Supervised
from dropout_lab.datasets.target import held_out


def table(
    *,
    path: str | None = None,
    target: str | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    task: Supervised | None = None,
    group: str | None = None,
    time: str | None = None,
    split: str | None = None,
    val_path: str | None = None,
    test_path: str | None = None,
    folds: FoldCount | None = None,
    val_fraction: Fraction | None = None,
    test_fraction: Fraction | None = None,
    limit: Count | None = None,
    label_noise: NonNegative = 0.0,
) -> Dataset:
    """Numbers as they are, categories one by one, and missing numbers filled in with the mean of the seed's training
    part and marked; see `encode`. `drop` leaves columns out, `keep` takes those as they are that look like something
    else; see `misread`. The keys from `group` to `test_fraction` say how rows are divided; see `division`."""
    if path is None or target is None:
        raise UserError("dataset=table: give dataset.path=my.csv and dataset.target=<the column to predict>")
    ways = Ways(group, time, split, val_path, test_path, folds, val_fraction, test_fraction)
    files = read_files(read_table, path, val_path, test_path)
    where, place = path, files.place
    division = divided(
        files.frame, where, place, ways, targets=[target], keep=keep, validated=files.validated, tested=files.tested
    )
    test = held_out(division, target, where, keep=keep, task=task)
    left_out = [name for name in drop if name not in ways.columns.values()]
    encoded = encode(division.frame, target, where, test, drop=left_out, keep=keep, task=task, place=place)
    return Dataset(
        name=Path(path).stem,
        task=encoded.task,
        inputs=encoded.inputs,
        targets=encoded.targets,
        test=test,
        outputs=encoded.outputs,
        standardize="feature",
        limit=limit,
        label_noise=label_noise,
        indicators=encoded.indicators,
        has_missing=bool(encoded.inputs.isnan().any()),
        class_names=encoded.class_names,
        warnings=encoded.warnings,
        notes=division.notes,
        **division.settings(),
    )
