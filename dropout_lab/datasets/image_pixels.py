"""One image as its pixels: turned upright, on a background, in 8 bits, cut to a square where that is asked for."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

DECODING = "3"
"""Part of the names of kept images: to be changed with what `pixels` makes of the same file."""
GREY = ("1", "L", "LA", "La")
ALPHA = ("LA", "La", "RGBA", "RGBa", "PA")
GAP = 2
"""A JPEG is decoded at the smallest scale that has this many times the pixels asked for in each direction, as
Pillow's `thumbnail` does: the details that are left out would not survive the resizing."""

Fact = Literal["frames", "transparent", "deep", "enlarged"]
"""What was done to an image that its owner may want to know."""


@dataclass(frozen=True)
class Reading:
    """How images become pixels."""

    size: int | None = None
    """The side of the square: the shorter side is resized to it, with antialiasing, and the centre is cut out."""
    channels: Literal[1, 3] | None = None
    """None: 1 if all images are grey, else 3."""
    background: Literal["white", "black"] = "white"
    """What is behind transparent pixels."""


@dataclass(frozen=True)
class Pixels:
    array: NDArray[np.uint8]
    """(height, width) if it is grey, (height, width, 3) if it is coloured."""
    facts: frozenset[Fact]


class Unreadable(Exception):
    """An image that cannot be read, and why."""


def pixels(source: Path | bytes, reading: Reading) -> Pixels:
    """The pixels of a file, or of its content. Raises Unreadable.

    The first of several frames; upright, as the EXIF orientation says. 16 bits of grey, 0 to 65535, are scaled to 8;
    Pillow's modes I and F, numbers without a range, are refused.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
            facts: set[Fact] = {"frames"} if getattr(image, "n_frames", 1) > 1 else set()
            if reading.size is not None:
                image.draft(None, (GAP * reading.size, GAP * reading.size))
            is_16_bit = image.format == "PPM" and image.mode == "I"  # which Pillow scales to 0..65535
            upright = ImageOps.exif_transpose(image)
            eight = _eight_bits(upright, is_16_bit, facts)
            flat = _flat(eight, reading.background, facts)
    except UnidentifiedImageError as error:
        raise Unreadable("is in no format that Pillow knows, or its beginning is damaged") from error
    except Image.DecompressionBombError as error:
        raise Unreadable("has more pixels than Pillow reads, for safety") from error
    except (Unreadable, MemoryError):
        raise
    except Exception as error:  # a damaged file makes Pillow's readers raise anything
        raise Unreadable(f"cannot be decoded: {error}") from error
    if reading.channels is not None:
        flat = flat.convert("L" if reading.channels == 1 else "RGB")
    if reading.size is not None:
        if min(flat.size) < reading.size:
            facts.add("enlarged")
        flat = ImageOps.fit(flat, (reading.size, reading.size), method=Image.Resampling.BILINEAR)
    return Pixels(np.asarray(flat), frozenset(facts))


def _eight_bits(image: "Image", is_16_bit: bool, facts: set[Fact]) -> "Image":
    from PIL import Image

    if not (image.mode.startswith("I;16") or is_16_bit):
        if image.mode in ("I", "F"):
            raise Unreadable(
                f"is of Pillow's mode {image.mode}, numbers without a range; must have 8 or 16 bits a channel"
            )
        return image
    facts.add("deep")
    grey = np.asarray(image).astype(np.uint32)
    return Image.fromarray(((grey + 128) // 257).astype(np.uint8))  # rounded: 65535 is 255 * 257


def _flat(image: "Image", background: str, facts: set[Fact]) -> "Image":
    """In the mode L or RGB, without transparency. A palette is grey if no colour of it is in the image."""
    from PIL import Image

    if image.mode in ALPHA or "transparency" in image.info:
        # By way of RGBA, for a palette, a grey value or a colour may be what is transparent.
        colours = image.convert("RGBA")
        alpha = colours.getchannel("A")
        if alpha.getextrema()[0] != 255:
            facts.add("transparent")
            colours = Image.alpha_composite(Image.new("RGBA", colours.size, background), colours)
        image = colours.convert(
            "L" if image.mode in GREY or (image.mode in ("P", "PA") and _is_grey(colours)) else "RGB"
        )
    if image.mode == "P":
        colours = image.convert("RGB")
        image = colours.convert("L") if _is_grey(colours) else colours
    return image.convert("L" if image.mode in GREY else "RGB")


def _is_grey(image: "Image") -> bool:
    colours = np.asarray(image.convert("RGB"))
    return bool((colours == colours[..., :1]).all())
