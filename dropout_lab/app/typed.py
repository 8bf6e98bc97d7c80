"""What was typed behind `train` or `sweep`: what Hydra hands on lacks its own options."""

from collections.abc import Sequence
from contextvars import ContextVar

argv: ContextVar[Sequence[str]] = ContextVar("argv")
