"""What compiling a cohort's programs saves and costs, from what can be counted: the clock would tell the same command
one thing today and another tomorrow, and the last bits of its results would differ.

All seconds here are about those of the machine of docs/speed.md. On another one saving and cost change alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from dropout_lab.models.fused import all_written_out

OPERATION_SECONDS = 8e-6
"""Saved by compiling, for each operation that is not called any more."""
BYTE_SECONDS = 0.12e-9
"""Saved by compiling, for each byte that an operation other than a product writes."""
BUILD_SECONDS, BUILD_OPERATION_SECONDS = 8.0, 0.015
"""What building a program costs, and more for each of its operations. Two are built side by side."""
PRODUCTS = {"mm", "bmm", "addmm", "baddbmm", "convolution", "convolution_backward", "mkldnn_rnn_layer"}
PRODUCTS |= {"mkldnn_rnn_layer_backward", "_convolution"}
"""Operations that the library computes whether they are compiled or not."""


@dataclass(frozen=True)
class Count:
    """Operations and bytes written in one call of a function."""

    operations: int
    bytes: int
    """Written by operations other than products and views."""

    @property
    def saved_seconds(self) -> float:
        """What a call is faster by once it is compiled."""
        return OPERATION_SECONDS * self.operations + BYTE_SECONDS * self.bytes

    @property
    def build_seconds(self) -> float:
        return BUILD_SECONDS + BUILD_OPERATION_SECONDS * self.operations


@dataclass(frozen=True)
class Cost:
    """What compiling saves in a whole training, and what it costs."""

    saved_seconds: float
    build_seconds: float

    @property
    def pays(self) -> bool:
        return self.saved_seconds > self.build_seconds

    @property
    def words(self) -> str:
        return f"saves about {self.saved_seconds / self.build_seconds:.2g} times what it costs"


def counted(do: Callable[[], object]) -> Count:
    """The operations of `do`, which is done."""
    with _Counting() as counting:
        do()
    return Count(counting.operations, counting.bytes)


def counted_written_out(do: Callable[[], object]) -> Count:
    """The same, as a compiler sees it: where a library's call of a whole layer is written out step by step."""
    with all_written_out():
        return counted(do)


class _Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations = self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.operations += 1
        if not _is_view(func) and func._schema.name.removeprefix("aten::") not in PRODUCTS:
            self.bytes += sum(leaf.nbytes for leaf in tree_leaves(result) if isinstance(leaf, Tensor))
        return result


def _is_view(func: torch._ops.OpOverload) -> bool:
    aliases = [returned.alias_info for returned in func._schema.returns]
    return any(alias is not None and not alias.is_write for alias in aliases)
