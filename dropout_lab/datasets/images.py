"""Encoded images as one tensor, decoded once and kept by their content."""

import hashlib
import io
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from platformdirs import user_cache_path
from torch import Tensor

from dropout_lab.core.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

DECODING = b"2"
"""Part of the names of kept images: to be changed with what `decoded` makes of the same files."""


def decoded(files: Sequence[bytes], where: str) -> Tensor:
    """(n, channel, height, width) uint8 of images of one size, in PNG, JPEG or another of Pillow's formats.

    Three channels if one image is coloured, else one. An image with a palette is coloured if a colour is in it; others
    are if their format says so. Transparency is left out; 16 bits of grey, 0 to 65535, are scaled to 8.

    Kept in the user's cache under a hash of the files, and written whole or not at all, so that two processes may do it
    at once. Raises UserError, naming the image, if one is damaged, of another size than the first, or has numbers
    without a range (Pillow's modes I and F).
    """
    digest = hashlib.blake2b(DECODING, digest_size=20)
    for file in files:
        digest.update(len(file).to_bytes(8, "little"))
        digest.update(file)
    kept = user_cache_path("dropout-lab") / "images" / f"{digest.hexdigest()}.npy"
    try:
        found = np.load(kept)
        if found.ndim == 4 and len(found) == len(files) and found.dtype == np.uint8:
            return torch.from_numpy(found)
    except (OSError, ValueError, EOFError):
        pass  # not there yet, or damaged; EOFError: empty
    images = _decode(files, where)
    with suppress(OSError):  # a cache that cannot be written is no reason to stop
        _keep(kept, images)
    return images


def _decode(files: Sequence[bytes], where: str) -> Tensor:
    from PIL import Image, UnidentifiedImageError

    arrays: list[NDArray[np.uint8]] = []
    for number, file in enumerate(files):
        try:
            with Image.open(io.BytesIO(file)) as image:
                array = _pixels(image)
        except _NoRange as error:
            raise UserError(f"{where}, image {number}: {error}") from error
        except (UnidentifiedImageError, OSError, SyntaxError) as error:
            raise UserError(f"{where}, image {number}: cannot be decoded: {error}") from error
        if arrays and array.shape[:2] != arrays[0].shape[:2]:
            raise UserError(f"{where}, image {number}: is of {array.shape[:2]}, and the first of {arrays[0].shape[:2]}")
        arrays.append(array)
    if len({array.ndim for array in arrays}) == 2:
        arrays = [array if array.ndim == 3 else np.stack([array] * 3, -1) for array in arrays]
    stacked = torch.from_numpy(np.stack(arrays))
    return stacked.unsqueeze(1) if stacked.dim() == 3 else stacked.permute(0, 3, 1, 2).contiguous()


class _NoRange(Exception):
    pass


def _pixels(image: "Image") -> NDArray[np.uint8]:
    """(height, width) if it is grey, (height, width, 3) if it is coloured."""
    if image.mode in ("I", "F"):
        raise _NoRange(f"is of Pillow's mode {image.mode}, numbers without a range; must have 8 or 16 bits a channel")
    if image.mode.startswith("I;16"):
        grey = np.asarray(image).astype(np.uint32)
        return ((grey + 128) // 257).astype(np.uint8)  # rounded: 65535 is 255 * 257
    if image.mode in ("1", "L", "LA"):
        return np.asarray(image.convert("L"))
    if image.mode in ("P", "PA"):
        # By way of RGBA, for Pillow warns of transparency that is lost.
        colours = np.asarray(image.convert("RGBA"))[..., :3]
        return colours[..., 0] if (colours == colours[..., :1]).all() else colours
    return np.asarray(image.convert("RGB"))


def _keep(path: Path, images: Tensor) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.save(file, images.numpy())
            file.flush()
            os.fsync(file.fileno())  # a crash of the machine must not leave the name without the data
        os.replace(unfinished, path)
    except OSError:
        os.unlink(unfinished)
        raise
