"""Functional dropouts in branches and loops: each is known by its module and its line, in every pass."""

import inspect
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.build.builder import Builder
from dropout_lab.build.checks import check_mc_samples
from dropout_lab.build.network import network
from dropout_lab.build.site_methods import methods_of
from dropout_lab.cohort import loop
from dropout_lab.cohort.lift import Engine
from dropout_lab.cohort.optim import SGD
from dropout_lab.cohort.recipe import Recipe, RunList, Structure
from dropout_lab.cohort.width import Widths
from dropout_lab.core.errors import UserError
from dropout_lab.dropout.standard import Standard
from dropout_lab.sites.site import Site, sites

DIGITS: dict[str, Any] = {"_target_": "dropout_lab.datasets.digits.digits", "limit": 60}
X = torch.ones(3, 1, 8, 8)


class Flat(nn.Module):
    """64 numbers, 8 units, what `middle` makes of them, and the head."""

    begun: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.head = nn.Linear(64, 8), nn.Linear(8, 10)
        self.register_buffer("begun", self.fc.weight.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.middle(torch.tanh(self.fc(x.flatten(1))), x))
        return y

    def middle(self, y: Tensor, x: Tensor) -> Tensor:
        raise NotImplementedError


class EitherWay(Flat):
    """Another dropout for values of another sign; the real examples have both."""

    def middle(self, y: Tensor, x: Tensor) -> Tensor:
        if self.head.weight[0, 0] > 0:
            return F.dropout(y, 0.2, self.training)
        return F.dropout(y, 0.4, self.training)


class Helped(Flat):
    """A function of the author's that drops, called in a branch and outside of it."""

    def middle(self, y: Tensor, x: Tensor) -> Tensor:
        if self.training:
            y = self.drop(y, 0.3)
        return self.drop(y, 0.1)

    def drop(self, y: Tensor, p: float) -> Tensor:
        return F.dropout(y, p, self.training)


class Longer(Flat):
    """A turn more on greater values than those of the trial."""

    def middle(self, y: Tensor, x: Tensor) -> Tensor:
        for _ in range(3 if x.min() == 1 else 2):
            y = F.dropout(y, 0.2, self.training)
        return y


class Later(Flat):
    """A dropout as soon as the weights have moved."""

    def middle(self, y: Tensor, x: Tensor) -> Tensor:
        moved = (self.fc.weight - self.begun).abs().max() > 1e-3
        return F.dropout(y, 0.2, self.training) if moved else y


class LaterModule(Flat):
    """The same with a module."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.2)

    def middle(self, y: Tensor, x: Tensor) -> Tensor:
        moved = (self.fc.weight - self.begun).abs().max() > 1e-3
        out: Tensor = self.drop(y) if moved else y
        return out


class Given(nn.Module):
    """A block whose rate its caller gives."""

    def forward(self, x: Tensor, p: float, training: bool) -> Tensor:
        return F.dropout(x, p, training)


class TwoRates(Flat):
    """One line that drops at two rates, or is off once."""

    def __init__(self, is_off: bool) -> None:
        super().__init__()
        self.block, self.is_off = Given(), is_off

    def middle(self, y: Tensor, x: Tensor) -> Tensor:
        y = self.block(y, 0.1, self.training)
        return self.block(y, 0.1 if self.is_off else 0.6, self.training and not self.is_off)  # type: ignore


class Rising(Flat):
    """A rate that rises as the weights move."""

    def middle(self, y: Tensor, x: Tensor) -> Tensor:
        moved = float((self.fc.weight - self.begun).abs().max())
        return F.dropout(y, 0.2 if moved < 1e-3 else 0.4, self.training)


class Samples(Flat):
    """A head that reads three samples, from a generator inside of a call of a builtin."""

    def middle(self, y: Tensor, x: Tensor) -> Tensor:
        out: Tensor = sum(F.dropout(y, 0.5, self.training) for _ in range(3)) / 3  # type: ignore[assignment]
        return out


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(torch.tanh(self.fc(x)), 0.2, self.training)


class Twice(Flat):
    """One block, called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.block = Block()

    def middle(self, y: Tensor, x: Tensor) -> Tensor:
        return self.block(self.block(y))  # type: ignore[no-any-return]


