"""Sites: the named places in a model where dropout may act."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from dropout_lab.core.errors import UserError
from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.info import CARRIED, Kind, Own
from dropout_lab.sites.method import (
    AbstractAdversarialDropout,
    AbstractDropout,
    AbstractUpdateDropout,
    AbstractValueDropout,
    Step,
    Update,
    carried_on,
    changed_addition,
)
from dropout_lab.sites.reader import Reader

SAMPLES = 1 << 17
"""The first number of the streams of further masks in one pass; methods have streams of lower numbers."""


CALLS = 1 << 19
"""The first number of the streams of further calls in one pass; `noise.STEPS` has lower ones."""

_calls: ContextVar[dict["Site", int] | None] = ContextVar("_calls", default=None)


@contextmanager
def calls_counted() -> Iterator[None]:
    """A context for one pass through a network, in which each call of a site draws noise of its own."""
    token = _calls.set({})
    try:
        yield
    finally:
        _calls.reset(token)


class Site(nn.Module):
    """A place where dropout may act, with the layer that reads from it; without a method, it is the reader alone.

    A site that is called several times in a pass draws a mask of its own for each call (`calls_counted`).

    The rate and the noise key of the step are buffers, so that the trainer can set those of each run from outside. The
    mask of an adversarial pass, (batch, ...), is one, too; without dimensions it means that there is none.
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
        self.own: Own | None = None
        """The dropout that the network's author wrote here."""
        self.batch_first = True
        """Whether the first axis of the values is that of the examples."""
        self.in_place = False
        """Whether the author's dropout changed the tensor that it was given; a site never does."""
        self.met: tuple[int, ...] | None = None
        """The shape of one example's values in the trial of an author's network; None if it did not come here."""
        self.observer: Callable[[Site, Tensor], None] | None = None
        """Called at each call of the site, with its values or an example of them."""
        self.reader = Reader() if reader is None else reader
        self.reader.kind = kind
        self.dropout: AbstractDropout | None = None
        self.samples = 1
        self.register_buffer("rate", torch.zeros(()), persistent=False)
        self.register_buffer("key", torch.zeros(2, dtype=torch.int32), persistent=False)
        self.register_buffer("mask", torch.ones(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """The reader's output. Raises UserError for kinds that need `steps`, `updates` or `update` instead."""
        if self.kind in CARRIED:
            raise UserError(
                f"the site {self.name} is of the kind {self.kind}, whose values are carried on: forward must call its"
                " steps and updates (of a layer: update), not the site itself"
            )
        self._observe(x)
        if self.dropout is None:
            y: Tensor = self.reader(x)
            return y
        if self.training:
            if self._is_given_a_mask():
                masked = self._masked(x)
                return masked if self.samples == 1 else torch.cat([masked] * self.samples)
            noise = self._noise()
            drawn = [noise, *(noise.stream(SAMPLES + number) for number in range(1, self.samples))]
            outputs = [self.dropout.train_reader(self.reader, x, self.rate, one) for one in drawn]
            return outputs[0] if self.samples == 1 else torch.cat(outputs)
        return self.dropout.evaluate_reader(self.reader, x, self.rate)

    @property
    def acts_before(self) -> bool:
        """Whether the site only changes the values that its reader reads."""
        method = self.dropout
        return method is None or (
            isinstance(method, AbstractValueDropout)
            and type(method).train_reader is AbstractValueDropout.train_reader
            and type(method).evaluate_reader is AbstractValueDropout.evaluate_reader
            and not self._is_given_a_mask()
            and self.samples == 1
        )

    def values(self, x: Tensor) -> Tensor:
        """The values that the reader reads, for a site that `acts_before`."""
        assert self.acts_before
        self._observe(x)
        if not isinstance(self.dropout, AbstractValueDropout):
            return x
        return self.dropout.train(x, self.rate, self._noise()) if self.training else self.dropout.evaluate(x, self.rate)

    def steps(self, count: int, state: Tensor) -> Sequence[Step]:
        """The output of the reader at each of `count` steps, as functions of the state; `state` is the first one."""
        self._observe(state)
        if self.dropout is None or isinstance(self.dropout, AbstractUpdateDropout):
            return [self.reader] * count
        if self.training and self._is_given_a_mask():
            return [self._masked] * count
        if self.training:
            return self.dropout.train_steps(self.reader, self.rate, self._noise(), count)
        return [partial(self.dropout.evaluate_reader, self.reader, rate=self.rate)] * count

    def updates(self, count: int, state: Tensor) -> Sequence[Update]:
        """How the state is carried on at each of `count` steps; `state` is the first one.

        Methods that change values change what a step adds to a cell here, and the hidden state in `steps`.
        """
        if isinstance(self.dropout, AbstractUpdateDropout):
            self._observe(state)
            if self.training:
                return self.dropout.train_updates(self.rate, self._noise(), count)
            return [partial(self.dropout.evaluate_update, rate=self.rate)] * count
        if self.kind == "state":
            return [_plain] * count
        update = changed_addition if self.dropout is None else self.dropout.update_cell
        return [partial(update, step) for step in self.steps(count, state)]

    def update(self, old: Tensor, made: Tensor) -> Tensor:
        """The state that a layer carries on, given its input `old` and its output `made`."""
        return self.updates(1, old)[0](old, None, made)[0]

    def _noise(self) -> Noise:
        """The noise of this call; in the first call of a pass, that of the key itself."""
        calls = _calls.get()
        number = 0 if calls is None else calls.get(self, 0)
        if calls is not None:
            calls[self] = number + 1
        return Noise(self.key) if number == 0 else Noise(self.key).stream(CALLS + number)

    def _is_given_a_mask(self) -> bool:
        return isinstance(self.dropout, AbstractAdversarialDropout) and self.mask.dim() > 0

    def _masked(self, x: Tensor) -> Tensor:
        y: Tensor = self.reader(x * self.mask)
        return y

    def _observe(self, x: Tensor) -> None:
        if self.observer is not None:
            self.observer(self, x)

    def extra_repr(self) -> str:
        return self.name


def _plain(old: Tensor, kept: Tensor | None, added: Tensor) -> tuple[Tensor, Tensor]:
    new = carried_on(kept, added)
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
    """Gives the sites of `model` their methods, by name, and initialises what these learn and remember of the model.

    Other sites get no method.
    """
    for name, path in sites(model).items():
        site = cast(Site, model.get_submodule(path))
        site.dropout = methods.get(name)
        if site.dropout is not None:
            site.reader.learn(site.dropout.initial(site.reader))
            site.reader.remember(site.dropout.remembered(site.reader))
