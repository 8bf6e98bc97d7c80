"""A table of your own: a CSV or Parquet file with a column to predict."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.class_weights import ClassWeight
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.division import FoldCount, Ways, divided
from dropout_lab.datasets.encode import encode
from dropout_lab.datasets.files import read_table
from dropout_lab.datasets.further_files import read_files
from dropout_lab.datasets.split import Labelled
from dropout_lab.datasets.target import MissingTarget, held_out, held_out_rows, with_target


def table(
    *,
    path: str | None = None,
    target: str | Sequence[str] | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    task: Labelled | None = None,
    label_sep: str | None = None,
    missing_target: MissingTarget = "refuse",
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
    class_weight: ClassWeight = None,
) -> Dataset:
    """Numbers as they are, categories one by one, and missing numbers filled in with the mean of the seed's training
    part and marked; see `encode`. `drop` leaves columns out, `keep` takes those as they are that look like something
    else; see `misread`. Several names of `target` are several outputs, or labels (`several`). Rows in which
    one of them is empty are refused, or dropped and counted. The keys from `group` to `test_fraction` say how rows are
    divided; see `division`."""
    if path is None or not target:
        raise UserError("dataset=table: give dataset.path=my.csv and dataset.target=<the column to predict>")
    if not isinstance(target, str) and len(target) == 1:
        (target,) = target
    ways = Ways(group, time, split, val_path, test_path, folds, val_fraction, test_fraction)
    files, dropped = read_files(read_table, path, val_path, test_path), []
    if label_sep is None:  # else an empty cell has no label
        files, dropped = with_target(files, target, path, missing_target)
    where, place = path, files.place
    targets = [target] if isinstance(target, str) else target
    sizes: dict[str, Any] = {"validated": files.validated, "tested": files.tested}
    division = divided(files.frame, where, place, ways, targets=targets, keep=keep, **sizes)
    if isinstance(target, str) and task != "multilabel" and label_sep is None:
        test = held_out(division, target, where, keep=keep, task=task)
    else:
        test = held_out_rows(division, targets, where)
    left_out = [name for name in drop if name not in ways.columns.values()]
    asked: dict[str, Any] = {"drop": left_out, "keep": keep, "task": task, "label_sep": label_sep}
    encoded = encode(division.frame, target, where, test, **asked, place=place)
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
        class_weight=class_weight,
        indicators=encoded.indicators,
        has_missing=bool(encoded.inputs.isnan().any()),
        class_names=encoded.class_names,
        warnings=encoded.warnings,
        notes=[*dropped, *division.notes],
        **division.settings(),
    )
