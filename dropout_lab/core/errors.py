"""The exceptions that the command line explains without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class UserError(Exception):
    """Something in the command, the config or a file is wrong; the message says what, where, and what is allowed.

    The command line prints the message without a traceback and exits with code 2.
    """


class RunsFailed(Exception):
    """The sweep is over and some of its runs failed; display and report have named them. The exit code is 1."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn a system error while `path` is read into a UserError that names it."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a system error while `path` is written into a UserError, e.g. when the disk is full."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{path} cannot be written: {error.strerror or error}. What was written before is kept; the same command "
            "goes on from there"
        ) from error
