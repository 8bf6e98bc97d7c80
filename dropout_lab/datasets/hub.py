"""Sets of the Hugging Face hub, by name or from a folder in the hub's layout: images and tables."""

from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.encode import encode, held_out
from dropout_lab.datasets.images import decoded
from dropout_lab.datasets.lines import row_of_file
from dropout_lab.errors import UserError

UNNAMED = "default"
"""What the library of the hub calls the configuration of a folder that says nothing about configurations."""


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
    the training split, for every seed divides anew. An image column makes it a set of images, in [0, 1]; otherwise all
    columns but `target` and `drop` are features, see `encode`. Without `target` it is the column `label`, `labels`,
    `target` or the last one.
    """
    if id is None and path is None:
        raise UserError(
            "dataset=hub: give dataset.id=<owner/name on the hub>, or dataset.path=<a folder in its layout>"
        )
    splits = _splits(id, path, config)
    where = str(path or id)
    columns = splits["train"].column_names
    label = target or next((name for name in ("label", "labels", "target") if name in columns), columns[-1])
    if label not in columns:
        raise UserError(f"dataset.target={label}: {where} has no such column; it has {', '.join(columns)}")
    pictures = [name for name, feature in splits["train"].features.items() if type(feature).__name__ == "Image"]
    parts = [splits[name] for name in ("train", "validation", "test") if name in splits]
    frame = pd.concat([part.remove_columns(pictures).to_pandas() for part in parts], ignore_index=True)
    before = sum(len(part) for part in parts[:-1])
    if "test" in splits:
        test = torch.arange(before, len(frame))
    else:
        test = held_out(frame, label, where, task=task, place=row_of_file, test_fraction=test_fraction)
    common: dict[str, Any] = {"val_fraction": val_fraction, "limit": limit, "label_noise": label_noise}
    name = (Path(path).name if path else str(id).rpartition("/")[2]).lower()
    if not pictures:
        encoded = encode(frame, label, where, test, drop=drop, task=task, place=row_of_file)
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
            **common,
        )
    files = [
        value["bytes"] if value["bytes"] is not None else Path(value["path"]).read_bytes()
        for part in parts
        for value in part.data.column(pictures[0]).to_pylist()
    ]
    labels = np.unique(frame[label].to_numpy(), return_inverse=True)
    return Dataset(
        name=name,
        task="classification",
        inputs=decoded(files, where).float() / 255,
        targets=torch.from_numpy(labels[1]).long(),
        test=test,
        outputs=len(labels[0]),
        standardize="channel",
        **common,
    )


def _splits(id: str | None, path: str | None, config: str | None) -> Any:
    """The splits by name, loaded by the library of the hub. Raises UserError if that cannot be."""
    if find_spec("datasets") is None:
        raise UserError("dataset: sets of the hub need the extra hub: pip install 'dropout-lab[hub]'")
    if path is not None and not Path(path).is_dir():
        raise UserError(f"dataset.path={path}: there is no such folder; it must have the Parquet files of one set")
    import datasets  # takes seconds

    datasets.disable_progress_bars()
    with suppress(AttributeError):
        datasets.logging.set_verbosity_error()
    wanted = path or id
    try:
        if path is not None and config is not None:
            names = datasets.get_dataset_config_names(path)
            if names == [UNNAMED]:
                config = None
            elif config not in names:
                raise UserError(f"dataset.config={config}: {path} has no such configuration; it has {', '.join(names)}")
        splits = datasets.load_dataset(str(wanted), config)
    except (OSError, ValueError) as error:
        if path is not None:
            raise UserError(f"dataset.path={path}: cannot be read as a set of the hub: {error}") from error
        raise UserError(
            f"dataset.id={id}: cannot be had from the hub: {error}\n"
            f"It was looked for at huggingface.co and in {datasets.config.HF_DATASETS_CACHE}."
            f" Without network, get a copy elsewhere, say with 'hf download --repo-type dataset {id} --local-dir"
            f" FOLDER', and give dataset.path=FOLDER"
        ) from error
    if "train" not in splits:
        raise UserError(f"dataset: {wanted} has no split train; it has {', '.join(splits)}")
    return splits
