"""What compiling a cohort's programs saves and costs, estimated from counts.

Timings would let the same command decide differently today and tomorrow, and the last bits of its results would differ.
All seconds here are roughly those of the machine of docs/speed.md. Elsewhere saving and cost change alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from dropout_lab.core.torch_private import TorchDispatchMode, is_view, operator_name, tree_leaves
from dropout_lab.models.fused import all_written_out

OPERATION_SECONDS = 8e-6
"""Saved by compiling, for each operation that is no longer called."""
BYTE_SECONDS = 0.12e-9
"""Saved by compiling, for each byte that operations other than products write."""
BUILD_SECONDS, BUILD_OPERATION_SECONDS = 8.0, 0.015
"""The cost of building a program, and of each of its operations. Two programs are built in parallel."""
PRODUCTS = {"mm", "bmm", "addmm", "baddbmm", "convolution", "convolution_backward", "mkldnn_rnn_layer"}
PRODUCTS |= {"mkldnn_rnn_layer_backward", "_convolution"}
"""Operations that the library computes in either case."""


@dataclass(frozen=True)
class Count:
    """Operations and bytes written in one call of a function."""

    operations: int
    bytes: int
    """Written by operations other than products and views."""

    @property
    def saved_seconds(self) -> float:
        """The seconds that compiling saves in a call."""
        return OPERATION_SECONDS * self.operations + BYTE_SECONDS * self.bytes

    @property
    def build_seconds(self) -> float:
        """The cost of building the program."""
        return BUILD_SECONDS + BUILD_OPERATION_SECONDS * self.operations


@dataclass(frozen=True)
class Cost:
    """The saving and the cost of compiling for a whole training."""

    saved_seconds: float
    build_seconds: float

    @property
    def pays(self) -> bool:
        """Whether the saving exceeds the cost."""
        return self.saved_seconds > self.build_seconds

    @property
    def prose(self) -> str:
        """The ratio, for people."""
        return f"saves about {self.saved_seconds / self.build_seconds:.2g} times what it costs"


def counted(do: Callable[[], object]) -> Count:
    """The operations of `do`, which is run."""
    with _Counting() as counting:
        do()
    return Count(counting.operations, counting.bytes)


def counted_written_out(do: Callable[[], object]) -> Count:
    """The operations of `do` as a compiler sees them: layers that the library fuses are written out step by step."""
    with all_written_out():
        return counted(do)


class _Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations = self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.operations += 1
        if not is_view(func) and operator_name(func) not in PRODUCTS:
            self.bytes += sum(leaf.nbytes for leaf in tree_leaves(result) if isinstance(leaf, Tensor))
        return result
