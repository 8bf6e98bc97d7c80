"""Delayed handling of Ctrl-C."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupted(KeyboardInterrupt):
    """An interruption after which the user has been told how to continue."""


@contextmanager
def held_back() -> Iterator[None]:
    """Delay an interrupt until the block ends. Processes started within the block never receive it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
