"""What was made of images, in sentences for people, with the keys that decide otherwise."""

from collections.abc import Mapping, Sequence

from dropout_lab.datasets.image_decoding import SHOWN, Decoded
from dropout_lab.datasets.image_pixels import Fact, Reading

SENTENCES: Mapping[Fact, str] = {
    "frames": "of several frames or pages, the first one is taken",
    "transparent": "transparent pixels are laid on {background}",
    "deep": "16 bits are scaled to 8",
    "enlarged": "smaller than {size} pixels, and enlarged",
}


def notes(decoded: Decoded, names: Sequence[str], where: str, reading: Reading, *, has_keys: bool) -> list[str]:
    """The sentences. `names`: those of the files. `has_keys`: whether the user can set how images are read."""
    found = []
    for fact, sentence in SENTENCES.items():
        if fact in decoded.facts:
            count, first = decoded.facts[fact]
            said = sentence.format(background=reading.background, size=reading.size)
            key = "; change that with dataset.background=black" if fact == "transparent" and has_keys else ""
            key = key if reading.background == "white" else ""
            found.append(f"{where}: {count} of {len(decoded.rows)} images, such as {names[first]}: {said}{key}")
    if decoded.unreadable:
        count = len(decoded.rows) + len(decoded.unreadable)
        listed = ", ".join(f"{names[row]} ({why})" for row, why in decoded.unreadable[:SHOWN])
        more = f" and {len(decoded.unreadable) - SHOWN} more" if len(decoded.unreadable) > SHOWN else ""
        found.append(
            f"{where}: of {count} images {len(decoded.unreadable)} left out that cannot be read: {listed}{more}"
        )
    return found


def channels_note(decoded: Decoded, where: str, reading: Reading) -> Sequence[str]:
    """How many channels there are, if that was decided by the images."""
    if reading.channels is not None:
        return []
    images = decoded.images
    if images.shape[1] == 1:
        return [f"{where}: all images are grey, so they have one channel"]
    if (images[:, :1] == images).all():
        return [f"{where}: images have three channels, which are equal: they are grey; dataset.channels=1 keeps one"]
    return []
