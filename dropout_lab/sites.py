"""Sites: the named places in a model where dropout may act, and the interface of what acts there."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from dropout_lab.noise import Noise

SAMPLES = 1 << 17
"""The first number of a stream that a further mask of one pass draws from; methods have streams of lower numbers."""


@dataclass(frozen=True)
class Place:
    """Where a site is, for a method to judge whether it can act there."""

    site: str
    shape: tuple[int, ...]
    """Of one example's values."""
    activation: str | None
    """By name, the one whose output the values are; None if they are another layer's, a sum, or the input."""
    is_input: bool = False
    """Whether the values are the model's input."""
    source: type[nn.Module] | None = None
    """The class of the layer whose output the values are; None at the input, and if no layer gave them."""
    reader: type[nn.Module] | None = None
    """The class of the layer that alone reads the values; None if what reads them is no single layer."""
    next_activation: str | None = None
    """By name, that of the reader, if it directly follows the layer."""
    read_by: str | None = None
    """By name, the activation that alone and directly reads the values; None if it is something else that does."""
    is_branch: bool = False
    """Whether the values are added to others that came by a shortcut, as those of a residual block are."""
    products_to_batch_norm: int | None = None
    """How many linear layers or convolutions the values go through before a batch norm; None if they meet none."""
    drifts: bool = False
    """Whether, since the input or the last norm, more than linear layers and activations made the values: poolings,
    sums and convolutions, whose borders are zeros, change mean and variance."""

    @property
    def is_map(self) -> bool:
        """Whether the values are channels of something, rather than one vector."""
        return len(self.shape) > 1


class Warned(NamedTuple):
    """What is unwise about a method at a site."""

    method: str
    site: str
    advice: str


class Training(NamedTuple):
    """What a penalty may depend on besides the network."""

    examples: int
    """Of the training part."""
    progress: Tensor
    """Without dimensions: the share of the training that is over, in [0, 1)."""


class Reader(nn.Module):
    """What reads from a site: a layer, and the activation that directly follows it; each the identity if missing.

    `learned`: the parameters of the site's method, if it has any; they are trained with the network.
    """

    def __init__(self, layer: nn.Module | None = None, activation: nn.Module | None = None) -> None:
        super().__init__()
        self.layer = nn.Identity() if layer is None else layer
        self.activation = nn.Identity() if activation is None else activation
        self.learned = nn.ParameterDict()
        self._following: list[nn.Module] = []  # in a list, so that it is no part of this module

    @property
    def following(self) -> nn.Module | None:
        """The site that gets exactly what comes out here, if there is one."""
        return self._following[0] if self._following else None

    def precede(self, site: "Site") -> None:
        self._following = [site]

    def learn(self, initial: Mapping[str, Tensor]) -> None:
        self.learned = nn.ParameterDict({name: nn.Parameter(value.detach().clone()) for name, value in initial.items()})

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.activation(self.layer(x))
        return y


class AbstractDropout(ABC):
    """A dropout method: how a site drops.

    It is written for one run. `rate` is a tensor without dimensions, never a Python number: runs with different rates
    are trained as one program, so rate 0 must come out as the identity by arithmetic, not by a branch.
    """

    is_costly = False
    """Whether it takes much longer than the network alone, also at rate 0: then only sites that drop have it, and
    placements are programs of their own."""
    needs_rate = False
    """Whether the rate decides shapes: the method is then made for one rate, its argument `rate`, which is constant."""
    is_penalised = False
    """Whether the method adds `penalty` to the training loss."""

    @abstractmethod
    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        """What the site's reader makes of `x`, (batch, ...), in training mode."""

    @abstractmethod
    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        """What the site's reader makes of `x` in evaluation mode."""

    def initial(self, reader: Reader) -> Mapping[str, Tensor]:
        """The initial values of the method's own parameters at a site, which `reader.learned` then holds.

        They are trained as the network's are, but no weight decay, no l1 and no max_norm acts on them. They do not
        depend on the rate; a method that learns its rate begins at `rate`.
        """
        return {}

    def penalty(self, place: Place, reader: Reader, rate: Tensor, training: Training) -> Tensor:
        """What is added to the training loss, the mean over examples, for a site; without dimensions, 0 at rate 0.

        The losses of validation, test and the gap are without it.
        """
        return torch.zeros_like(rate)

    def measured(self, reader: Reader, rate: Tensor) -> Mapping[str, Tensor]:
        """What is recorded of a site after every epoch, by name, each without dimensions: say a learned `rate`."""
        return {}

    def objection(self, place: Place) -> str | None:
        """Why the method cannot act at a place, and where it can; None if it can."""
        return None

    def advice(self, place: Place) -> str | None:
        """Why it is unwise to let the method act at a place where it can, and what to do instead; None if it is not.

        Of every method: a batch norm that directly follows, or with one product between, learns the variance of values
        that are dropped from, which is another in evaluation (Li, Chen, Hu & Yang, CVPR 2019, arXiv:1801.05134).
        """
        if place.products_to_batch_norm == 0:
            return (
                "a batch norm follows directly, and what it learns is the variance with dropout, not that of"
                " evaluation (variance shift): take model.norm_order=before, or model.norm=layer"
            )
        if place.products_to_batch_norm == 1:
            return (
                "a batch norm follows the next layer, and what it learns is the variance with dropout, not that of"
                " evaluation (variance shift, less of it in wide layers): drop behind the last batch norm only, or take"
                " model.norm=layer"
            )
        return None


