"""Sites: the named places in a model where dropout may act, and the interface of what acts there."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple, cast

import torch
from torch import Tensor, nn

from dropout_lab.noise import Noise

SAMPLES = 1 << 17
"""The first number of a stream that a further mask of one pass draws from; methods have streams of lower numbers."""


Kind = Literal["units", "sequence", "tokens", "state", "cell", "weights", "heads", "layer"]
"""What stands at a site; shapes without the batch's axis.

units      the units of a layer, (features,), or a map of them, (channels, height, width)
sequence   those of every step, (steps, features)
tokens     numbers of words, (steps,), which the site's reader looks up
state      the hidden state of a recurrent layer, (units,), at every step: as it is carried on, and as the layer's
           recurrent product reads it
cell       the cell of an LSTM, (units,), at every step, as it is carried on
weights    attention weights, (heads, steps, steps)
heads      what the heads of attention give, (heads, steps, features)
layer      what a whole layer makes of a sequence, its shortcut included, (steps, features)
"""
KINDS: Mapping[Kind, str] = {
    "units": "the units of a layer",
    "sequence": "the units of a layer at every step",
    "tokens": "numbers of words",
    "state": "a recurrent layer's hidden state",
    "cell": "the cell of an LSTM",
    "weights": "attention weights",
    "heads": "attention heads",
    "layer": "whole layers",
}


UNITS: frozenset[Kind] = frozenset({"units"})


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
    kind: Kind = "units"
    keeps: bool = False
    """Whether the values are a state of which a part is kept at every step, as an LSTM's cell and a GRU's state are."""

    @property
    def is_map(self) -> bool:
        """Whether the values are channels of something, rather than one vector."""
        return self.kind == "units" and len(self.shape) > 1


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


Step = Callable[[Tensor], Tensor]
"""What a site's reader makes of the state, (batch, units), at one step."""
Update = Callable[[Tensor, Tensor | None, Tensor], tuple[Tensor, Tensor]]
"""(old, kept, added) -> the new state, and what the layer's output is made of: old is the state before, kept what the
layer wants to keep of it (None: nothing), added what it wants to add; without dropout, both are kept + added."""


class AbstractDropout(ABC):
    """A dropout method: how a site drops.

    It is written for one run. `rate` is a tensor without dimensions, never a Python number: runs with different rates
    are trained as one program, so rate 0 must come out as the identity by arithmetic, not by a branch.
    """

    kinds: frozenset[Kind] = UNITS
    """Where it can act."""
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

    def train_steps(self, reader: Reader, rate: Tensor, noise: Noise, count: int) -> Sequence[Step]:
        """`train_reader` for each of the `count` steps of a recurrent layer: with noise of its own, here."""
        return [partial(self.train_reader, reader, rate=rate, noise=one) for one in noise.steps(count)]

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

    kinds: frozenset[Kind] = frozenset({"units", "sequence", "state", "cell", "weights", "heads"})

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


def objection_to(dropout: AbstractDropout, place: Place) -> str | None:
    """Why a method cannot act at a place, and where it can; None if it can."""
    if place.kind not in dropout.kinds:
        allowed = ", ".join(KINDS[kind] for kind in KINDS if kind in dropout.kinds)
        return f"here are {KINDS[place.kind]}; it acts on {allowed}"
    return dropout.objection(place)


class AbstractUpdateDropout(AbstractDropout):
    """A method that changes how a state is carried on: from step to step, or from layer to layer."""

    kinds: frozenset[Kind] = frozenset({"state", "cell"})

    @abstractmethod
    def train_updates(self, rate: Tensor, noise: Noise, count: int) -> Sequence[Update]:
        """The update of each of `count` steps in training mode."""

    @abstractmethod
    def evaluate_update(self, old: Tensor, kept: Tensor | None, added: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        """The update in evaluation mode."""

    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        y: Tensor = reader(x)
        return y

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        y: Tensor = reader(x)
        return y


class AbstractAdversarialDropout(AbstractValueDropout):
    """A method whose mask is changed against the network: a second pass, under the changed mask, adds to the loss.

    The trainer lets the network answer under the drawn mask, takes the gradient of `distance` to the mask, lets
    `chosen` change it, and adds `weight` times the distance of the answer under the changed mask.
    """

    kinds = UNITS
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

    def __init__(
        self,
        name: str,
        reader: Reader | None = None,
        *,
        kind: Kind = "units",
        is_branch: bool = False,
        keeps: bool = False,
    ) -> None:
        super().__init__()
        self.name, self.kind, self.is_branch, self.keeps = name, kind, is_branch, keeps
        self.observer: Callable[[Site, Tensor], None] | None = None
        """Is told of each call, with the values that the site was given, or an example of them."""
        self.reader = Reader() if reader is None else reader
        self.dropout: AbstractDropout | None = None
        self.samples = 1
        self.register_buffer("rate", torch.zeros(()), persistent=False)
        self.register_buffer("key", torch.zeros(2, dtype=torch.int32), persistent=False)
        self.register_buffer("mask", torch.ones(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        self._observe(x)
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

    def steps(self, count: int, state: Tensor) -> Sequence[Step]:
        """What the reader makes of the state at each of `count` steps; `state` is the first one."""
        self._observe(state)
        if self.dropout is None or isinstance(self.dropout, AbstractUpdateDropout):
            return [self.reader] * count
        if self.training:
            return self.dropout.train_steps(self.reader, self.rate, Noise(self.key), count)
        return [partial(self.dropout.evaluate_reader, self.reader, rate=self.rate)] * count

    def updates(self, count: int, state: Tensor) -> Sequence[Update]:
        """How the state is carried on at each of `count` steps; `state` is the first one.

        Methods that change values do so with the new cell here; with the hidden state, in `steps`.
        """
        if isinstance(self.dropout, AbstractUpdateDropout):
            self._observe(state)
            if self.training:
                return self.dropout.train_updates(self.rate, Noise(self.key), count)
            return [partial(self.dropout.evaluate_update, rate=self.rate)] * count
        if self.kind == "state":
            return [_plain] * count
        return [partial(_through, step) for step in self.steps(count, state)]

    def update(self, old: Tensor, made: Tensor) -> Tensor:
        """What goes on of a layer that makes `made` of `old`."""
        return self.updates(1, old)[0](old, None, made)[0]

    def _observe(self, x: Tensor) -> None:
        if self.observer is not None:
            self.observer(self, x)

    def extra_repr(self) -> str:
        return self.name


def carried_on(kept: Tensor | None, added: Tensor) -> Tensor:
    """The new state without dropout."""
    return added if kept is None else kept + added


def _plain(old: Tensor, kept: Tensor | None, added: Tensor) -> tuple[Tensor, Tensor]:
    new = carried_on(kept, added)
    return new, new


def _through(step: Step, old: Tensor, kept: Tensor | None, added: Tensor) -> tuple[Tensor, Tensor]:
    new = step(carried_on(kept, added))
    return new, new


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
