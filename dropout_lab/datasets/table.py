"""A table of your own: a CSV or Parquet file with a column to predict."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.class_weights import ClassWeight
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.encode import encode
from dropout_lab.datasets.files import read_table
from dropout_lab.datasets.several import hold_out_rows
from dropout_lab.datasets.split import Labelled
from dropout_lab.datasets.target import MissingTarget, held_out, with_target


def table(
    *,
    path: str | None = None,
    target: str | Sequence[str] | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    task: Labelled | None = None,
    label_sep: str | None = None,
    missing_target: MissingTarget = "refuse",
    val_fraction: Fraction = 0.2,
    test_fraction: Fraction = 0.2,
    limit: Count | None = None,
    label_noise: NonNegative = 0.0,
    class_weight: ClassWeight = None,
) -> Dataset:
    """Numbers as they are, categories one by one, and missing numbers filled in with the mean of the seed's training
    part and marked; see `encode`. `drop` leaves columns out, `keep` takes those as they are that look like something
    else; see `misread`. Several names of `target` are several outputs, or labels (`several`). Rows in which
    one of them is empty are refused, or dropped and counted."""
    if path is None or not target:
        raise UserError("dataset=table: give dataset.path=my.csv and dataset.target=<the column to predict>")
    if not isinstance(target, str) and len(target) == 1:
        (target,) = target
    frame, place = read_table(path)
    file = Path(path)
    notes: Sequence[str] = ()
    if label_sep is None:  # else an empty cell has no label
        frame, place, notes = with_target(frame, target, str(file), place, missing_target)
    if isinstance(target, str) and task != "multilabel" and label_sep is None:
        test = held_out(frame, target, str(file), keep=keep, task=task, place=place, test_fraction=test_fraction)
    else:
        test = hold_out_rows(frame, target, str(file), test_fraction)
    asked: dict[str, Any] = {"drop": drop, "keep": keep, "task": task, "label_sep": label_sep}
    encoded = encode(frame, target, str(file), test, **asked, place=place)
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
        class_weight=class_weight,
        indicators=encoded.indicators,
        has_missing=bool(encoded.inputs.isnan().any()),
        class_names=encoded.class_names,
        warnings=encoded.warnings,
        notes=notes,
    )
