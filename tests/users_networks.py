"""Networks as a user may write them: those that are trained, and those that are refused, with the words of the reason.

The constructors have no annotations where nothing depends on them, as many users' have not.
"""

import random
import sys
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.sites import Site

UNITS = 6


class Plain(nn.Module):
    """64 numbers, a hidden layer with a site, and the head."""

    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__()
        self.first = nn.Linear(64, UNITS)
        self.site = Site("hidden")
        self.head = nn.Linear(UNITS, outputs)

    def hidden(self, x: Tensor) -> Tensor:
        return torch.tanh(self.first(x.flatten(1)))

    def forward(self, x: Tensor) -> Any:
        return self.head(self.site(self.hidden(x)))


# Trained


class Average(Plain):
    """Its buffer is changed by assignment, not in place."""

    ema: Tensor

    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.register_buffer("ema", torch.zeros(UNITS))

    def hidden(self, x: Tensor) -> Tensor:
        y = super().hidden(x)
        if self.training:
            self.ema = 0.9 * self.ema + 0.1 * y.detach().mean(0)
        return y - self.ema


class TorchNorm(Plain):
    """torch's own batch norm, whose count of batches is a whole number."""

    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.norm = nn.BatchNorm1d(UNITS)

    def hidden(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(super().hidden(x))
        return y


class Tied(Plain):
    """One matrix in two layers."""

    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.second, self.third = nn.Linear(UNITS, UNITS), nn.Linear(UNITS, UNITS, bias=False)
        self.third.weight = self.second.weight

    def hidden(self, x: Tensor) -> Tensor:
        return torch.tanh(self.third(torch.tanh(self.second(super().hidden(x)))))


class TwoNames(Plain):
    """One layer under two names."""

    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.entry = self.first


class Frozen(Plain):
    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.first.requires_grad_(False)


class Lazy(Plain):
    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.first = nn.LazyLinear(UNITS)


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x.sin()


class TupleInside(Plain):
    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.pair = Pair()

    def hidden(self, x: Tensor) -> Tensor:
        left, right = self.pair(super().hidden(x))
        y: Tensor = left * right
        return y


class NoDropout(Plain):
    """A dropout of torch that never drops, as a config with p=0 makes it."""

    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.drop = nn.Dropout(0.0)

    def hidden(self, x: Tensor) -> Tensor:
        y: Tensor = self.drop(super().hidden(x))
        return y


class Twice(Plain):
    """Its site is called twice."""

    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.second = nn.Linear(UNITS, UNITS)

    def forward(self, x: Tensor) -> Any:
        return self.head(self.site(torch.tanh(self.second(self.site(self.hidden(x))))))


class Tuples(Plain):
    def forward(self, x: Tensor) -> Any:
        return super().forward(x), x


class DropoutInEvaluation(Plain):
    """F.dropout that is not told the mode."""

    def hidden(self, x: Tensor) -> Tensor:
        return F.dropout(super().hidden(x), 0.5)


class Heir(Plain):
    """Without a constructor of its own."""


class Words(nn.Module):
    def __init__(self, input_shape, outputs, vocabulary):  # type: ignore[no-untyped-def]
        super().__init__()
        self.words, self.site, self.head = nn.Embedding(vocabulary, UNITS), Site("mean"), nn.Linear(UNITS, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.site(self.words(x).mean(1)))
        return y


class OutOfOrder(Plain):
    """The site that is met last is held first."""

    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.before = Site("input")

    def forward(self, x: Tensor) -> Any:
        return super().forward(self.before(x.flatten(1)))


# Trained in turn at every step


class NotLifted(Plain):
    def hidden(self, x: Tensor) -> Tensor:
        y = super().hidden(x)
        return y if float(y.sum()) > 0 else -y


class BranchOnInput(Plain):
    def hidden(self, x: Tensor) -> Tensor:
        y = super().hidden(x)
        return y if x.sum() > 0 else -y


class BranchOnHidden(Plain):
    def hidden(self, x: Tensor) -> Tensor:
        y = super().hidden(x)
        return y if y.sum() > 0 else -y


class BranchInEvaluation(Plain):
    def hidden(self, x: Tensor) -> Tensor:
        y = super().hidden(x)
        return -y if not self.training and x.sum() > 0 else y


class OwnNoise(Plain):
    """It adds noise of its own in training."""

    def hidden(self, x: Tensor) -> Tensor:
        y = super().hidden(x)
        return y + 0.1 * torch.randn_like(y) if self.training else y


class OwnMask(Plain):
    """It drops by hand, in its own forward, where no site can be put."""

    def hidden(self, x: Tensor) -> Tensor:
        y = super().hidden(x)
        return y * torch.empty_like(y).bernoulli_(0.8) / 0.8 if self.training else y


# Refused


class RandomInEvaluation(Plain):
    def hidden(self, x: Tensor) -> Tensor:
        y = super().hidden(x)
        return y + torch.randn_like(y)


class PythonsDice(Plain):
    def hidden(self, x: Tensor) -> Tensor:
        return super().hidden(x) * random.random()


class Memory(Plain):
    """What it remembers is no buffer."""

    def hidden(self, x: Tensor) -> Tensor:
        self.last = getattr(self, "last", 0.0) + super().hidden(x)
        return self.last


class Counter(Plain):
    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.steps = 0

    def hidden(self, x: Tensor) -> Tensor:
        self.steps += 1
        return super().hidden(x)


class ChangedInEvaluation(Average):
    def hidden(self, x: Tensor) -> Tensor:
        self.ema.mul_(0.5)
        return super().hidden(x)


class GrowingBuffer(Average):
    def hidden(self, x: Tensor) -> Tensor:
        if self.training:
            self.ema = torch.zeros(UNITS + 1)
        return Plain.hidden(self, x)


class ChangedParameter(Plain):
    def hidden(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            self.first.weight.clamp_(-9, 9)
        return super().hidden(x)


class DrawnOnce(Plain):
    """What its constructor draws is no buffer, so it is another for every network that is built."""

    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.weights = torch.randn(UNITS)

    def hidden(self, x: Tensor) -> Tensor:
        return super().hidden(x) * self.weights


class Seeded(Plain):
    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        torch.manual_seed(0)
        super().__init__(input_shape, outputs)


class ChangedInPlace(Plain):
    """What the gradient needs is overwritten."""

    def hidden(self, x: Tensor) -> Tensor:
        return super().hidden(x).mul_(2)


class Double(Plain):
    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.double()


class NothingToTrain(Plain):
    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.requires_grad_(False)


class Narrow(Plain):
    def forward(self, x: Tensor) -> Any:
        return super().forward(x)[:, 1:]


class RaisesInTraining(Plain):
    def hidden(self, x: Tensor) -> Tensor:
        if self.training:
            raise ValueError("not yet written")
        return super().hidden(x)


class ExitsInForward(Plain):
    def hidden(self, x: Tensor) -> Tensor:
        sys.exit(3)


class ExitsInBatches(Plain):
    """It ends the process at the sight of a whole batch, which no trial shows it."""

    def hidden(self, x: Tensor) -> Tensor:
        if len(x) == 20:
            sys.exit(3)
        return super().hidden(x)


class ExitsInConstructor(Plain):
    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        sys.exit("no licence")


class MoreInTraining(Plain):
    def hidden(self, x: Tensor) -> Tensor:
        y = super().hidden(x)
        return self.site(y) if self.training else y


class StateCalled(Plain):
    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.site = Site("hidden", kind="state")


class TwoShapes(Plain):
    def hidden(self, x: Tensor) -> Tensor:
        return super().hidden(self.site(x.flatten(1)))


class SameNames(Plain):
    def __init__(self, input_shape, outputs):  # type: ignore[no-untyped-def]
        super().__init__(input_shape, outputs)
        self.other = Site("hidden")


def no_network(input_shape, outputs):  # type: ignore[no-untyped-def]
    return "a network"


def misfit(input_shape, outputs):  # type: ignore[no-untyped-def]
    """No code of the user is under way where it fails."""
    return nn.Sequential(nn.Flatten(), Site("hidden"), nn.Linear(63, outputs))
