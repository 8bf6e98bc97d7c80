"""The interfaces of methods of dropout: how a site drops, and what a method is told of its reader."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from dropout_lab.core.noise import Noise
from dropout_lab.sites.info import KINDS, UNITS, Kind, SiteInfo


class Training(NamedTuple):
    """What a penalty may depend on besides the network."""

    examples: int
    """Of the training part."""
    progress: Tensor
    """Without dimensions: the share of the training that is over, in [0, 1)."""


class Reader(nn.Module):
    """What reads from a site: a layer, and the activation that directly follows it; each the identity if missing.

    `learned`: the parameters of the site's method, if it has any; they are trained with the network.
    `remembered`: what the method keeps of the layer as it was when the training began; buffers.
    """

    def __init__(self, layer: nn.Module | None = None, activation: nn.Module | None = None) -> None:
        super().__init__()
        self.layer = nn.Identity() if layer is None else layer
        self.activation = nn.Identity() if activation is None else activation
        self.kind: Kind = "units"
        """What stands at the site."""
        self.learned = nn.ParameterDict()
        self.remembered = nn.Module()
        self._following: list[nn.Module] = []  # in a list, so that it is no part of this module

    @property
    def following(self) -> nn.Module | None:
        """The site that gets exactly what comes out here, if there is one."""
        return self._following[0] if self._following else None

    def precede(self, site: nn.Module) -> None:
        self._following = [site]

    def learn(self, initial: Mapping[str, Tensor]) -> None:
        self.learned = nn.ParameterDict({name: nn.Parameter(value.detach().clone()) for name, value in initial.items()})

    def remember(self, values: Mapping[str, Tensor]) -> None:
        self.remembered = nn.Module()
        for name, value in values.items():
            self.remembered.register_buffer(name, value.detach().clone())

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
    acts_once = False
    """Whether it can act only at a site that is called once in a pass through the network."""
    changes_what_is_kept = False
    """Whether, of a method that changes values, the whole new cell of an LSTM is changed, not only what a step adds.

    What is kept meets the method again at every step: a factor that is the same at all steps grows to its power there.
    """
    needs_pretraining = False
    """Whether the method means something only where the network was trained before."""

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

    def remembered(self, reader: Reader) -> Mapping[str, Tensor]:
        """What the method keeps of the reader as the training begins, which `reader.remembered` then holds."""
        return {}

    def penalty(self, info: SiteInfo, reader: Reader, rate: Tensor, training: Training) -> Tensor:
        """What is added to the training loss, the mean over examples, for a site; without dimensions, 0 at rate 0.

        The losses of validation, test and the gap are without it.
        """
        return torch.zeros_like(rate)

    def measured(self, reader: Reader, rate: Tensor) -> Mapping[str, Tensor]:
        """What is recorded of a site after every epoch, by name, each without dimensions: say a learned `rate`."""
        return {}

    def objection(self, info: SiteInfo) -> str | None:
        """Why the method cannot act at a site, and where it can; None if it can."""
        return None

    def advice(self, info: SiteInfo, rate: float) -> str | None:
        """Why it is unwise to let the method act at a site where it can, with a rate above 0, and what to do instead;
        None if it is not. What is said does not name the rate: it is said once for all rates of a sweep.

        Of every method: a batch norm that directly follows, or with one product between, learns the variance of values
        that are dropped from, which is another in evaluation (Li, Chen, Hu & Yang, CVPR 2019, arXiv:1801.05134).
        """
        if info.products_to_batch_norm == 0:
            return (
                "a batch norm follows directly, and what it learns is the variance with dropout, not that of"
                " evaluation (variance shift): take model.norm_order=before, or model.norm=layer"
            )
        if info.products_to_batch_norm == 1:
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


def objection_to(dropout: AbstractDropout, info: SiteInfo) -> str | None:
    """Why a method cannot act at a site, and where it can; None if it can."""
    if info.kind not in dropout.kinds:
        allowed = ", ".join(KINDS[kind] for kind in KINDS if kind in dropout.kinds)
        return f"here are {KINDS[info.kind]}; it acts on {allowed}"
    if info.calls > 1 and dropout.acts_once:
        return f"the network calls this site {info.calls} times in a pass; it acts at a site that is called once"
    return dropout.objection(info)


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
    `chosen` change it, as many times as there are `iterations`, and adds `weight` times the distance of the answer
    under the changed mask. Between the steps of a recurrent layer, one mask is that of all of them.
    """

    kinds = UNITS
    is_costly = True
    acts_once = True

    @abstractmethod
    def mask(self, shape: Sequence[int], rate: Tensor, noise: Noise) -> Tensor:
        """The drawn mask, (batch, ...): what a site multiplies its values by."""

    @abstractmethod
    def chosen(self, mask: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """The mask changed so that the distance grows, by its gradient to the mask."""

    @property
    def iterations(self) -> int:
        """How often the mask is changed, each time by the gradient to what the time before has made of it."""
        return 1

    @abstractmethod
    def weight(self, progress: Tensor) -> Tensor:
        """Of the distance in the loss, at a share of the training."""

    @property
    @abstractmethod
    def is_virtual(self) -> bool:
        """Whether the distance is that to the network's own answer, or to the target."""

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        return x * self.mask(x.shape, rate, noise).to(x.dtype)


def carried_on(kept: Tensor | None, added: Tensor) -> Tensor:
    """The new state without dropout."""
    return added if kept is None else kept + added