class AbstractValueDropout(AbstractDropout):
    """A method that changes the values at its site, whatever reads them: nearly every one."""

    @abstractmethod
    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        """What the site gives for `x`, (batch, ...), in training mode."""

    def evaluate(self, x: Tensor, rate: Tensor) -> Tensor:
        """What the site gives for `x` in evaluation mode: the identity, unless a method scales there."""
        return x

    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        y: Tensor = reader(self.train(x, rate, noise))
        return y

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        y: Tensor = reader(self.evaluate(x, rate))
        return y


class AbstractAdversarialDropout(AbstractValueDropout):
    """A method whose mask is changed against the network: a second pass, under the changed mask, adds to the loss.

    The trainer lets the network answer under the drawn mask, takes the gradient of `distance` to the mask, lets
    `chosen` change it, and adds `weight` times the distance of the answer under the changed mask.
    """

    is_costly = True

    @abstractmethod
    def mask(self, shape: Sequence[int], rate: Tensor, noise: Noise) -> Tensor:
        """The drawn mask, (batch, ...): what a site multiplies its values by."""

    @abstractmethod
    def chosen(self, mask: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """The mask changed so that the distance grows, by its gradient to the mask."""

    @abstractmethod
    def weight(self, progress: Tensor) -> Tensor:
        """Of the distance in the loss, at a share of the training."""

    @property
    @abstractmethod
    def is_virtual(self) -> bool:
        """Whether the distance is that to the network's own answer, or to the target."""

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        return x * self.mask(x.shape, rate, noise).to(x.dtype)


class Site(nn.Module):
    """A place where dropout may act, with what reads from it; the reader alone until it is given a method.

    The rate and the noise key of the step are buffers, so that whoever trains the model can hand over those of each
    run from outside; the model itself never knows. So is the mask of an adversarial pass, (batch, ...), where the
    method has one; without dimensions it is none.
    """

    rate: Tensor
    key: Tensor
    mask: Tensor

    def __init__(self, name: str, reader: Reader | None = None, *, is_branch: bool = False) -> None:
        super().__init__()
        self.name, self.is_branch = name, is_branch
        self.reader = Reader() if reader is None else reader
        self.dropout: AbstractDropout | None = None
        self.samples = 1
        self.register_buffer("rate", torch.zeros(()), persistent=False)
        self.register_buffer("key", torch.zeros(2, dtype=torch.int32), persistent=False)
        self.register_buffer("mask", torch.ones(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.dropout is None:
            y: Tensor = self.reader(x)
            return y
        if self.training:
            if isinstance(self.dropout, AbstractAdversarialDropout) and self.mask.dim() > 0:
                masked: Tensor = self.reader(x * self.mask)
                return masked if self.samples == 1 else torch.cat([masked] * self.samples)
            noise = Noise(self.key)
            drawn = [noise, *(noise.stream(SAMPLES + number) for number in range(1, self.samples))]
            outputs = [self.dropout.train_reader(self.reader, x, self.rate, one) for one in drawn]
            return outputs[0] if self.samples == 1 else torch.cat(outputs)
        return self.dropout.evaluate_reader(self.reader, x, self.rate)

    def extra_repr(self) -> str:
        return self.name


def sites(model: nn.Module) -> Mapping[str, str]:
    """The sites of a model, in the order of its modules: name -> path of the module.

    Raises ValueError if two sites have one name.
    """
    found: dict[str, str] = {}
    for path, module in model.named_modules():
        if isinstance(module, Site):
            if module.name in found:
                raise ValueError(f"two sites are named {module.name!r}: {found[module.name]} and {path}")
            found[module.name] = path
    return found


def install(model: nn.Module, methods: Mapping[str, AbstractDropout]) -> None:
    """Gives the sites of `model` their methods, by name, with their parameters; the other sites stay without."""
    for name, path in sites(model).items():
        site = cast(Site, model.get_submodule(path))
        site.dropout = methods.get(name)
        if site.dropout is not None:
            site.reader.learn(site.dropout.initial(site.reader))
