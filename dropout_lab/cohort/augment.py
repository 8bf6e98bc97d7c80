"""Augmentation of a training batch, example by example. Every number may differ between lanes, and 0 changes nothing.

Images are (batch, channel, height, width), standardized as the network gets them. What a step draws is from the run's
own stream, so a lane's images do not depend on its neighbours. Places outside an image are read at its nearest pixel.
"""

from collections.abc import Collection
from math import pi

import torch
import torch.nn.functional as F
from torch import Tensor

from dropout_lab.cohort.mixing import rectangle
from dropout_lab.cohort.optim import Hyper
from dropout_lab.core.mask_streams import Noise

AUGMENTATIONS = ("shift", "flip", "rotate", "crop", "color", "cutout", "input_noise")


def augmented(x: Tensor, options: Collection[str], hyper: Hyper, noise: Noise) -> Tensor:
    """(batch, ...) -> (batch, ...), with the augmentations that `options` names, in this order.

    shift: each image is moved by up to this many pixels, all shifts equally likely. flip: each image is mirrored, left
    and right, with this probability. rotate, crop: see `resampled`. color: see `recolored`. cutout: a square with sides
    of this many pixels is set to 0, the mean of standardized inputs; its centre is any pixel, so that a part of it may
    lie outside (DeVries & Taylor, 2017, arXiv:1708.04552).
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
    if not {"rotate", "crop"}.isdisjoint(options):
        x = resampled(x, hyper, noise)
    if "color" in options:
        x = recolored(x, hyper["color"], noise)
    if "cutout" in options:
        down, across = (noise.stream(number).uniform((batch, 1, 1)) for number in (11, 12))
        x = x.masked_fill(rectangle(down, across, hyper["cutout"].expand(2), x.shape[2:]).unsqueeze(1), 0)
    return x


def noisy(x: Tensor, options: Collection[str], hyper: Hyper, noise: Noise) -> Tensor:
    """(batch, ...) -> (batch, ...), with normal noise on each standardized input if `options` names input_noise."""
    if "input_noise" in options:
        x = x + hyper["input_noise"] * noise.stream(3).normal(x.shape)
    return x


def resampled(x: Tensor, hyper: Hyper, noise: Noise) -> Tensor:
    """Images turned, and enlarged parts of them, read between the pixels by bilinear interpolation, once for both.

    rotate: the largest angle in degrees; all angles to both sides are equally likely. crop: the least share of an
    image's area. The part has a share that is uniform between that and 1, the image's own ratio of width to height, and
    a place in the image that is uniform as well. So it is torchvision's RandomResizedCrop(scale=(crop, 1)) with the
    ratio fixed (Szegedy et al., CVPR 2015, section 6, vary it between 3/4 and 4/3). The part is turned about its own
    centre. An image that is neither turned nor cropped keeps every bit.
    """
    batch, (high, wide) = x.shape[0], x.shape[2:]
    angle, side = torch.zeros(batch, device=x.device), torch.ones(batch, device=x.device)
    if "rotate" in hyper:
        angle = hyper["rotate"] * (pi / 180) * (2 * noise.stream(4).uniform((batch,)) - 1)
    if "crop" in hyper:
        side = (1 - (1 - hyper["crop"]) * noise.stream(5).uniform((batch,))).sqrt()
    free = 1 - side  # of the half height and half width that grid_sample takes as units
    down, across = ((2 * noise.stream(number).uniform((batch,)) - 1) * free for number in (6, 7))
    y, x_ = ((2 * torch.arange(size, device=x.device) + 1 - size).float() for size in (high, wide))
    y, x_ = y.view(1, high, 1), x_.view(1, 1, wide)  # twice the pixels from the centre
    # In double precision, and so alike whether the processor computes a cosine alone or among others.
    cos, sin = (side * turn(angle.double()).float() for turn in (torch.cos, torch.sin))
    cos, sin, down, across = (value.view(batch, 1, 1) for value in (cos, sin, down, across))
    grid = torch.stack([across + (cos * x_ - sin * y) / wide, down + (sin * x_ + cos * y) / high], -1)
    read = F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return torch.where(((angle == 0) & (side == 1)).view(batch, 1, 1, 1), x, read)


def recolored(x: Tensor, strength: Tensor, noise: Noise) -> Tensor:
    """Images whose brightness, contrast and saturation are changed, one after the other, each image by its own numbers.

        brightness: x + a;   contrast: x + b (x - mean of the image);   saturation: x + c (x - grey)

    a, b and c are uniform between -strength and strength. grey is the mean of a pixel's channels; an image of one
    channel has no saturation. These are torchvision's ColorJitter with the blend's second image as here, except for the
    brightness: a is in standard deviations of the training part, as 0 is the mean of standardized inputs, not black.
    """
    brighter, more, richer = (
        strength * (2 * noise.stream(number).uniform((len(x), 1, 1, 1)) - 1) for number in (8, 9, 10)
    )
    x = x + brighter
    x = x + more * (x - x.mean((1, 2, 3), keepdim=True))
    return x if x.shape[1] == 1 else x + richer * (x - x.mean(1, keepdim=True))


def _taken(x: Tensor, axis: int, index: Tensor) -> Tensor:
    """Images, (batch, channel, height, width), indexed along `axis` by `index`, (batch, size)."""
    within = index.clamp(0, x.shape[axis] - 1)
    shape = [x.shape[0], 1, 1, 1]
    shape[axis] = x.shape[axis]
    return x.gather(axis, within.view(shape).expand(x.shape))
