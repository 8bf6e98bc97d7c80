"""A model's parameters as one flat vector, so that a lane is one row of a matrix."""

import re
from collections.abc import Collection, Iterator, Mapping
from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.sites.reader import Reader

NOT_OF_UNITS = (nn.Embedding, nn.EmbeddingBag, nn.LayerNorm, nn.RMSNorm)
"""Layers whose `weight` is no weights of connections, though it may have several axes: tables, and scales of values."""
FROM_INPUTS = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
"""Layers whose kernel's first axis is that of what they read: (in, out / groups, ...)."""
WEIGHT = re.compile(r"weight|(in|[qkv])_proj_weight|weight_(ih|hh|hr)(_l\d+(_reverse)?)?")
"""What layers call the weights of their connections: this package's and torch's, the attention's and the recurrent too.
"""

ALIGNMENT = 16
"""Each parameter starts at a multiple of this many elements: 64 bytes of float32, a cache line."""


class Layout:
    """Where each parameter of a model lies in its flat vector of `size` elements.

    The weights of linear layers lie transposed, (in, out), as their gradient comes out of its product: to turn that
    around, element by element, took a tenth of a small network's compiled step.

    Frozen parameters, which require no gradient, are no part of it: they are held as buffers are, see `held`.
    """

    def __init__(self, model: nn.Module) -> None:
        """model: as it was built; moved to another device, it would have lost its ties."""
        self.ties = ties(model)
        self._shapes = {name: param.shape for name, param in model.named_parameters() if param.requires_grad}
        self._rooms = {name: -(-prod(shape) // ALIGNMENT) * ALIGNMENT for name, shape in self._shapes.items()}
        linear = {f"{path}.weight" for path, module in model.named_modules() if isinstance(module, nn.Linear)}
        self._transposed = linear & self._shapes.keys()
        self._learned = {
            f"{path}.learned.{name}"
            for path, module in model.named_modules()
            if isinstance(module, Reader)
            for name, _ in module.learned.named_parameters()
        }
        named = {id(param): name for name, param in model.named_parameters()}
        of_connections = {
            named[id(param)]: module
            for module in model.modules()
            if not isinstance(module, NOT_OF_UNITS)
            for name, param in module.named_parameters(recurse=False)
            if WEIGHT.fullmatch(name) and param.dim() > 1
        }
        other = [
            named[id(param)]
            for module in model.modules()
            if not isinstance(module, NOT_OF_UNITS)
            for param in module.parameters(recurse=False)
            if param.dim() > 1 and param.requires_grad and named[id(param)] not in of_connections.keys() | self._learned
        ]
        self.left_out = list(dict.fromkeys(other))
        """Parameters that may well be weights of connections, but whose names do not say so."""
        self._weights = of_connections.keys() - self._learned
        self._groups = {
            name: module.groups for name, module in of_connections.items() if isinstance(module, FROM_INPUTS)
        }
        self.size = sum(self._rooms.values())

    @staticmethod
    def held(model: nn.Module) -> dict[str, Tensor]:
        """Buffers and frozen parameters, by name: what no optimizer changes."""
        frozen = {name: param for name, param in model.named_parameters() if not param.requires_grad}
        return {name: value.detach() for name, value in (*model.named_buffers(), *frozen.items())}

    @property
    def has_learned(self) -> bool:
        """Whether dropout methods have parameters among them."""
        return bool(self._learned)

    def weights(self, device: torch.device) -> Tensor:
        """(size,): 1 where a weight of a connection lies, 0 for all other parameters and for gaps."""
        return self._ones(self._weights, device)

    def lengths(self, name: str, value: Tensor) -> Tensor | None:
        """Those of the weight vectors by which units read, in a shape that broadcasts with the parameter `name`, whose
        value this is; None where it is no weight of connections.

        Weights are what a layer calls so: the matrices and kernels of its products, each unit's in a row. Tables of
        embeddings are none, unless another layer shares them, nor are learned positions, scales, and what dropout
        methods learn.
        """
        if name not in self._weights:
            return None
        if name not in self._groups:
            of_rows: Tensor = torch.linalg.vector_norm(value.flatten(1), dim=1)
            return of_rows.view(-1, *[1] * (value.dim() - 1))
        groups, ones = self._groups[name], [1] * (value.dim() - 2)
        each = value.shape[0] // groups
        by_group = value.view(groups, each, value.shape[1], -1).transpose(1, 2).flatten(2)  # (group, out, in x places)
        lengths: Tensor = torch.linalg.vector_norm(by_group, dim=2)
        return lengths.repeat_interleave(each, 0).view(*value.shape[:2], *ones)

    def network(self, device: torch.device) -> Tensor:
        """(size,): 1 where a parameter of the network lies, 0 for those of dropout methods and for gaps."""
        return self._ones(self._shapes.keys() - self._learned, device)

    def _ones(self, names: Collection[str], device: torch.device) -> Tensor:
        parts = []
        for name, room in self._rooms.items():
            size = prod(self._shapes[name]) if name in names else 0
            parts += [torch.ones(size, device=device), torch.zeros(room - size, device=device)]
        return torch.cat(parts)

    def flatten(self, params: Mapping[str, Tensor]) -> Tensor:
        """Parameters by name -> (size,); the gaps between them are 0 and stay 0, their gradients being 0."""
        parts = []
        for name, room in self._rooms.items():
            values = params[name].t() if name in self._transposed else params[name]
            parts.append(F.pad(values.reshape(-1), (0, room - values.numel())))
        return torch.cat(parts)

    def unflatten(self, flat: Tensor) -> dict[str, Tensor]:
        """(size,) -> views by name. One split, whose gradient is one concatenation: slices would each fill a vector."""
        params = {}
        for (name, shape), part in zip(
            self._shapes.items(), torch.split(flat, list(self._rooms.values())), strict=True
        ):
            values = part[: prod(shape)]
            params[name] = values.view(shape[::-1]).t() if name in self._transposed else values.view(shape)
        return params


def ties(model: nn.Module) -> Mapping[str, str]:
    """Further names of a model's parameters and buffers: name -> the first name of the same tensor.

    A layer that is held twice has one name for each of its tensors: to give one of them a value is enough.
    """
    first: dict[int, str] = {}
    further: dict[str, str] = {}
    for name, tensor in _slots(model):
        if id(tensor) in first:
            further[name] = first[id(tensor)]
        else:
            first[id(tensor)] = name
    return further


def _slots(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters and buffers by name, as often as modules hold them."""
    for path, module in model.named_modules():
        yield from module.named_parameters(path, recurse=False, remove_duplicate=False)
        yield from module.named_buffers(path, recurse=False, remove_duplicate=False)
