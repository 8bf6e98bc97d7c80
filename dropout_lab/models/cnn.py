"""A convolutional network after VGG, with sites at its input, after convolutions and poolings, and before the head."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator
from torch import Tensor, nn

from dropout_lab.config.bounds import Count, Sizes
from dropout_lab.core.errors import UserError
from dropout_lab.models.activations import ActivationName, initialized
from dropout_lab.models.convolution import Conv2d
from dropout_lab.models.layers import Norm, Order, chain, check_image, hidden_layer
from dropout_lab.sites.site import Site


def _odd(size: int) -> int:
    if size % 2 == 0:
        raise ValueError("must be odd, so that the padding keeps the image's size")
    return size


OddCount = Annotated[Count, AfterValidator(_odd)]


class CNN(nn.Module):
    """input site; a block for each of `channels`; a hidden layer for each of `hidden`; the head.

    A block is `convolutions` times a convolution with its activation and the site `conv.<i>`, then 2 x 2 max-pooling
    and the site `pool.<i>` (Simonyan & Zisserman, ICLR 2015, arXiv:1409.1556, section 2.1). With `hidden` empty, the
    head reads the mean of every channel, and the site before it is `head`. See `hidden_layer` for the order of
    activation, site and norm.

    Shape: (batch, channel, height, width) -> (batch, outputs).
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int],
        outputs: int,
        channels: Sizes = (16, 32),
        convolutions: Count = 1,
        hidden: Sequence[Count] = (64,),
        kernel_size: OddCount = 3,
        activation: ActivationName = "relu",
        norm: Norm | None = None,
        norm_order: Order = "before",
        site_order: Order = "after",
    ) -> None:
        super().__init__()
        check_image("cnn", input_shape)
        inputs, height, width = input_shape
        if min(height, width) >> len(channels) < 1:
            raise UserError(
                f"model.channels={list(channels)}: {len(channels)} times 2 x 2 pooling leaves nothing of "
                f"{height} x {width} pixels; at most {min(height, width).bit_length() - 1} layers fit"
            )
        orders = activation, norm, norm_order, site_order
        layers: list[nn.Module] = [Site("input")]
        for block, size in enumerate(channels):
            for index in range(block * convolutions, (block + 1) * convolutions):
                layers.append(initialized(Conv2d(inputs, size, kernel_size, padding=kernel_size // 2), activation))
                layers += hidden_layer(f"conv.{index}", size, *orders)
                inputs = size
            layers += [nn.MaxPool2d(2), Site(f"pool.{block}")]
            height, width = height // 2, width // 2
        if not hidden:
            layers += [nn.AvgPool2d((height, width)), nn.Flatten(), Site("head")]
            features = inputs
        else:
            layers.append(nn.Flatten())
            features = inputs * height * width
        for index, size in enumerate(hidden):
            layers.append(initialized(nn.Linear(features, size), activation))
            layers += hidden_layer(f"hidden.{index}", size, *orders)
            features = size
        self.layers = chain([*layers, initialized(nn.Linear(features, outputs), activation)])

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return y