def made(kind: type[nn.Module], seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return network({"_target_": f"{kind.__module__}.{kind.__name__}"}, Builder().dataset(DIGITS))


def dropping(model: nn.Module, x: Tensor) -> list[str]:
    """The sites that a pass calls, in order."""
    called: list[str] = []
    for module in model.modules():
        if isinstance(module, Site):
            module.observer = lambda site, values: called.append(site.name)
    with torch.no_grad():
        model(x)
    return called


def test_every_seed_has_the_sites_of_both_branches() -> None:
    models = [made(EitherWay, seed) for seed in range(8)]
    assert {tuple(sites(model)) for model in models} == {("dropout.0", "dropout.1")}
    called = {bool(model.head.weight[0, 0] > 0): dropping(model.train(), X) for model in models}  # type: ignore
    own = {name: models[0].get_submodule(path).own.rate for name, path in sites(models[0]).items()}  # type: ignore
    assert {way: [own[name] for name in names] for way, names in called.items()} == {True: [0.2], False: [0.4]}


def test_a_helper_is_known_by_the_line_that_calls_it() -> None:
    model = made(Helped)
    assert dropping(model.train(), X) == ["dropout.0", "dropout.1"]
    assert dropping(model.eval(), X) == ["dropout.1"]


def test_a_turn_more_than_in_the_trial_is_the_last_site_again() -> None:
    model = made(Longer).train()
    assert dropping(model, 2 * X) == ["dropout.0", "dropout.1"]
    assert dropping(model, X) == ["dropout.0", "dropout.1", "dropout.1"]


def test_a_call_that_the_interpreter_has_specialised_is_the_same_place() -> None:
    model = made(Samples).train()
    assert list(sites(model)) == ["dropout.0", "dropout.1", "dropout.2"]
    for _ in range(20):
        assert dropping(model, X) == ["dropout.0", "dropout.1", "dropout.2"]
    assert {site.own.rate for site in model.modules() if isinstance(site, Site) and site.own} == {0.5}


def test_a_block_that_is_called_twice_has_one_site() -> None:
    assert dropping(made(Twice).train(), X) == ["block", "block"]


@pytest.mark.parametrize(("is_off", "said"), [(False, r"F\.dropout\(p=0\.6\)"), (True, "off")])
def test_one_line_that_drops_at_two_rates_is_refused(is_off: bool, said: str) -> None:
    section = {"_target_": f"{TwoRates.__module__}.TwoRates", "is_off": is_off}
    expected = rf"block calls one dropout with several rates: F\.dropout\(p=0\.1\) and {said} \(.*branches\.py, line"
    with pytest.raises(UserError, match=expected):
        network(section, Builder().dataset(DIGITS))


@pytest.mark.parametrize(
    ("kind", "said"),
    [(Later, r"in the forward of the network \(.*test_branches\.py, line \d+\)"), (LaterModule, r"drop \(nn\.Drop"),
     (Rising, r"is F\.dropout\(p=0\.4\) in this step, .*test_branches\.py, line \d+\)")],
)  # fmt: skip
def test_a_dropout_that_the_trial_did_not_meet_fails_its_run_alone(kind: type[nn.Module], said: str) -> None:
    data = Builder().dataset(DIGITS)
    optimizer = SGD(lr=0.0, momentum=0.0)
    structure = Structure(lambda: made(kind), data, {}, 20, optimizer, engine="loop")
    still = Recipe("still", 0, {}, lambda progress: 1.0, optimizer, epochs=1, patience=None)
    queue = RunList([still, replace(still, id="moved", optimizer=SGD(lr=0.1, momentum=0.0))])
    loop.train(structure, Widths.fixed(2), "never", queue, torch.device("cpu"))
    assert {name: result.status for name, result in queue.results.items()} == {"still": "complete", "moved": "failed"}
    reason = str(queue.results["moved"].reason)
    assert ("ChangedDropout" if kind is Rising else "UnknownDropout: forward calls a dropout, ") in reason
    with pytest.raises(Exception, match=said):
        raise RuntimeError(reason)


class LaterBranch(Flat):
    """A branch on a value in whole batches alone, which the trial with fewer examples does not meet."""

    def middle(self, y: Tensor, x: Tensor) -> Tensor:
        is_scaled = len(x) >= 20 and x.mean() > -100
        return F.dropout(y * 0.5 if is_scaled else y, 0.2, self.training)


def test_what_vmap_refuses_after_the_trial_is_trained_run_by_run(monkeypatch: pytest.MonkeyPatch) -> None:
    section = {"_target_": f"{LaterBranch.__module__}.LaterBranch"}
    builder = Builder()
    assert builder.engine(section, DIGITS)[0] == "lanes"
    data, optimizer = builder.dataset(DIGITS), SGD(lr=0.1, momentum=0.0)
    rates = {"dropout": 0.3}
    runs = [Recipe(str(seed), seed, rates, lambda progress: 1.0, optimizer, 2, None) for seed in range(3)]
    curves: list[Any] = []
    said: list[str] = []
    engines: tuple[Engine, ...] = "lanes", "loop"
    for engine in engines:
        structure = Structure(lambda: made(LaterBranch), data, {"dropout": Standard()}, 20, optimizer, engine=engine)
        queue = RunList(runs)
        monkeypatch.setattr(queue, "say", said.append)
        loop.train(structure, Widths.fixed(2), "never", queue, torch.device("cpu"))
        assert {result.status for result in queue.results.values()} == {"complete"}
        curves.append([queue.results[run.id].curves["val_loss"] for run in runs])
    assert curves[0] == curves[1]
    (fallen,) = [line for line in said if "run by run, from their first epochs" in line]
    assert "a branch on a value (" in fallen
    assert "test_branches.py, line" in fallen


@pytest.mark.parametrize(("kind", "count"), [(Later, 2), (EitherWay, 1)])
def test_a_dropout_in_the_source_that_the_trial_did_not_meet_is_named(kind: type[nn.Module], count: int) -> None:
    lines = Builder().warned({"_target_": f"{kind.__module__}.{kind.__name__}"}, DIGITS)
    assert len(lines) == count
    if count == 2:
        first = inspect.getsourcelines(Later.middle)[1]
        assert lines[1].endswith(f": {__file__}, line {first + 2}")


def config(kind: type[nn.Module], method: dict[str, Any]) -> dict[str, Any]:
    placed = {"placement": {"weights": {"*": 1.0}}, "rate": 0.3, "rates": {}, "dropouts": {}}
    return {"model": {"_target_": f"{kind.__module__}.{kind.__name__}"}, "dataset": DIGITS, "dropout": method, **placed}


def test_where_evaluation_has_fewer_calls_a_method_that_acts_there_does_not_drop() -> None:
    classic = {"_target_": "dropout_lab.dropout.classic.Classic"}
    able = {
        site.info.site: site.objection is None for site in methods_of(Builder(), config(Helped, classic), "classic")
    }
    assert able == {"dropout.0": False, "dropout.1": True}


def test_samples_of_masks_in_evaluation_need_the_dropout_there() -> None:
    standard = {"_target_": "dropout_lab.dropout.standard.Standard"}
    whole = {**config(Helped, standard), "trainer": {"mc_samples": 8}}
    check_mc_samples(Builder(), whole, {"dropout.0": 0.0, "dropout.1": 0.3})
    with pytest.raises(UserError, match=r"trainer\.mc_samples=8: .*dropout\.0"):
        check_mc_samples(Builder(), whole, {"dropout.0": 0.3, "dropout.1": 0.3})
