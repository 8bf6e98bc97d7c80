"""Sets of the Hugging Face hub, by name or from a folder in the hub's layout: images and tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.class_weights import ClassWeight
from dropout_lab.datasets.columns import is_text, require_scalars, require_table
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.division import divided
from dropout_lab.datasets.encode import encode
from dropout_lab.datasets.hub_files import load_splits, places
from dropout_lab.datasets.image_cache import as_inputs, decoded
from dropout_lab.datasets.image_notes import notes
from dropout_lab.datasets.image_pixels import Reading
from dropout_lab.datasets.reading import Type, types_of_features, wanted_types
from dropout_lab.datasets.split import Supervised
from dropout_lab.datasets.target import held_out, require_alike, require_known, require_target_alone
from dropout_lab.datasets.ways import FoldCount, Ways

JOINED = "{where}: its validation split is joined with its training split, and validation parts are drawn from both"


def hub(
    *,
    id: str | None = None,
    path: str | None = None,
    config: str | None = None,
    target: str | None = None,
    drop: Sequence[str] = (),
    keep: Sequence[str] = (),
    columns: Mapping[str, Type] | Sequence[str] | None = None,
    task: Supervised | None = None,
    group: str | None = None,
    time: str | None = None,
    split: str | None = None,
    folds: FoldCount | None = None,
    val_fraction: Fraction | None = None,
    test_fraction: Fraction | None = None,
    limit: Count | None = None,
    label_noise: NonNegative = 0.0,
    class_weight: ClassWeight = None,
) -> Dataset:
    """`id` on the hub, or its copy in the folder `path`; `config`: which of its configurations, unless the copy is of
    bare files, which have no configurations: then it is taken as it is.

    Its test split is the test set; where it has none, `test_fraction` is held out. A validation split is joined with
    the training split, for every seed divides anew. An image column makes it a set of images, in [0, 1], to be
    classified: its other columns but `target` are left out. Otherwise all columns but `target` and `drop` are features,
    see `encode`; those of `keep` are taken as they are, see `misread`. Without `target` it is the column `label`,
    `labels`, `target` or the last one that has no images. The keys from `group` to `test_fraction` say how rows are
    divided; see `division`.
    """
    if id is None and path is None:
        raise UserError(
            "dataset=hub: give dataset.id=<owner/name on the hub>, or dataset.path=<a folder in its layout>"
        )
    splits = load_splits(id, path, config)
    where = str(path or id)
    pictures = [name for name, feature in splits["train"].features.items() if type(feature).__name__ == "Image"]
    if pictures:
        _require_meaning(pictures, task, drop, columns, where)
    names = [name for name in splits["train"].column_names if name not in pictures]
    if not names:
        raise UserError(f"{where}: has images alone, {', '.join(pictures)}; must have a column with their classes")
    label = target or next((name for name in ("label", "labels", "target") if name in names), names[-1])
    if label not in names:
        has = "has images, which cannot be the target" if label in pictures else "is no column"
        raise UserError(f"dataset.target={label}: {has} of {where}; must be one of {', '.join(names)}")
    used = [name for name in ("train", "validation", "test") if name in splits]
    parts = [splits[name] for name in used]
    place = places(used, [len(part) for part in parts])
    ways = Ways(group, time, split, None, None, folds, val_fraction, test_fraction)
    known = [label] if pictures and not ways.columns else names
    frame = pd.concat([part.select_columns(known).to_pandas() for part in parts], ignore_index=True)
    require_table(frame, where)
    if names == [label] and is_text(frame[label]) and not pictures:
        raise UserError(
            f"{where}: has the one column {label}, a text; to learn how it goes on, take dataset=text and the same"
            " dataset.id= or dataset.path="
        )
    tested = len(parts[-1]) if "test" in splits else None
    types = {} if pictures else wanted_types(columns, frame, where)
    division = divided(frame, where, place, ways, targets=[label], keep=keep, tested=tested, columns=types)
    test = held_out(division, label, where, keep=keep, task="classification" if pictures else task)
    said = [*division.notes, *([JOINED.format(where=where)] if "validation" in splits else [])]
    common: dict[str, Any] = {"limit": limit, "label_noise": label_noise, "class_weight": class_weight}
    common |= division.settings()
    name = (Path(path).name if path else str(id).rpartition("/")[2]).lower()
    if not pictures:
        left_out = [name for name in drop if name not in ways.columns.values()]
        asked: dict[str, Any] = {"drop": left_out, "keep": keep, "task": task}
        asked["columns"] = types_of_features(columns, ways.columns, keep)
        encoded = encode(division.frame, label, where, test, **asked, place=place)
        return Dataset(
            name=name,
            task=encoded.task,
            inputs=encoded.inputs,
            targets=encoded.targets,
            test=test,
            outputs=encoded.outputs,
            standardize="feature",
            indicators=encoded.indicators,
            has_missing=bool(encoded.inputs.isnan().any()),
            class_names=encoded.class_names,
            warnings=encoded.warnings,
            notes=said,
            readings=encoded.readings,
            **common,
        )
    require_target_alone(keep, label)
    require_scalars(frame[label], label, where, place)
    require_known(frame[label], label, where, place)
    require_alike(frame[label], label, where, keep=keep, place=place)
    values = [value for part in parts for value in part.data.column(pictures[0]).to_pylist()]
    files = [_file(value, f"{where}, {place(row)}: column {pictures[0]}") for row, value in enumerate(values)]
    labels = np.unique(frame[label].to_numpy(), return_inverse=True)
    if len(labels[0]) < 2:
        raise UserError(f"dataset.target={label}: every image of {where} has the same, {labels[0][0]}")
    called = [f"{where}, {place(row)}, the image" for row in range(len(files))]
    pictured = decoded(files, called)
    return Dataset(
        name=name,
        task="classification",
        inputs=as_inputs(pictured),
        targets=torch.from_numpy(labels[1]).long(),
        test=test,
        outputs=len(labels[0]),
        standardize="channel",
        class_names=[str(value) for value in labels[0]],
        notes=[*said, *notes(pictured, called, where, Reading(), has_keys=False)],
        **common,
    )


def _require_meaning(
    pictures: Sequence[str],
    task: Supervised | None,
    drop: Sequence[str],
    types: Mapping[str, Type] | Sequence[str] | None,
    where: str,
) -> None:
    """Raises UserError for what a set of images has no use for."""
    if len(pictures) > 1:
        raise UserError(f"{where}: has {len(pictures)} columns of images, {', '.join(pictures)}; must have one")
    if task not in (None, "classification"):
        raise UserError(f"dataset.task={task}: {where} has images; must be classification or null")
    if types:
        raise UserError(f"dataset.columns: {where} has images, and no column of it is a feature; must be null")
    if drop:
        raise UserError(
            f"dataset.drop=[{', '.join(drop)}]: {where} has images, and columns beside image and target are left out"
            " anyway; must be []"
        )


def _file(value: Any, where: str) -> bytes:
    if value is not None and value["bytes"] is not None:
        return bytes(value["bytes"])
    if value is None or value["path"] is None:
        raise UserError(f"{where}, the image, is empty")
    try:
        return Path(value["path"]).read_bytes()
    except OSError as error:
        raise UserError(f"{where}, the image, is no file that can be read: {error}") from error
