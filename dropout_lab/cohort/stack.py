"""A model's parameters as one flat vector, so that a lane is one row of a matrix."""

import re
from collections.abc import Collection, Iterator, Mapping
from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.sites.reader import Reader

NOT_OF_UNITS = (nn.Embedding, nn.EmbeddingBag, nn.LayerNorm, nn.RMSNorm)
"""Layers whose `weight` is a table or a scale, not the weights of connections, even if it has several axes."""
FROM_INPUTS = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
"""Layers whose kernel's first axis is their input: (in, out / groups, ...)."""
WEIGHT = re.compile(r"weight|(in|[qkv])_proj_weight|weight_(ih|hh|hr)(_l\d+(_reverse)?)?")
"""Names of the weights of connections, in this package's layers and in torch's, attention and recurrent included."""

ALIGNMENT = 16
"""Each parameter starts at a multiple of this many elements: 64 bytes of float32, a cache line."""


class Layout:
    """The position of each parameter of a model in its flat vector of `size` elements.

    The weights of linear layers are transposed, (in, out), as the product of their gradient is: transposing it, element
    by element, took a tenth of a small network's compiled step.

    Frozen parameters, which require no gradient, are not part of it: they are treated like buffers, see `held`.
    """

    def __init__(self, model: nn.Module) -> None:
        """model: as it was built; moving it to another device would lose its ties."""
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
        """Parameters that may be weights of connections, but whose names do not say so."""
        self._weights = of_connections.keys() - self._learned
        self._groups = {
            name: module.groups for name, module in of_connections.items() if isinstance(module, FROM_INPUTS)
        }
        self.size = sum(self._rooms.values())

    @staticmethod
    def held(model: nn.Module) -> dict[str, Tensor]:
        """Buffers and frozen parameters, by name: the tensors that no optimizer changes."""
        frozen = {name: param for name, param in model.named_parameters() if not param.requires_grad}
        return {name: value.detach() for name, value in (*model.named_buffers(), *frozen.items())}

    @property
    def has_learned(self) -> bool:
        """Whether dropout methods have parameters in the layout."""
        return bool(self._learned)

    def weights(self, device: torch.device) -> Tensor:
        """(size,): 1 for weights of connections, 0 for all other parameters and for gaps."""
        return self._ones(self._weights, device)

    def lengths(self, name: str, value: Tensor) -> Tensor | None:
        """The lengths of the units' incoming weight vectors in the parameter `name`, in a shape that broadcasts with
        its `value`; None if it is not a weight of connections.

        Weights of connections are the matrices and kernels of a layer's products, with a row for each unit. Embedding
        tables are not, unless another layer shares them; nor are learned positions, scales, and parameters of dropout
        methods.
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

    @property
    def trained(self) -> list[str]:
        """The names of the network's parameters in the layout, without those of dropout methods."""
        return [name for name in self._shapes if name not in self._learned]

    def spread(self, values: Mapping[str, Tensor], other: Tensor) -> Tensor:
        """(size,): at each parameter its number from `values`, without dimensions, or `other`."""
        return torch.cat([values.get(name, other).expand(room) for name, room in self._rooms.items()])

    def network(self, device: torch.device) -> Tensor:
        """(size,): 1 for parameters of the network, 0 for those of dropout methods and for gaps."""
        return self._ones(self._shapes.keys() - self._learned, device)

    def _ones(self, names: Collection[str], device: torch.device) -> Tensor:
        parts = []
        for name, room in self._rooms.items():
            size = prod(self._shapes[name]) if name in names else 0
            parts += [torch.ones(size, device=device), torch.zeros(room - size, device=device)]
        return torch.cat(parts)

    def flatten(self, params: Mapping[str, Tensor]) -> Tensor:
        """Parameters by name -> (size,); the gaps between them are 0 and stay 0, because their gradients are 0."""
        parts = []
        for name, room in self._rooms.items():
            values = params[name].t() if name in self._transposed else params[name]
            parts.append(F.pad(values.reshape(-1), (0, room - values.numel())))
        return torch.cat(parts)

    def unflatten(self, flat: Tensor) -> dict[str, Tensor]:
        """(size,) -> views by name. The gradient of a split is one concatenation; each slice would fill a vector."""
        params = {}
        for (name, shape), part in zip(
            self._shapes.items(), torch.split(flat, list(self._rooms.values())), strict=True
        ):
            values = part[: prod(shape)]
            params[name] = values.view(shape[::-1]).t() if name in self._transposed else values.view(shape)
        return params


def ties(model: nn.Module) -> Mapping[str, str]:
    """Further names of a model's parameters and buffers: name -> the first name of the same tensor.

    A layer that is held twice has one name for each of its tensors, so setting that one is enough.
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
    """Parameters and buffers by name, once for each module that holds them."""
    for path, module in model.named_modules():
        yield from module.named_parameters(path, recurse=False, remove_duplicate=False)
        yield from module.named_buffers(path, recurse=False, remove_duplicate=False)
