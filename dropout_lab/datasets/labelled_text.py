"""Texts with a class or a number each, from the Hugging Face hub or a table of one's own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import given, require_column
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.files import NAMED
from dropout_lab.datasets.readings import plain_target
from dropout_lab.datasets.rows import Rows, read_rows, text_column
from dropout_lab.datasets.split import Supervised
from dropout_lab.datasets.target import encode_target, held_out, require_target_alone
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
    val_fraction: Fraction = 0.2,
    test_fraction: Fraction = 0.2,
    limit: Count | None = None,
    label_noise: NonNegative = 0.0,
) -> Dataset:
    """`id` on the hub, or its copy in the folder `path`, or a CSV or Parquet file `path`; columns but two are left out.

    `text` is the column of text, by default the only one; `target`, by default, the column `label`, `labels`, `target`
    or the last other one; with its name in `keep` its labels are taken as they are, see `misread`. A text is its first
    `length` tokens (of a `level`, see `words`), PADDING behind them. The vocabulary is the most frequent tokens outside
    of the test set; of these a seed's reader knows those that its training part has `min_count` times. Splits are as
    in `hub`.
    """
    if id is None and path is None:
        raise UserError(
            "dataset=labelled_text: give dataset.id=<owner/name on the hub>, or dataset.path=<a folder in its layout,"
            f" or a file that ends with {NAMED}>"
        )
    rows = read_rows(id, path, config, revision, read)
    column, label = _columns(rows, text, target)
    require_target_alone(keep, label)
    notes = list(rows.notes)
    if label not in keep and task != "classification":
        frame, said = plain_target(rows.frame, label, rows.where, rows.place, rows.marks)
        rows, notes = replace(rows, frame=frame), [*notes, *said]
    if rows.tested is None:
        test = held_out(
            rows.frame, label, rows.where, keep=keep, task=task, place=rows.place, test_fraction=test_fraction
        )
    else:
        test = torch.arange(len(rows.frame) - rows.tested, len(rows.frame))
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
        val_fraction=val_fraction,
        limit=limit,
        label_noise=label_noise,
        class_names=encoded.class_names,
        warnings=encoded.warnings,
        notes=[*notes, _taken(rows, column, label, text, target)],
        vocabulary=names,
        min_count=min_count,
    )


def _taken(rows: Rows, column: str, label: str, text: str | None, target: str | None) -> str:
    """Which columns are the text and the target, and which were left out, where the command does not say it."""
    others = [name for name in map(str, rows.frame) if name not in (column, label)]
    left = f"; left out are {', '.join(others)}" if others else ""
    keys = [given(key, name) for key, name, asked in (("text", column, text), ("target", label, target)) if not asked]
    chosen = f" (as with {' '.join(keys)})" if keys else ""
    return f"{rows.where}: column {column} is the text, {label} the target{chosen}{left}"


def _columns(rows: Rows, text: str | None, target: str | None) -> tuple[str, str]:
    """The columns of the text and of the target."""
    names = [str(name) for name in rows.frame]
    if target is not None:
        require_column("target", target, rows.frame, rows.where)
    label = target or next((name for name in TARGETS if name in names), None)
    column = text_column(rows, text, [] if label is None else [label])
    others = [name for name in names if name != column]
    if not others:
        raise UserError(
            f"{rows.where}: has the one column {column}; must have another with what is to be predicted, or, to learn"
            " how the text goes on, take dataset=text"
        )
    return column, label or others[-1]
