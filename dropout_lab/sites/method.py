"""The interfaces of the methods of dropout: how a site drops."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, NamedTuple

from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.info import KINDS, Kind, SiteInfo
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.requirements import Requirements

Step = Callable[[Tensor], Tensor]
"""What a site's reader makes of the state, (batch, units), at one step."""
Update = Callable[[Tensor, Tensor | None, Tensor], tuple[Tensor, Tensor]]
"""(old, kept, added) -> the new state, and the state that the layer's output is made of.

old: the state before the step; kept: the part of it that the layer keeps (None: nothing); added: what the step adds.
Without dropout, both results are kept + added."""


class AbstractDropout(ABC):
    """A method of dropout, written for one run.

    `rate` is a tensor without dimensions, never a Python number: runs with different rates are trained as one program,
    so rate 0 must be the identity by arithmetic, not by a branch.
    """

    requirements: ClassVar[Requirements] = Requirements()

    @abstractmethod
    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        """The output of the site's reader for `x`, (batch, ...), in training mode."""

    @abstractmethod
    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        """The output of the site's reader for `x`, (batch, ...), in evaluation mode."""

    def train_steps(self, reader: Reader, rate: Tensor, noise: Noise, count: int) -> Sequence[Step]:
        """`train_reader` for each of the `count` steps of a recurrent layer; by default each step has its own noise."""
        return [partial(self.train_reader, reader, rate=rate, noise=one) for one in noise.steps(count)]

    def update_cell(self, step: Step, old: Tensor, kept: Tensor | None, added: Tensor) -> tuple[Tensor, Tensor]:
        """The update (see `Update`) of an LSTM's cell under `step`; by default, `step` changes what is added alone.

        What is kept would meet the method again at every step: a factor that is the same at all steps would grow to its
        power.
        """
        return changed_addition(step, old, kept, added)

    def initial(self, reader: Reader) -> Mapping[str, Tensor]:
        """The initial values of the method's parameters at a site, which `reader.learned` then holds; usually none."""
        return {}

    def remembered(self, reader: Reader) -> Mapping[str, Tensor]:
        """Values of the reader at the start of the training, which `reader.remembered` then holds; usually none."""
        return {}

    def objection(self, info: SiteInfo) -> str | None:
        """Why the method cannot act at a site that meets its `requirements`, and where it can; None if it can."""
        return None

    def advice(self, info: SiteInfo, rate: float) -> str | None:
        """Why it is unwise to drop at a site with this rate, above 0, and what to do instead; None if it is not.

        The text does not name the rate: it is shown once for all rates of a sweep. By default it warns of a batch norm
        that follows directly, or after one product: it learns the variance of values with dropout, which differs from
        that in evaluation (Li, Chen, Hu & Yang, CVPR 2019, arXiv:1801.05134).
        """
        variance = "what it learns is the variance with dropout, not that of evaluation (variance shift"
        keys = [key for key in ("norm_order=before", "norm=layer") if key.partition("=")[0] in info.settings]
        other = f"take {', or '.join(f'model.{key}' for key in keys)}" if keys else NO_BATCH
        if info.products_to_batch_norm == 0:
            return f"a batch norm follows directly, and {variance}): {other}"
        if info.products_to_batch_norm == 1:
            last = "take model.norm=layer" if "norm" in info.settings else NO_BATCH
            return (
                f"a batch norm follows the next layer, and {variance}, less of it in wide layers): drop behind the last"
                f" batch norm only, or {last}"
            )
        return None


NO_BATCH = "put a norm without the batch in its place, such as nn.LayerNorm or nn.GroupNorm"
"""What to do about a batch norm in a network without a key for it."""


class AbstractValueDropout(AbstractDropout):
    """A method that changes the values at its site, independently of the layer that reads them: nearly every method."""

    requirements = Requirements(frozenset({"units", "sequence", "state", "cell", "weights", "heads"}))

    @abstractmethod
    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        """The site's values for `x`, (batch, ...), in training mode."""

    def evaluate(self, x: Tensor, rate: Tensor) -> Tensor:
        """The site's values for `x` in evaluation mode: by default `x` itself."""
        return x

    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        y: Tensor = reader(self.train(x, rate, noise))
        return y

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        y: Tensor = reader(self.evaluate(x, rate))
        return y


