"""What the dimensions of inputs are, and how they are standardized."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dropout_lab.core.errors import UserError

Layout = Literal["sequence", "grey", "channels_first", "channels_last"]
Standardize = Literal["feature", "channel", "step", "none"]
CHANNELS = (1, 3, 4)
"""Grey, RGB, RGBA."""
SERIES, IMAGES = 3, 4
"""Dimensions of (examples, steps, features) and of (examples, channels, height, width)."""


@dataclass(frozen=True)
class LaidOut:
    inputs: NDArray[Any]
    """(n, features), (n, steps, features), (n, channels, ...)."""
    standardize: Standardize
    note: str
    """What the dimensions are taken for; empty where there is nothing to decide."""


def laid_out(inputs: NDArray[Any], layout: Layout | None, where: str) -> LaidOut:
    """Inputs with channels, if they have any, in the second dimension.

    Without `layout`: three dimensions are a sequence, but bytes, which are grey images; of four, the last has the
    channels if it alone can. Raises UserError for a layout that the shape cannot have.
    """
    if inputs.ndim not in (SERIES, IMAGES):
        if layout is not None:
            raise UserError(f"dataset.layout={layout}: {where} has examples of the shape {inputs.shape[1:]}; only null")
        return LaidOut(inputs, "feature" if inputs.ndim == 2 else "none", "")
    found = layout or _guess(inputs)
    allowed = ("sequence", "grey", "channels_first") if inputs.ndim == SERIES else ("channels_first", "channels_last")
    if found not in allowed:
        raise UserError(
            f"dataset.layout={layout}: {where} has the shape {inputs.shape}; must be one of {', '.join(allowed)},"
            " or null"
        )
    moved, standardize, read = _moved(inputs, found)
    others = [f"dataset.layout={one}" for one in allowed if one != found]
    note = f"{where}: inputs of the shape {inputs.shape} are read as {read}; change that with {' or '.join(others)}"
    return LaidOut(np.ascontiguousarray(moved), standardize, "" if layout or _is_plain(inputs) else note)


def _guess(inputs: NDArray[Any]) -> Layout:
    if inputs.ndim == SERIES:
        return "grey" if inputs.dtype == np.uint8 else "sequence"
    return "channels_last" if inputs.shape[3] in CHANNELS and inputs.shape[1] not in CHANNELS else "channels_first"


def _moved(inputs: NDArray[Any], layout: Layout) -> tuple[NDArray[Any], Standardize, str]:
    if layout == "sequence":
        return inputs, "step", "(examples, steps, features)"
    if layout == "grey":
        return inputs[:, None], "channel", "grey images (examples, height, width)"
    if layout == "channels_last":
        return np.moveaxis(inputs, 3, 1), "channel", "images (examples, height, width, channels)"
    if inputs.ndim == SERIES:
        return inputs, "channel", "(examples, channels, steps)"
    return inputs, "channel", "images (examples, channels, height, width)"


def _is_plain(inputs: NDArray[Any]) -> bool:
    """Whether only the second dimension can have channels."""
    return inputs.ndim == IMAGES and inputs.shape[1] in CHANNELS and inputs.shape[3] not in CHANNELS
