"""A module of the user's with parts of ours in it: of a class made for it, so that its own names stay what they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from torch import nn

HIDDEN = "_dropout_lab_hidden"
OURS = "dropout_lab_"
"""Before the names of the children that are ours."""


def extend(module: nn.Module, mixin: type, **children: nn.Module) -> None:
    """Put `mixin` before the module's class, and give it children, named with `OURS` before the names given."""
    for name, child in children.items():
        module.add_module(f"{OURS}{name}", child)
    if not isinstance(module, mixin):
        module.__class__ = _joined(type(module), mixin)  # type: ignore[arg-type]


@contextmanager
def hidden(module: Any) -> Iterator[None]:
    """While the author's forward runs, the module's children are the author's: it may call them in a loop."""
    was = module.__dict__.get(HIDDEN, False)
    module.__dict__[HIDDEN] = True
    try:
        yield
    finally:
        module.__dict__[HIDDEN] = was


@cache
def _joined(kind: type[nn.Module], mixin: type) -> type[nn.Module]:
    hiding: tuple[type, ...] = () if issubclass(kind, _Hiding) else (_Hiding,)
    if issubclass(kind, nn.Sequential) and not issubclass(kind, _HidingSequential):
        hiding = (_HidingSequential, *hiding)
    made: type[nn.Module] = type(kind.__name__, (mixin, *hiding, kind), {"__module__": kind.__module__})
    return made


class _Hiding:
    def __init_subclass__(cls, **keywords: Any) -> None:
        """Not the author's, which may ask for keywords, or keep a list of the author's classes."""

    def named_children(self: Any) -> Iterator[tuple[str, nn.Module]]:
        found: Iterator[tuple[str, nn.Module]] = super().named_children()  # type: ignore[misc]
        is_hidden = self.__dict__.get(HIDDEN, False)
        return ((name, child) for name, child in found if not (is_hidden and name.startswith(OURS)))


class _HidingSequential:
    """nn.Sequential calls all its children in turn: not ours."""

    def _theirs(self: Any) -> list[nn.Module]:
        return [child for name, child in self._modules.items() if not name.startswith(OURS)]

    def __iter__(self) -> Iterator[nn.Module]:
        return iter(self._theirs())

    def __len__(self) -> int:
        return len(self._theirs())

    def __getitem__(self, index: int | slice) -> nn.Module:
        found = self._theirs()[index]
        return nn.Sequential(*found) if isinstance(found, list) else found
