"""Augmentation of a training batch: shifted and flipped images, noise. Every number may differ between lanes."""

from collections.abc import Collection

import torch
from torch import Tensor

from dropout_lab.cohort.optim import Hyper
from dropout_lab.core.mask_streams import Noise

AUGMENTATIONS = ("shift", "flip", "input_noise")


def augmented(x: Tensor, options: Collection[str], hyper: Hyper, noise: Noise) -> Tensor:
    """(batch, ...) -> (batch, ...), with the augmentations that `options` names.

    shift: each image is moved by up to this many pixels, all shifts equally likely, and its border is repeated. flip:
    each image is mirrored, left and right, with this probability.
    """
    batch = x.shape[0]
    if "shift" in options:
        for number, axis in enumerate((2, 3)):
            reach = hyper["shift"]
            moved = ((2 * reach + 1) * noise.stream(number).uniform((batch,))).floor() - reach
            x = _taken(x, axis, torch.arange(x.shape[axis], device=x.device) + moved.long().unsqueeze(1))
    if "flip" in options:
        there = torch.arange(x.shape[3], device=x.device)
        mirrored = noise.stream(2).uniform((batch, 1)) < hyper["flip"]
        x = _taken(x, 3, torch.where(mirrored, x.shape[3] - 1 - there, there))
    return x


def noisy(x: Tensor, options: Collection[str], hyper: Hyper, noise: Noise) -> Tensor:
    """(batch, ...) -> (batch, ...), with normal noise on each standardized input if `options` names input_noise."""
    if "input_noise" in options:
        x = x + hyper["input_noise"] * noise.stream(3).normal(x.shape)
    return x


def _taken(x: Tensor, axis: int, index: Tensor) -> Tensor:
    """Images, (batch, channel, height, width), indexed along `axis` by `index`, (batch, size)."""
    within = index.clamp(0, x.shape[axis] - 1)
    shape = [x.shape[0], 1, 1, 1]
    shape[axis] = x.shape[axis]
    return x.gather(axis, within.view(shape).expand(x.shape))
