"""What the models share: normalisation, the order of a hidden layer's parts, and the check for images."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from dropout_lab.core.errors import UserError
from dropout_lab.models.activations import Activation, ActivationName
from dropout_lab.sites.site import Site


class BatchNorm(nn.Module):
    """Batch normalisation over all but the channel axis, as nn.BatchNorm1d and 2d (Ioffe & Szegedy, 2015).

    Written out in sums and products: torch's own, lifted over lanes, normalises all lanes' channels in one call whose
    rounding depends on how many there are, and then a run would depend on which runs are trained beside it.

    Shape: (batch, channel, ...) -> the same.
    """

    mean: Tensor
    var: Tensor

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()  # also where the products are in lower precision
        axes = [axis for axis in range(x.dim()) if axis != 1]
        shape = [-1 if axis == 1 else 1 for axis in range(x.dim())]
        mean, var = self.mean, self.var
        if self.training:
            mean = x.mean(axes)
            var = (x - mean.view(shape)).square().mean(axes)
            size = x.numel() // x.shape[1]
            with torch.no_grad():
                self.mean.copy_((1 - self.momentum) * self.mean + self.momentum * mean)
                self.var.copy_((1 - self.momentum) * self.var + self.momentum * var * size / max(1, size - 1))
        scaled = (x - mean.view(shape)) / (var.view(shape) + self.eps).sqrt()
        return scaled * self.weight.view(shape) + self.bias.view(shape)


class LayerNorm(nn.Module):
    """Layer normalisation over all axes but the batch's (Ba, Kiros & Hinton, 2016, arXiv:1607.06450, section 3).

    One gain and bias per feature of a vector, per channel of a map. Written out for the same reason as `BatchNorm`.

    Shape: (batch, channel, ...) -> the same.
    """

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()  # also where the products are in lower precision
        axes = list(range(1, x.dim()))
        shape = [-1 if axis == 1 else 1 for axis in range(x.dim())]
        centered = x - x.mean(axes, keepdim=True)
        scaled = centered / (centered.square().mean(axes, keepdim=True) + self.eps).sqrt()
        return scaled * self.weight.view(shape) + self.bias.view(shape)


class StepNorm(nn.Module):
    """Layer normalisation of every step by itself, as nn.LayerNorm over the last axis; written out as the others are.

    Shape: (batch, steps, features) -> the same.
    """

    def __init__(self, features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight, self.bias = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()  # also where the products are in lower precision
        centered = x - x.mean(-1, keepdim=True)
        scaled = centered / (centered.square().mean(-1, keepdim=True) + self.eps).sqrt()
        return scaled * self.weight + self.bias


Norm = Literal["batch", "layer"]
Order = Literal["before", "after"]

NORMS: Mapping[Norm, Callable[[int], nn.Module]] = {"batch": BatchNorm, "layer": LayerNorm}


def make_norm(norm: Norm, channels: int) -> nn.Module:
    """The normalisation `norm` of so many channels."""
    return NORMS[norm](channels)


def hidden_layer(
    site: str, channels: int, activation: ActivationName, norm: Norm | None, norm_order: Order, site_order: Order
) -> list[nn.Module]:
    """The modules after a layer's product: its activation, its site and, if it has one, its normalisation.

    site_order: the site stands `after` the activation, or `before` it. norm_order: the norm stands `before` the site,
    next to the product, or directly `after` the site: then its statistics are those of values that are dropped from,
    whose variance is another in evaluation (Li, Chen, Hu & Yang, CVPR 2019, arXiv:1801.05134).
    """
    parts: list[nn.Module] = [Site(site)]
    parts.insert(0 if site_order == "after" else 1, Activation(activation))
    if norm is not None:
        behind = next(index for index, part in enumerate(parts) if isinstance(part, Site)) + 1
        parts.insert(0 if norm_order == "before" else behind, make_norm(norm, channels))
    return parts


def chain(layers: Sequence[nn.Module]) -> nn.Sequential:
    """The layers one after another; a product or pooling behind a site, with its activation, becomes its reader."""
    linked: list[nn.Module] = []
    for layer in layers:
        before = linked[-1] if linked else None
        if isinstance(before, Site) and isinstance(layer, READERS) and isinstance(before.reader.layer, nn.Identity):
            before.reader.layer = layer
        elif isinstance(before, Site) and isinstance(layer, Activation) and isinstance(before.reader.layer, PRODUCTS):
            before.reader.activation = layer
        else:
            if isinstance(before, Site) and isinstance(layer, Site):
                before.reader.precede(layer)
            linked.append(layer)
    return nn.Sequential(*linked)


PRODUCTS = (nn.Linear, nn.Conv2d)
READERS = (*PRODUCTS, nn.MaxPool2d)


def carried_buffers(model: nn.Module) -> Sequence[str]:
    """The buffers in which a model leaves a batch's last state for the next batch: (batch, ...) each.

    They are those that its modules name in `carried`, and are made for a batch of 1.
    """
    return tuple(
        f"{path}.{name}" if path else name
        for path, module in model.named_modules()
        for name in getattr(module, "carried", ())
    )


def check_image(model: str, input_shape: Sequence[int]) -> None:
    if len(input_shape) != 3:
        raise UserError(
            f"model={model} reads images, (channel, height, width), but an example of this dataset has the shape "
            f"{tuple(input_shape)}: choose model=mlp, or a dataset of images"
        )
