"""A table of your own: a CSV, Excel, Parquet, Feather or JSON file with a column to predict."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import require_column
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.encode import encode
from dropout_lab.datasets.files import read_table
from dropout_lab.datasets.reading import Type, wanted_types
from dropout_lab.datasets.readings import plain_target
from dropout_lab.datasets.split import Supervised
from dropout_lab.datasets.target import held_out


def table(
    *,
    path: str | None = None,
    target: str | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    columns: Mapping[str, Type] | Sequence[str] | None = None,
    read: Mapping[str, Any] | None = None,
    task: Supervised | None = None,
    val_fraction: Fraction = 0.2,
    test_fraction: Fraction = 0.2,
    limit: Count | None = None,
    label_noise: NonNegative = 0.0,
) -> Dataset:
    """Numbers as they are, categories one by one, and missing numbers filled in with the mean of the seed's training
    part and marked; see `encode`. What a column is, is read off its values; see `reading`. `columns` says it instead,
    `drop` leaves columns out, `keep` takes those as they are that look like something else; see `misread`. `read` is
    handed over to the reader of pandas; see `files`."""
    if path is None or target is None:
        raise UserError("dataset=table: give dataset.path=my.csv and dataset.target=<the column to predict>")
    found = read_table(path, read)
    file, place = Path(path), found.place
    require_column("target", target, found.frame, path)
    frame = found.frame
    notes: list[str] = []
    if target not in keep and task != "classification":
        wanted = wanted_types(columns, frame, path).get(target)
        frame, notes = plain_target(frame, target, path, place, found.marks, wanted)
        task = "classification" if wanted == "category" else task
    test = held_out(frame, target, path, keep=keep, task=task, place=place, test_fraction=test_fraction)
    encoded = encode(
        frame,
        target,
        path,
        test,
        drop=drop,
        keep=keep,
        task=task,
        place=place,
        columns=columns,
        marks=found.marks,
    )
    return Dataset(
        name=file.name.partition(".")[0],
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
        notes=[*found.notes, *notes],
        readings=encoded.readings,
    )
