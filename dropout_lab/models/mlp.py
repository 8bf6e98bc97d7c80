"""A multilayer perceptron with a site at its input and at every hidden layer."""

from collections.abc import Sequence
from math import prod

from torch import Tensor, nn

from dropout_lab.config.bounds import Count, Sizes
from dropout_lab.models.activations import ActivationName, initialized
from dropout_lab.models.layers import Norm, Order, chain, hidden_layer
from dropout_lab.sites.site import Site


class MLP(nn.Module):
    """input site, then for each hidden layer linear, activation and the site `hidden.<i>`, then the head.

    `hidden` lists the layers' widths; without it there are `depth` layers of `width`. The site of the last hidden
    layer is the one before the head. See `hidden_layer` for the order of activation, site and norm.

    Shape: (batch, *input_shape) -> (batch, outputs).
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int],
        outputs: int,
        width: Count = 128,
        depth: Count = 2,
        hidden: Sizes | None = None,
        activation: ActivationName = "relu",
        norm: Norm | None = None,
        norm_order: Order = "before",
        site_order: Order = "after",
    ) -> None:
        super().__init__()
        sizes = [width] * depth if hidden is None else list(hidden)
        features = prod(input_shape)
        layers: list[nn.Module] = [nn.Flatten(), Site("input")]
        for index, size in enumerate(sizes):
            layers.append(initialized(nn.Linear(features, size), activation))
            layers += hidden_layer(f"hidden.{index}", size, activation, norm, norm_order, site_order)
            features = size
        self.layers = chain([*layers, initialized(nn.Linear(features, outputs), activation)])

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return y