class AbstractUpdateDropout(AbstractDropout):
    """A method that changes how a state is carried on, from step to step or from layer to layer."""

    requirements = Requirements(frozenset({"state", "cell"}))

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


class Training(NamedTuple):
    """What a penalty may depend on besides the network."""

    examples: int
    """Examples of the training part."""
    progress: Tensor
    """The share of the training that is over, in [0, 1), without dimensions."""


class AbstractLearnedDropout(AbstractDropout):
    """A method with parameters of its own, which are trained with the network.

    No weight decay, l1 or max_norm acts on them. Their initial values do not depend on the rate; a method that learns
    its rate begins at `rate`.
    """

    @abstractmethod
    def initial(self, reader: Reader) -> Mapping[str, Tensor]: ...

    @abstractmethod
    def penalty(self, info: SiteInfo, reader: Reader, rate: Tensor, training: Training) -> Tensor:
        """The term that a site adds to the training loss, which is a mean over examples: no dimensions, 0 at rate 0.

        The losses of validation, test and the gap do not contain it.
        """

    @abstractmethod
    def measured(self, reader: Reader, rate: Tensor) -> Mapping[str, Tensor]:
        """What is recorded of a site after every epoch, by name, each without dimensions: a learned `rate`, say."""


class AbstractAdversarialDropout(AbstractValueDropout):
    """A method whose mask is changed against the network: a second pass, under the changed mask, adds to the loss.

    The trainer computes the network's answer under the drawn mask, takes the gradient of `distance` to the mask, lets
    `chosen` change the mask, repeats that `iterations` times, and adds `weight` times the distance of the answer under
    the changed mask. Between the steps of a recurrent layer, all steps share one mask.
    """

    requirements = Requirements(single_call=True, own_program=True)

    @abstractmethod
    def mask(self, shape: Sequence[int], rate: Tensor, noise: Noise) -> Tensor:
        """The drawn mask, (batch, ...), by which a site multiplies its values."""

    @abstractmethod
    def chosen(self, mask: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """The mask, changed so that the distance grows; `gradient` is that of the distance to the mask."""

    @property
    def iterations(self) -> int:
        """How often the mask is changed, each time by the gradient to the mask before."""
        return 1

    @abstractmethod
    def weight(self, progress: Tensor) -> Tensor:
        """The weight of the distance in the loss, given the share of the training that is over."""

    @property
    @abstractmethod
    def is_virtual(self) -> bool:
        """Whether the distance is that to the network's own answer, rather than to the target."""

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        return x * self.mask(x.shape, rate, noise).to(x.dtype)


def objection_to(dropout: AbstractDropout, info: SiteInfo) -> str | None:
    """Why a method cannot act at a site, and where it can; None if it can."""
    required = dropout.requirements
    if info.kind not in required.kinds:
        allowed = ", ".join(KINDS[kind] for kind in KINDS if kind in required.kinds)
        return f"here are {KINDS[info.kind]}; it acts on {allowed}"
    if info.calls > 1 and required.single_call:
        return f"the network calls this site {info.calls} times in a pass; it acts at a site that is called once"
    return dropout.objection(info)


def acts_in_evaluation(dropout: AbstractDropout) -> bool:
    """Whether a method changes anything in evaluation mode."""
    method = type(dropout)
    if not issubclass(method, AbstractValueDropout):
        return True
    return (
        method.evaluate is not AbstractValueDropout.evaluate
        or method.evaluate_reader is not AbstractValueDropout.evaluate_reader
    )


def needs_own_program(dropout: AbstractDropout, kind: Kind) -> bool:
    """Whether only sites that drop have the method: it asks for that, or it acts between the steps of a recurrent
    layer, which the library's fused layer cannot do."""
    return dropout.requirements.own_program or kind in ("state", "cell")


def carried_on(kept: Tensor | None, added: Tensor) -> Tensor:
    """The new state without dropout."""
    return added if kept is None else kept + added


def changed_addition(step: Step, old: Tensor, kept: Tensor | None, added: Tensor) -> tuple[Tensor, Tensor]:
    """The update (see `Update`) in which `step` changes what is added."""
    new = carried_on(kept, step(added))
    return new, new
