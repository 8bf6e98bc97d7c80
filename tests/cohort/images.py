"""Augmented images by plain indexing and SciPy's interpolation, one image after another, from a step's numbers."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from dropout_lab.core.mask_streams import Noise


def drawn(noise: Noise, number: int, batch: int) -> NDArray[Any]:
    """The numbers of a stream, one an image."""
    found: NDArray[Any] = noise.stream(number).uniform((batch,)).double().numpy()
    return found


def resampled(x: Tensor, noise: Noise, rotate: float = 0, crop: float = 1) -> Tensor:
    """Each image read at the places that a turn and a crop about the centre of a window come from."""
    batch, (high, wide) = len(x), x.shape[2:]
    angles = np.deg2rad(rotate) * (2 * drawn(noise, 4, batch) - 1)
    sides = np.sqrt(1 - (1 - crop) * drawn(noise, 5, batch))
    places = drawn(noise, 6, batch), drawn(noise, 7, batch)
    made = []
    for image, angle, side, down, across in zip(x, angles, sides, *places, strict=True):
        rows, columns = np.mgrid[:high, :wide].astype(float)
        rows, columns = rows + 0.5 - high / 2, columns + 0.5 - wide / 2
        top, left = down * (1 - side) * high, across * (1 - side) * wide
        there = [
            top + side * high / 2 + side * (np.sin(angle) * columns + np.cos(angle) * rows) - 0.5,
            left + side * wide / 2 + side * (np.cos(angle) * columns - np.sin(angle) * rows) - 0.5,
        ]
        made.append([ndimage.map_coordinates(one, there, order=1, mode="nearest") for one in image.double().numpy()])
    return torch.tensor(np.array(made)).float()


def recolored(x: Tensor, noise: Noise, color: float) -> Tensor:
    """Each image as a blend with its mean, and its channels as one with their mean."""
    made = []
    changes = np.stack([color * (2 * drawn(noise, number, len(x)) - 1) for number in (8, 9, 10)], 1)
    for image, (a, b, c) in zip(x, changes, strict=True):
        brighter = image + float(a)
        contrasted = (1 + b) * brighter - b * brighter.mean()
        grey = contrasted.mean(0, keepdim=True).expand_as(contrasted)
        made.append(((1 + c) * contrasted - c * grey).float())
    return torch.stack(made)


def square(row: int, column: int, size: int) -> tuple[slice, slice]:
    """The pixels of a square about a pixel."""
    top, left = row - size // 2, column - size // 2
    return slice(max(0, top), max(0, top + size)), slice(max(0, left), max(0, left + size))


def cut_out(x: Tensor, noise: Noise, side: int) -> Tensor:
    """Each image with a square of zeros."""
    made = x.clone()
    rows, columns = drawn(noise, 11, len(x)) * x.shape[2], drawn(noise, 12, len(x)) * x.shape[3]
    for image, row, column in zip(made, rows, columns, strict=True):
        image[:, *square(int(row), int(column), side)] = 0
    return made


def cut_mixed(x: Tensor, noise: Noise, share: float) -> tuple[Tensor, float]:
    """Square images with a square of the image before; and the share of the pixels that are their own."""
    whole = x.shape[2]
    row, column = (int(whole * drawn(noise, number, 1)[0]) for number in (13, 14))
    inside, made = square(row, column, int(whole * np.sqrt(1 - share))), x.clone()
    made[:, :, *inside] = x.roll(1, 0)[:, :, *inside]
    return made, 1 - np.zeros((whole, whole))[inside].size / whole**2
