"""What a config describes, made as a command makes it: its signature is its check."""

from collections.abc import Callable
from typing import Any

from dropout_lab.config.instantiate import instantiate


def made(key: str, target: Callable[..., Any], /, **arguments: Any) -> Any:
    """The object that section `key` of a config with this class or function and these arguments describes."""
    return instantiate(key, {"_target_": f"{target.__module__}.{target.__qualname__}", **arguments})
