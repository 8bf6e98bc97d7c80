"""The words behind the command, as they were typed: what Hydra hands on lacks its own options."""

from collections.abc import Sequence
from contextvars import ContextVar

words: ContextVar[Sequence[str]] = ContextVar("words")
