"""Many images as one array, decoded in several threads."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.image_pixels import Fact, Pixels, Reading, Unreadable, pixels

Images = NDArray[np.uint8]
"""(n, channel, height, width)."""
Counted = tuple[int, int]
"""How many, and which file is the first of them."""
SHOWN = 3
SUGGESTED = 64
"""The side of images that a message suggests at most."""


@dataclass(frozen=True)
class Decoded:
    images: Images
    rows: Sequence[int]
    """Which of the files they are of: all but those that cannot be read."""
    facts: Mapping[Fact, Counted]
    """What was done to how many of them."""
    unreadable: Sequence[tuple[int, str]]
    """The files left out, and why they cannot be read."""


def decode(
    files: Sequence[Path | bytes], names: Sequence[str], reading: Reading, *, skip: bool, advice: str
) -> Decoded:
    """The images of files, or of their contents, called `names`: three channels if one is coloured, else one.

    Raises UserError for images that cannot be read unless `skip` leaves them out (`advice`: how that is asked for),
    for two sizes, and for more pixels than the memory holds.
    """
    found: list[Pixels] = []
    rows: list[int] = []
    unreadable: list[tuple[int, str]] = []
    for row, one in enumerate(_each(files, reading)):
        if isinstance(one, Unreadable):
            unreadable.append((row, str(one)))
            continue
        if found and one.array.shape[:2] != found[0].array.shape[:2]:
            raise UserError(_two_sizes(one, found[0], names[row], names[rows[0]], advice))
        if not found:
            _require_room(len(files), one, names[row], advice)
        found.append(one)
        rows.append(row)
    if unreadable and (not skip or not found):
        named = [(names[row], why) for row, why in unreadable]
        raise UserError(_cannot(named, len(files), advice if found else ""))
    return Decoded(_stacked([one.array for one in found]), rows, _facts(found, rows), unreadable)


def _each(files: Sequence[Path | bytes], reading: Reading) -> Iterator[Pixels | Unreadable]:
    """The pixels of each file in their order; what is not asked for any more is not decoded."""

    def one(file: Path | bytes) -> Pixels | Unreadable:
        try:
            return pixels(file, reading)
        except Unreadable as error:
            return error

    pool = ThreadPoolExecutor(thread_name_prefix="decode")
    try:
        yield from pool.map(one, files)
    finally:
        pool.shutdown(cancel_futures=True)


def _stacked(arrays: Sequence[NDArray[np.uint8]]) -> Images:
    if len({array.ndim for array in arrays}) == 2:
        arrays = [array if array.ndim == 3 else np.stack([array] * 3, -1) for array in arrays]
    stacked = np.stack(arrays)
    return stacked[:, None] if stacked.ndim == 3 else np.ascontiguousarray(stacked.transpose(0, 3, 1, 2))


def _facts(found: Sequence[Pixels], rows: Sequence[int]) -> Mapping[Fact, Counted]:
    facts: dict[Fact, Counted] = {}
    for one, row in zip(found, rows, strict=True):
        for fact in one.facts:
            count, first = facts.get(fact, (0, row))
            facts[fact] = (count + 1, first)
    return facts


def _side(pixels: Pixels) -> str:
    height, width = pixels.array.shape[:2]
    return f"{width} x {height}"


def _two_sizes(one: Pixels, first: Pixels, name: str, of_first: str, advice: str) -> str:
    said = f"{of_first} has {_side(first)} pixels and {name} {_side(one)}; all images must have one size"
    if not advice:
        return said
    side = min(*first.array.shape[:2], *one.array.shape[:2], SUGGESTED)
    return f"{said}: give dataset.size={side}, which resizes the shorter side to {side} and cuts out the centre"


def _require_room(count: int, one: Pixels, name: str, advice: str) -> None:
    """Raises UserError if that many images need more memory, in float32, than this machine has."""
    needed = count * one.array.size * 4
    has = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else needed
    if needed > has:
        smaller = f"; give dataset.size={SUGGESTED}" if advice else ""
        raise UserError(
            f"{count} images of {_side(one)} pixels, as {name}, need {needed / 1e9:.0f} GB of memory, and this machine"
            f" has {has / 1e9:.0f}{smaller}"
        )


def _cannot(unreadable: Sequence[tuple[str, str]], count: int, advice: str) -> str:
    name, why = unreadable[0]
    others = [other for other, _ in unreadable[1:SHOWN]]
    more = f" and {len(unreadable) - SHOWN} more" if len(unreadable) > SHOWN else ""
    also = f" (of {count} images {len(unreadable)} cannot be read: also {', '.join(others)}{more})" if others else ""
    return f"{name}: {why}{also}{f'; {advice}' if advice else ''}"
