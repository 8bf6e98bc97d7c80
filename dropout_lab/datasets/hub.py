"""Sets of the Hugging Face hub, by name or from a folder in the hub's layout: images and tables."""

import logging
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.encode import Place, encode, held_out, require_known, require_scalars, require_table
from dropout_lab.datasets.images import decoded
from dropout_lab.errors import UserError

UNNAMED = "default"
"""What the library of the hub calls the configuration of a folder that says nothing about configurations."""
PROBE_SECONDS = 5
"""So long is an answer of the hub waited for, before a set is looked for among those it gave earlier."""


def hub(
    *,
    id: str | None = None,
    path: str | None = None,
    config: str | None = None,
    target: str | None = None,
    drop: Sequence[str] = (),
    task: str | None = None,
    val_fraction: float = 0.2,
    test_fraction: float = 0.2,
    limit: int | None = None,
    label_noise: float = 0.0,
) -> Dataset:
    """`id` on the hub, or its copy in the folder `path`; `config`: which of its configurations, unless the copy is of
    bare files, which have no configurations: then it is taken as it is.

    Its test split is the test part; where it has none, `test_fraction` is held out. A validation split is joined with
    the training split, for every seed divides anew. An image column makes it a set of images, in [0, 1], to be
    classified: its other columns but `target` are left out. Otherwise all columns but `target` and `drop` are features,
    see `encode`. Without `target` it is the column `label`, `labels`, `target` or the last one that has no images.
    """
    if id is None and path is None:
        raise UserError(
            "dataset=hub: give dataset.id=<owner/name on the hub>, or dataset.path=<a folder in its layout>"
        )
    splits = _splits(id, path, config)
    where = str(path or id)
    pictures = [name for name, feature in splits["train"].features.items() if type(feature).__name__ == "Image"]
    if pictures:
        _require_meaning(pictures, task, drop, where)
    columns = [name for name in splits["train"].column_names if name not in pictures]
    if not columns:
        raise UserError(f"{where}: has images alone, {', '.join(pictures)}; must have a column with their classes")
    label = target or next((name for name in ("label", "labels", "target") if name in columns), columns[-1])
    if label not in columns:
        has = "has images, which cannot be the target" if label in pictures else "is no column"
        raise UserError(f"dataset.target={label}: {has} of {where}; must be one of {', '.join(columns)}")
    used = [name for name in ("train", "validation", "test") if name in splits]
    parts = [splits[name] for name in used]
    place = _places(used, [len(part) for part in parts])
    known = [label] if pictures else columns
    frame = pd.concat([part.select_columns(known).to_pandas() for part in parts], ignore_index=True)
    require_table(frame, where)
    before = sum(len(part) for part in parts[:-1])
    if "test" in splits:
        test = torch.arange(before, len(frame))
    else:
        held = "classification" if pictures else task
        test = held_out(frame, label, where, task=held, place=place, test_fraction=test_fraction)
    common: dict[str, Any] = {"val_fraction": val_fraction, "limit": limit, "label_noise": label_noise}
    name = (Path(path).name if path else str(id).rpartition("/")[2]).lower()
    if not pictures:
        encoded = encode(frame, label, where, test, drop=drop, task=task, place=place)
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
            **common,
        )
    require_scalars(frame[label], label, where, place)
    require_known(frame[label], label, where, place)
    values = [value for part in parts for value in part.data.column(pictures[0]).to_pylist()]
    files = [_file(value, f"{where}, {place(row)}: column {pictures[0]}") for row, value in enumerate(values)]
    labels = np.unique(frame[label].to_numpy(), return_inverse=True)
    if len(labels[0]) < 2:
        raise UserError(f"dataset.target={label}: every image of {where} has the same, {labels[0][0]}")
    return Dataset(
        name=name,
        task="classification",
        inputs=decoded(files, where).float() / 255,
        targets=torch.from_numpy(labels[1]).long(),
        test=test,
        outputs=len(labels[0]),
        standardize="channel",
        class_names=[str(value) for value in labels[0]],
        **common,
    )


