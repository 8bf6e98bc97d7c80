"""Texts with a class or a number each, from the Hugging Face hub or a table of one's own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.class_weights import ClassWeight
from dropout_lab.datasets.columns import given, require_column
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.division import divided
from dropout_lab.datasets.files import NAMED
from dropout_lab.datasets.readings import plain_target
from dropout_lab.datasets.rows import Rows, read_rows, text_column
from dropout_lab.datasets.split import Supervised
from dropout_lab.datasets.target import encode_target, held_out, require_target_alone
from dropout_lab.datasets.ways import FoldCount, Ways
from dropout_lab.datasets.words import Level, padded, tokens, vocabulary

TARGETS = ("label", "labels", "target")


def labelled_text(
    *,
    id: str | None = None,
    path: str | None = None,
    config: str | None = None,
    revision: str | None = None,
    text: str | None = None,
    target: str | None = None,
    keep: Sequence[str] = (),
    read: Mapping[str, Any] | None = None,
    task: Supervised | None = None,
    level: Level = "word",
    length: Count = 64,
    vocabulary_size: Count | None = 10000,
    min_count: Count = 2,
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
    """`id` on the hub, or its copy in the folder `path`, or a CSV or Parquet file `path`; columns but two are left out.

    `text` is the column of text, by default the only one; `target`, by default, the column `label`, `labels`, `target`
    or the last other one; with its name in `keep` its labels are taken as they are, see `misread`. A text is its first
    `length` tokens (of a `level`, see `words`), PADDING behind them. The vocabulary is the most frequent tokens outside
    of the test set; of these a seed's reader knows those that its training part has `min_count` times. Splits are as
    in `hub`; the keys from `group` to `test_fraction` say how rows are divided, see `division`.
    """
    if id is None and path is None:
        raise UserError(
            "dataset=labelled_text: give dataset.id=<owner/name on the hub>, or dataset.path=<a folder in its layout,"
            f" or a file that ends with {NAMED}>"
        )
    ways = Ways(group, time, split, val_path, test_path, folds, val_fraction, test_fraction)
    rows = read_rows(id, path, config, revision, read, val_path, test_path)
    column, label = _columns(rows, text, target, list(ways.columns.values()))
    require_target_alone(keep, label)
    notes = list(rows.notes)
    if label not in keep:
        is_class = task == "classification"
        frame, said = plain_target(rows.frame, label, rows.where, rows.place, rows.marks, is_class=is_class)
        rows, notes = replace(rows, frame=frame), [*notes, *said]
    sizes: dict[str, Any] = {"validated": rows.validated, "tested": rows.tested}
    division = divided(
        rows.frame, rows.where, rows.place, ways, targets=[label, column], keep=keep, marks=rows.marks, **sizes
    )
    test = held_out(division, label, rows.where, keep=keep, task=task)
    encoded = encode_target(rows.frame[label], label, rows.where, test, keep=keep, task=task, place=rows.place)
    texts = [tokens(value, level)[:length] if isinstance(value, str) else () for value in rows.frame[column]]
    for row, found in enumerate(texts):
        if not found:
            raise UserError(f"{rows.where}, {rows.place(row)}: column {column}, the text, is empty")
    tested = set(test.tolist())
    rest = [found for row, found in enumerate(texts) if row not in tested]
    names = vocabulary(rest, vocabulary_size, min_count)
    return Dataset(
        name=rows.name,
        task=encoded.task,
        inputs=padded(texts, names, max(map(len, rest))),
        targets=encoded.targets,
        test=test,
        outputs=encoded.outputs,
        standardize="none",
        limit=limit,
        label_noise=label_noise,
        class_weight=class_weight,
        class_names=encoded.class_names,
        warnings=encoded.warnings,
        notes=[*notes, *division.notes, _taken(rows, column, label, text, target, list(ways.columns.values()))],
        **division.settings(),
        vocabulary=names,
        min_count=min_count,
    )


def _taken(rows: Rows, column: str, label: str, text: str | None, target: str | None, dividing: Sequence[str]) -> str:
    """Which columns are the text and the target, and which were left out, where the command does not say it."""
    others = [name for name in map(str, rows.frame) if name not in (column, label, *dividing)]
    left = f"; left out are {', '.join(others)}" if others else ""
    keys = [given(key, name) for key, name, asked in (("text", column, text), ("target", label, target)) if not asked]
    chosen = f" (as with {' '.join(keys)})" if keys else ""
    return f"{rows.where}: column {column} is the text, {label} the target{chosen}{left}"


def _columns(rows: Rows, text: str | None, target: str | None, dividing: Sequence[str]) -> tuple[str, str]:
    """The columns of the text and of the target; those that are `dividing` the rows are neither."""
    names = [str(name) for name in rows.frame if name not in dividing]
    if target is not None:
        require_column("target", target, rows.frame, rows.where)
    if text in dividing:
        raise UserError(f"dataset.text={text}: says how rows are divided, too; must be another column")
    label = target or next((name for name in TARGETS if name in names), None)
    column = text_column(rows, text, dividing if label is None else [label, *dividing])
    others = [name for name in names if name != column]
    if not others:
        raise UserError(
            f"{rows.where}: has the one column {column}; must have another with what is to be predicted, or, to learn"
            " how the text goes on, take dataset=text"
        )
    return column, label or others[-1]
