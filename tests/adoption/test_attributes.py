"""What forward keeps in plain attributes would pass from run to run: it is found, whatever it is kept in."""

import threading
from collections import deque
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dropout_lab.adoption.adopt import adopt
from dropout_lab.build.builder import Builder
from dropout_lab.cohort.lift import Engine
from dropout_lab.core.errors import UserError

DIGITS: dict[str, Any] = {"_target_": "dropout_lab.datasets.digits.digits", "limit": 60}


class Plain:
    """An object of the author's."""

    times = 0


class Keeping(nn.Module):
    """A network that keeps something of each batch, by `kind`."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, self.fc, self.drop, self.head = kind, nn.Linear(64, 8), nn.Dropout(0.2), nn.Linear(8, 10)
        self.state: Any = {"deque": deque(maxlen=4), "list": [], "dict": {"times": 0}, "object": Plain()}.get(kind)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(self.fc(x.flatten(1)))
        mean = y.mean(0).detach()
        if self.kind == "figure":  # never read
            self.state = [mean]
        elif self.training:
            self.keep(mean)
        if self.kind == "mean":
            y = y - (mean if self.state is None else self.state)
        if self.kind == "evaluation" and not self.training:
            y = y - (0.0 if self.state is None else self.state)
        if self.kind == "deque" and self.state:
            y = y - 1e-5 * torch.stack(list(self.state)).mean(0)
        out: Tensor = self.head(self.drop(y))
        return out

    def keep(self, mean: Tensor) -> None:
        if self.kind == "mean":
            self.state = mean if self.state is None else 0.5 * self.state + 0.5 * mean
        elif self.kind == "evaluation":
            self.state = mean
        elif self.kind == "dict":
            self.state["times"] += 1
        elif self.kind == "object":
            self.state.times += 1
        else:
            self.state.append(mean)


@pytest.mark.parametrize("engine", ["lanes", "loop"])
@pytest.mark.parametrize("kind", ["mean", "evaluation", "deque", "list", "dict", "object"])
def test_what_is_kept_in_an_attribute_is_refused_by_its_name(kind: str, engine: Engine) -> None:
    section = {"_target_": "tests.adoption.test_attributes.Keeping", "kind": kind}
    with pytest.raises(UserError, match=r"forward changes the attribute state, .*; it must be a buffer"):
        Builder().engine(section, DIGITS, engine)


def test_what_is_kept_and_never_read_is_no_reason_to_refuse() -> None:
    section = {"_target_": "tests.adoption.test_attributes.Keeping", "kind": "figure"}
    assert Builder().engine(section, DIGITS) == ("lanes", "")


class Drawing(nn.Module):
    """Noise of a generator of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.source = nn.Linear(64, 10), torch.Generator()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fc(x.flatten(1))
        return y + 1e-6 * torch.randn(y.shape, generator=self.source) if self.training else y


def test_a_generator_of_the_networks_own_is_refused() -> None:
    with pytest.raises(UserError, match=r"changes the attribute source, .*; draw from torch's own generator"):
        Builder().engine({"_target_": "tests.adoption.test_attributes.Drawing"}, DIGITS)


class Held(nn.Module):
    """A network with an attribute that is drawn, or that cannot be copied."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.fc, self.drop, self.head = nn.Linear(64, 8), nn.Dropout(0.2), nn.Linear(8, 10)
        self.held: Any = threading.Lock() if kind == "lock" else torch.randn(8)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(self.fc(x.flatten(1)))
        y = y * self.held if isinstance(self.held, Tensor) else y
        out: Tensor = self.head(self.drop(y))
        return out


HELD = {"lock": "it cannot be copied, for its attribute held: cannot pickle", "drawn": r"differ in held\)\. What its"}


@pytest.mark.parametrize("engine", ["lanes", "loop"])
@pytest.mark.parametrize("kind", HELD)
def test_an_attribute_that_cannot_be_trained_with_is_named(kind: str, engine: Engine) -> None:
    with pytest.raises(UserError, match=HELD[kind]):
        Builder().engine({"_target_": "tests.adoption.test_attributes.Held", "kind": kind}, DIGITS, engine)


class Registered(Held):
    """A class whose subclasses must give a keyword."""

    def __init__(self) -> None:
        super().__init__("drawn")

    def __init_subclass__(cls, *, tag: str) -> None:
        raise AssertionError(tag)


def test_subclasses_of_ours_do_not_reach_the_authors_list_of_subclasses() -> None:
    assert isinstance(adopt(Registered(), torch.zeros(1, 1, 8, 8)), Registered)


def test_where_runs_that_take_turns_differ_from_one_alone_vmap_is_not_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([True, False])  # of one network, which agrees, and of two in turns
    monkeypatch.setattr("dropout_lab.cohort.probe.side_by_side.close", lambda ours, alone: next(answers))
    section = {"_target_": "tests.adoption.test_attributes.Keeping", "kind": "figure"}
    with pytest.raises(
        UserError, match=r"runs that take turns do not compute .*: forward changes the attribute state,"
    ):
        Builder().engine(section, DIGITS, "loop")
