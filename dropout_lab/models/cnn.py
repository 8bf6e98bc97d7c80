"""A small convolutional network with a site at its input, after every convolution and before the head."""

from collections.abc import Sequence

from torch import Tensor, nn

from dropout_lab.errors import UserError
from dropout_lab.models.activations import Activation, initialized
from dropout_lab.models.layers import BatchNorm, check_sizes
from dropout_lab.sites import Site


class CNN(nn.Module):
    """input site; convolution, (batch norm,) activation, 2 x 2 max-pooling and the site `conv.<i>` for each of
    `channels`; linear, activation and the site `hidden.<i>` for each of `hidden`; the head.

    With `hidden` empty, the head reads the mean of every channel, and the site before it is `head`.

    Shape: (batch, channel, height, width) -> (batch, outputs).
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int],
        outputs: int,
        channels: Sequence[int] = (16, 32),
        hidden: Sequence[int] = (64,),
        kernel_size: int = 3,
        activation: str = "relu",
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        check_sizes("model.channels", channels, may_be_empty=False)
        check_sizes("model.hidden", hidden, may_be_empty=True)
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise UserError(f"model.kernel_size={kernel_size}: must be odd, so that the padding keeps the image's size")
        if len(input_shape) != 3:
            raise UserError(
                f"model=cnn reads images, (channel, height, width), but an example of this dataset has the shape "
                f"{tuple(input_shape)}: choose model=mlp, or a dataset of images"
            )
        inputs, height, width = input_shape
        if min(height, width) >> len(channels) < 1:
            raise UserError(
                f"model.channels={list(channels)}: {len(channels)} times 2 x 2 pooling leaves nothing of "
                f"{height} x {width} pixels; at most {min(height, width).bit_length() - 1} layers fit"
            )
        layers: list[nn.Module] = [Site("input")]
        for index, size in enumerate(channels):
            conv = nn.Conv2d(inputs, size, kernel_size, padding=kernel_size // 2)
            layers.append(initialized(conv, activation))
            if batch_norm:
                layers.append(BatchNorm(size))
            layers += [Activation(activation), nn.MaxPool2d(2), Site(f"conv.{index}")]
            inputs, height, width = size, height // 2, width // 2
        if not hidden:
            layers += [nn.AvgPool2d((height, width)), nn.Flatten(), Site("head")]
            features = inputs
        else:
            layers.append(nn.Flatten())
            features = inputs * height * width
        for index, size in enumerate(hidden):
            linear = initialized(nn.Linear(features, size), activation)
            layers += [linear, Activation(activation), Site(f"hidden.{index}")]
            features = size
        self.layers = nn.Sequential(*layers, initialized(nn.Linear(features, outputs), activation))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return y
