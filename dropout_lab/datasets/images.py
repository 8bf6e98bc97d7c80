"""Images of your own: a folder with a folder for each class, or with train, val and test folders of such."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from dropout_lab.config.bounds import Count, Fraction, Share
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.class_weights import ClassWeight
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.image_cache import as_inputs, decoded_files
from dropout_lab.datasets.image_folder import ORDER, Folder, read_folder
from dropout_lab.datasets.image_notes import channels_note, notes
from dropout_lab.datasets.image_pixels import Reading
from dropout_lab.datasets.parts import Parts
from dropout_lab.datasets.ways import FoldCount, Ways

SKIP = "dataset.skip_unreadable=true leaves such images out"
Channels = Annotated[Literal[1, 3], Field(description="1 (grey), 3 (RGB)")]


def images(
    *,
    path: str | None = None,
    size: Count | None = None,
    channels: Channels | None = None,
    background: Literal["white", "black"] = "white",
    skip_unreadable: bool = False,
    folds: FoldCount | None = None,
    val_fraction: Fraction | None = None,
    test_fraction: Fraction | None = None,
    limit: Count | None = None,
    label_noise: Share = 0.0,
    class_weight: ClassWeight = None,
) -> Dataset:
    """The images below `path`, (channels, height, width) in [0, 1], each of the class that its folder is called.

    Folders called train, val or test make fixed parts. `size` resizes the shorter side, with antialiasing, and cuts out
    the centre. Decoded images are kept in the user's cache. Raises UserError for a folder without two classes, for
    images of several sizes without `size`, and for an image that cannot be read unless `skip_unreadable`.
    """
    if path is None:
        raise UserError("dataset=images: give dataset.path=<a folder with a folder of images for each class>")
    Ways(folds=folds, val_fraction=val_fraction)  # refuses both
    folder = read_folder(path)
    reading = Reading(size, channels, background)
    decoded = decoded_files(folder.files, folder.names, reading, skip=skip_unreadable, advice=SKIP)
    classes = [folder.classes[row] for row in decoded.rows]
    names = sorted(set(classes), key=lambda name: (not name.isdecimal(), int(name) if name.isdecimal() else 0, name))
    codes = torch.tensor([names.index(name) for name in classes])
    parts = _parts(folder, decoded.rows)
    parts.require_no_fraction(val_fraction, test_fraction, f"the folders of {path} have")
    parts.require_known(codes, names, path)
    _require_enough(codes[: parts.training], names, parts, path)
    return Dataset(
        name=Path(path).resolve().name.lower(),
        task="classification",
        inputs=as_inputs(decoded),
        targets=codes,
        test=parts.test_rows(codes, "classification", test_fraction or 0.2, names),
        validation=parts.validation_rows(),
        outputs=len(names),
        standardize="channel",
        class_names=names,
        notes=[
            *folder.notes,
            *notes(decoded, folder.names, path, reading, has_keys=True),
            *channels_note(decoded, path, reading),
        ],
        folds=folds,
        val_fraction=val_fraction or 0.2,
        limit=limit,
        label_noise=label_noise,
        class_weight=class_weight,
    )


def _require_enough(training: Tensor, names: Sequence[str], parts: Parts, path: str) -> None:
    """Raises UserError for a class with an image that no two parts can have."""
    least = 1 + (not parts.validation) + (not parts.test)
    counts = torch.bincount(training).tolist()
    if 1 in counts and least > 1:
        raise UserError(
            f"{path}: the class {names[counts.index(1)]} has 1 image to train on; must have {least}, for validation and"
            " test sets need images of each class, too: add images, or take its folder away"
        )


def _parts(folder: Folder, rows: Sequence[int]) -> Parts:
    """The sizes of the parts without the images that cannot be read."""
    sizes, end = [], 0
    for part in ORDER:
        start, end = end, end + folder.sizes[part]
        sizes.append(sum(start <= row < end for row in rows))
    return Parts(*sizes)
