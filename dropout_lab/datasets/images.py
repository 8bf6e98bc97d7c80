"""Encoded images as one tensor, decoded once and kept by their content."""

import hashlib
import io
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from platformdirs import user_cache_path
from torch import Tensor

from dropout_lab.errors import UserError


def decoded(files: Sequence[bytes], where: str) -> Tensor:
    """(n, channel, height, width) uint8 of images of one size, in PNG, JPEG or another of Pillow's formats.

    Kept in the user's cache under a hash of the files, and written whole or not at all, so that two processes may do it
    at once. Raises UserError, naming the image, if one is damaged or of another size than the first.
    """
    digest = hashlib.blake2b(digest_size=20)
    for file in files:
        digest.update(len(file).to_bytes(8, "little"))
        digest.update(file)
    kept = user_cache_path("dropout-lab") / "images" / f"{digest.hexdigest()}.npy"
    try:
        return torch.from_numpy(np.load(kept))
    except (OSError, ValueError):
        pass  # not there yet, or damaged
    images = _decode(files, where)
    with suppress(OSError):  # a cache that cannot be written is no reason to stop
        _keep(kept, images)
    return images


def _decode(files: Sequence[bytes], where: str) -> Tensor:
    from PIL import Image, UnidentifiedImageError  # comes with the extra that has the data

    arrays: list[NDArray[np.uint8]] = []
    for number, file in enumerate(files):
        try:
            with Image.open(io.BytesIO(file)) as image:
                array = np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))
        except (UnidentifiedImageError, OSError, SyntaxError) as error:
            raise UserError(f"{where}, image {number}: cannot be decoded: {error}") from error
        if arrays and array.shape != arrays[0].shape:
            raise UserError(f"{where}, image {number}: is of {array.shape}, and the first of {arrays[0].shape}")
        arrays.append(array)
    stacked = torch.from_numpy(np.stack(arrays))
    return stacked.unsqueeze(1) if stacked.dim() == 3 else stacked.permute(0, 3, 1, 2).contiguous()


def _keep(path: Path, images: Tensor) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(descriptor, "wb") as file:
        np.save(file, images.numpy())
    os.replace(unfinished, path)
