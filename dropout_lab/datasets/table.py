"""A table of your own: a CSV, Excel, Parquet, Feather or JSON file with a column to predict."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.class_weights import ClassWeight
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.division import divided
from dropout_lab.datasets.encode import encode
from dropout_lab.datasets.files import read_table, table_name
from dropout_lab.datasets.further_files import Files, read_files
from dropout_lab.datasets.reading import Type, types_by_name, types_of_features, wanted_types
from dropout_lab.datasets.readings import plain_target
from dropout_lab.datasets.split import Labelled
from dropout_lab.datasets.target import MissingTarget, held_out, held_out_rows, with_target
from dropout_lab.datasets.ways import FoldCount, Ways


def table(
    *,
    path: str | None = None,
    target: str | Sequence[str] | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    columns: Mapping[str, Type] | Sequence[str] | None = None,
    read: Mapping[str, Any] | None = None,
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
    part and marked; see `encode`. What a column is, is read off its values; see `reading`. `columns` says it instead,
    `drop` leaves columns out, `keep` takes those as they are that look like something else; see `misread`. `read` is
    handed over to the reader of pandas; see `files`. Several names of `target` are several outputs, or labels; see
    `several`. Rows in which one of them is empty are refused, or dropped and counted. The keys from `group` to
    `test_fraction` say how rows are divided; see `division`."""
    if path is None or not target:
        raise UserError("dataset=table: give dataset.path=my.csv and dataset.target=<the column to predict>")
    if not isinstance(target, str) and len(target) == 1:
        (target,) = target
    targets = [target] if isinstance(target, str) else target
    ways = Ways(group, time, split, val_path, test_path, folds, val_fraction, test_fraction)
    settled = {*keep, *types_by_name(columns)}
    files, notes = read_files(partial(read_table, options=read), path, val_path, test_path, settled), list[str]()
    if label_sep is None:  # else an empty cell has no label
        files, notes = with_target(files, target, path, missing_target, keep)
        files, task, read_as = _plain(files, [name for name in targets if name not in keep], path, task, columns)
        notes += read_as
    sizes: dict[str, Any] = {"validated": files.validated, "tested": files.tested}
    types = wanted_types(columns, files.frame, path)
    division = divided(
        files.frame, path, files.place, ways, targets=targets, keep=keep, columns=types, marks=files.marks, **sizes
    )
    if isinstance(target, str) and task != "multilabel" and label_sep is None:
        test = held_out(division, target, path, keep=keep, task=task)
    else:
        test = held_out_rows(division, targets, path)
    asked: dict[str, Any] = {"keep": keep, "task": task, "label_sep": label_sep}
    asked["columns"] = types_of_features(columns, ways.columns, keep)
    asked["drop"] = [name for name in drop if name not in ways.columns.values()]
    encoded = encode(division.frame, target, path, test, **asked, place=files.place, marks=files.marks)
    return Dataset(
        name=table_name(path),
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
        notes=[*files.notes, *notes, *division.notes],
        readings=encoded.readings,
        **division.settings(),
    )


def _plain(
    files: Files,
    targets: Sequence[str],
    path: str,
    task: Labelled | None,
    columns: Mapping[str, Type] | Sequence[str] | None,
) -> tuple[Files, Labelled | None, list[str]]:
    """The table with targets that can be taken as they are, the task, and what was made of them; see `plain_target`."""
    notes: list[str] = []
    types = wanted_types(columns, files.frame, path)
    is_class = task in ("classification", "multilabel")
    for name in targets:
        wanted = types.get(name)
        frame, said = plain_target(files.frame, name, path, files.place, files.marks, wanted, is_class=is_class)
        files, notes = replace(files, frame=frame), [*notes, *said]
        task = "classification" if wanted == "category" and not is_class else task
    return files, task, notes
