"""The layer that reads from a site, with what the site's method keeps there."""

from collections.abc import Mapping

from torch import Tensor, nn

from dropout_lab.sites.info import Kind


class Reader(nn.Module):
    """The layer that reads from a site, and the activation that directly follows it; each is the identity if missing.

    learned: the parameters of the site's method, if it has any; they are trained with the network.
    remembered: buffers in which the method keeps values of the layer from the start of the training.
    """

    def __init__(self, layer: nn.Module | None = None, activation: nn.Module | None = None) -> None:
        super().__init__()
        self.layer = nn.Identity() if layer is None else layer
        self.activation = nn.Identity() if activation is None else activation
        self.kind: Kind = "units"
        """What stands at the site."""
        self.learned = nn.ParameterDict()
        self.remembered = nn.Module()
        self._following: list[nn.Module] = []  # in a list, so that it is not a submodule

    @property
    def following(self) -> nn.Module | None:
        """The site that gets exactly the output of this reader, if there is one."""
        return self._following[0] if self._following else None

    def precede(self, site: nn.Module) -> None:
        """Declares that `site` gets exactly the output of this reader."""
        self._following = [site]

    def learn(self, initial: Mapping[str, Tensor]) -> None:
        """Sets the method's parameters to copies of these values."""
        self.learned = nn.ParameterDict({name: nn.Parameter(value.detach().clone()) for name, value in initial.items()})

    def remember(self, values: Mapping[str, Tensor]) -> None:
        """Sets the method's buffers to copies of these values."""
        self.remembered = nn.Module()
        for name, value in values.items():
            self.remembered.register_buffer(name, value.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.activation(self.layer(x))
        return y