def _require_meaning(pictures: Sequence[str], task: str | None, drop: Sequence[str], where: str) -> None:
    """Raises UserError for what a set of images has no use for."""
    if len(pictures) > 1:
        raise UserError(f"{where}: has {len(pictures)} columns of images, {', '.join(pictures)}; must have one")
    if task not in (None, "classification"):
        raise UserError(f"dataset.task={task}: {where} has images; must be classification or null")
    if drop:
        raise UserError(
            f"dataset.drop=[{', '.join(drop)}]: {where} has images, and columns beside image and target are left out"
            " anyway; must be []"
        )


def _places(names: Sequence[str], sizes: Sequence[int]) -> Place:
    """Row i of the splits one after another, as a row of one of them."""
    starts = [sum(sizes[:at]) for at in range(len(sizes))]

    def place(row: int) -> str:
        at = bisect_right(starts, row) - 1
        return f"split {names[at]}, row {row - starts[at] + 1}"

    return place


def _file(value: Any, where: str) -> bytes:
    if value is not None and value["bytes"] is not None:
        return bytes(value["bytes"])
    if value is None or value["path"] is None:
        raise UserError(f"{where}, the image, is empty")
    try:
        return Path(value["path"]).read_bytes()
    except OSError as error:
        raise UserError(f"{where}, the image, is no file that can be read: {error}") from error


def _splits(id: str | None, path: str | None, config: str | None) -> Any:
    """The splits by name, loaded by the library of the hub. Raises UserError if that cannot be."""
    if find_spec("datasets") is None:
        raise UserError("dataset: sets of the hub need the extra hub: pip install 'dropout-lab[hub]'")
    if path is not None and not Path(path).is_dir():
        raise UserError(f"dataset.path={path}: there is no such folder; it must have the Parquet files of one set")
    if path is not None:
        _require_one_set(Path(path))
    import datasets  # takes seconds

    datasets.disable_progress_bars()
    with suppress(AttributeError):
        datasets.logging.set_verbosity_error()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    wanted = path or id
    unreachable = None if path is not None else _unreachable()
    try:
        if path is not None and config is not None:
            names = datasets.get_dataset_config_names(path)
            if names == [UNNAMED]:
                config = None
            elif config not in names:
                raise UserError(f"dataset.config={config}: {path} has no such configuration; it has {', '.join(names)}")
        with _without_waiting(unreachable):
            splits = datasets.load_dataset(str(wanted), config)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        if path is not None:
            # Where the files of a set differ in their columns, all of these follow the first line.
            first = next(iter(str(error.__cause__ or error).strip().splitlines()), type(error).__name__)
            raise UserError(f"dataset.path={path}: cannot be read as a set of the hub: {first}") from error
        raise UserError(
            f"dataset.id={id}: cannot be had from the hub: {unreachable or error}\n"
            f"It was looked for at huggingface.co and in {datasets.config.HF_DATASETS_CACHE}."
            f" Without network, get a copy elsewhere, say with 'hf download --repo-type dataset {id} --local-dir"
            f" FOLDER', and give dataset.path=FOLDER"
        ) from error
    if "train" not in splits:
        raise UserError(f"dataset: {wanted} has no split train; it has {', '.join(splits)}")
    return splits


def _require_one_set(folder: Path) -> None:
    """Raises UserError for a folder of several sets, of which the library would make one, or show all columns."""
    if (folder / "README.md").exists():
        return  # which names configurations
    files = [file.relative_to(folder) for file in folder.rglob("*.parquet") if re.match(r"train\b", file.name)]
    found = sorted({str(file.parent) for file in files})
    if len(found) > 1:
        raise UserError(
            f"dataset.path={folder}: has {len(found)} sets, in the folders {', '.join(found)}; must be the folder of"
            " one"
        )


def _unreachable() -> str | None:
    """Why the hub gives no answer, in words; None if it does. One request: the library tries each of its own six times,
    with waits of 23 s together, and has no setting for that."""
    import huggingface_hub

    if huggingface_hub.constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    endpoint = huggingface_hub.constants.ENDPOINT
    try:
        huggingface_hub.get_session().head(endpoint, timeout=PROBE_SECONDS)
    except Exception as error:  # of the library's own kind, which changes with its version
        return f"{endpoint} gives no answer: {error}"
    return None


@contextmanager
def _without_waiting(unreachable: str | None) -> Iterator[None]:
    """Has the library look only for what it has already, if the hub gives no answer."""
    import huggingface_hub

    constants = huggingface_hub.constants
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or unreachable is not None
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
