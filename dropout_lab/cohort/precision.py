"""Products in bfloat16."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from dropout_lab.core.torch_private import tree_map
from dropout_lab.dropout import unit_subset
from dropout_lab.models.convolution import convolution
from dropout_lab.models.fused import all_written_out

PRODUCTS = frozenset(
    {
        *(F.linear, unit_subset.linear, convolution, F.conv1d, F.conv2d, F.conv3d, F.scaled_dot_product_attention),
        *(torch.mm, torch.bmm, torch.matmul, torch.addmm, torch.baddbmm, torch.einsum),
        *(Tensor.mm, Tensor.bmm, Tensor.matmul, Tensor.addmm, Tensor.baddbmm, Tensor.__matmul__, Tensor.__rmatmul__),
    }
)


class Bfloat16Products(TorchFunctionMode):
    """A mode in which matrix products and convolutions are computed in bfloat16, from float32 to float32.

    torch.autocast does the same outside of vmap. Under vmap, a convolution reaches its batching rule first and stays in
    float32.
    """

    def __enter__(self) -> "Bfloat16Products":
        self._written_out = all_written_out()
        self._written_out.__enter__()
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)  # type: ignore[no-untyped-call]
        self._written_out.__exit__(*raised)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func not in PRODUCTS:
            return func(*args, **(kwargs or {}))
        args, kwargs = tree_map(_cast, (tuple(args), dict(kwargs or {})))
        return func(*args, **kwargs).float()


def _cast(value: Any) -> Any:
    return value.bfloat16() if isinstance(value, Tensor) and value.dtype == torch.float32 else value
