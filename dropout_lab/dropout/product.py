"""The product of the layer that reads from a site, with normal noise on its weights, drawn cheaply on its outputs."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.arithmetic import root
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sites.reader import Reader

PRODUCTS = (nn.Linear, nn.Conv2d)


def weight_of(reader: Reader) -> Tensor:
    """The weight of the layer that reads."""
    return cast(Tensor, reader.layer.weight)


def with_noise(layer: nn.Module, x: Tensor, spread: Tensor, variance: Tensor, noise: Noise) -> Tensor:
    """`layer(x)` with weights W + sqrt(variance) e, e ~ N(0, 1) for every weight and example.

        y ~ N(W x + b, variance spread^2),   drawn for every output of every example

    spread: x, or x times a factor; variance: of the shape of W. This is the local reparameterisation trick (Kingma,
    Salimans and Welling, NeurIPS 2015, arXiv:1506.02557). Outputs of a convolution share weights but have independent
    noise (Molchanov, Ashukha and Vetrov, ICML 2017, arXiv:1701.05369), and so do the steps of a sequence.
    """
    mean: Tensor = layer(x)
    return mean + root(applied(layer, variance, spread.square())) * noise.normal(mean.shape)


def applied(layer: nn.Module, weight: Tensor, x: Tensor, *, biased: bool = False) -> Tensor:
    """The layer's product with another weight; with the layer's bias if `biased`."""
    given = {"weight": weight}
    if not biased and getattr(layer, "bias", None) is not None:
        given["bias"] = torch.zeros_like(cast(Tensor, layer.bias))
    y: Tensor = functional_call(layer, given, (x,))
    return y


def objection(info: SiteInfo) -> str | None:
    """Why a method that acts on a layer's weights cannot act at a site; None if it can."""
    if info.reader is not None and issubclass(info.reader, PRODUCTS):
        return None
    return "it acts on the weights of a fully connected layer or a convolution, and no single one reads from here"
