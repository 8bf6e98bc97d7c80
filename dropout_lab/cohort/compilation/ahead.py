"""A process that loads the compiler before it is known whether it is needed. Needs no torch, so it can start first.

Loading the compiler takes seconds, in which a first sweep loads all else, plans and reads its data.
"""

from contextlib import suppress

from dropout_lab.cohort.compilation.build import Building, folder
from dropout_lab.core import interrupts

_started: list[Building] = []


def start() -> None:
    """Start the process where no program has been built yet, so that one is likely to be; return at once.

    This only saves time: where it cannot start, `building` says why when there is something to build.
    """
    with suppress(OSError):
        if _started or any(folder().glob("*.pt2")):
            return
        folder().mkdir(parents=True, exist_ok=True)
        with interrupts.held_back():
            _started.append(Building(folder()))


def building() -> Building:
    """That process, or a new one. Raises OSError if it cannot be started."""
    return _started.pop() if _started else Building(folder())


def dismiss() -> None:
    """End the process if it has not been asked for."""
    while _started:
        _started.pop().close()
