"""A small residual network with sites at its input, in and at the end of every branch, and before the head."""

from collections.abc import Sequence

from torch import Tensor, nn

from dropout_lab.config.bounds import Count, Sizes
from dropout_lab.models.activations import Activation, ActivationName, initialized
from dropout_lab.models.convolution import Conv2d
from dropout_lab.models.layers import Norm, Order, chain, check_image, hidden_layer, make_norm
from dropout_lab.sites.site import Site


class Block(nn.Module):
    """act(shortcut(x) + branch(x)).

    The branch is convolution, (norm,) activation, site `conv.<i>`, convolution, (norm,) site `residual.<i>`; with
    norm_order=after, each norm directly follows its site. site_order is about `conv.<i>` alone: `residual.<i>` has no
    activation beside it, for that of the block follows the sum.

    The shortcut is the identity, or a 1 x 1 convolution (and a norm) where the size or the channels change (He, Zhang,
    Ren & Sun, CVPR 2016, arXiv:1512.03385, section 3.3, option B, with a norm behind each convolution, section 3.4).
    """

    def __init__(
        self,
        index: int,
        inputs: int,
        size: int,
        stride: int,
        activation: ActivationName,
        norm: Norm | None,
        norm_order: Order,
        site_order: Order,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [initialized(Conv2d(inputs, size, 3, stride=stride, padding=1), activation)]
        layers += hidden_layer(f"conv.{index}", size, activation, norm, norm_order, site_order)
        layers.append(initialized(Conv2d(size, size, 3, padding=1), activation))
        norms = [] if norm is None else [make_norm(norm, size)]
        # What a norm gives for zeros is not zero: a branch can be left out only where nothing follows the site.
        site = Site(f"residual.{index}", is_branch=norm is None or norm_order == "before")
        layers += [*norms, site] if norm_order == "before" else [site, *norms]
        self.branch = chain(layers)
        if inputs == size and stride == 1:
            self.shortcut: nn.Module = nn.Identity()
        else:
            narrow = [initialized(Conv2d(inputs, size, 1, stride=stride), activation)]
            self.shortcut = nn.Sequential(*narrow, *([] if norm is None else [make_norm(norm, size)]))
        self.activation = Activation(activation)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.activation(self.shortcut(x) + self.branch(x))
        return y


class ResNet(nn.Module):
    """input site, a convolution with its activation, `blocks` residual blocks for each of `channels`, the head.

    The first block of every group but the first halves height and width. The head reads the mean of every channel; the
    site before it is `head`.

    Shape: (batch, channel, height, width) -> (batch, outputs).
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int],
        outputs: int,
        channels: Sizes = (16, 32),
        blocks: Count = 1,
        activation: ActivationName = "relu",
        norm: Norm | None = "batch",
        norm_order: Order = "before",
        site_order: Order = "after",
    ) -> None:
        super().__init__()
        check_image("resnet", input_shape)
        inputs = channels[0]
        layers: list[nn.Module] = [
            Site("input"),
            initialized(Conv2d(input_shape[0], inputs, 3, padding=1), activation),
        ]
        if norm is not None:
            layers.append(make_norm(norm, inputs))
        layers.append(Activation(activation))
        height, width = input_shape[1:]
        orders = activation, norm, norm_order, site_order
        for index in range(len(channels) * blocks):
            size, stride = channels[index // blocks], 2 if index % blocks == 0 and index > 0 else 1
            layers.append(Block(index, inputs, size, stride, *orders))
            inputs, height, width = size, -(-height // stride), -(-width // stride)
        head = initialized(nn.Linear(inputs, outputs), activation)
        self.layers = chain([*layers, nn.AvgPool2d((height, width)), nn.Flatten(), Site("head"), head])

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return y
