"""Networks as people write them: their sites are found, and they are trained as their authors would train them."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dropout_lab.adoption.adopt import adopt, answer
from dropout_lab.adoption.modules import own_of
from dropout_lab.adoption.recorder import Recorder
from dropout_lab.build.builder import Builder
from dropout_lab.build.site_methods import OWN
from dropout_lab.cohort import loop
from dropout_lab.cohort.lift import Engine
from dropout_lab.cohort.optim import SGD
from dropout_lab.cohort.recipe import Recipe, RunList, Structure
from dropout_lab.cohort.step import Program
from dropout_lab.cohort.width import Widths
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import INSERT
from dropout_lab.datasets.digits import digits
from dropout_lab.dropout.spatial import Spatial
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.survey import site_infos
from dropout_lab.sites.method import AbstractDropout
from dropout_lab.sites.site import sites
from tests.adoption import author, zoo
from tests.adoption.libraries import LIBRARIES
from tests.rotate import rotated

ZOO = {**zoo.ZOO, **LIBRARIES}
CALLED = {
    "checkpointed": ["drop", "dropout.0", "drop", "dropout.1"],
    "shared": ["drop", "block.2", "block.2", "drop"],
    "transformers vit": [*LIBRARIES["transformers vit"].sites, "vit.layers.0.dropout"],
}
"""The sites in the order of the calls, where that is not each once."""
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name.startswith("timm") else name for name in ZOO]
LANES = [name for name, member in ZOO.items() if member.engine == "lanes"]
DIGITS = digits(limit=60)
DATASET: Any = {"_target_": "dropout_lab.datasets.digits.digits", "limit": 60}
EXAMPLE = DIGITS.example()


def seeded(make: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return make()


def made(name: str, seed: int = 0) -> nn.Module:
    """A member of the zoo, adopted; lazy layers have their shapes."""
    network = seeded(ZOO[name].make, seed)
    with torch.no_grad():
        network.eval()(EXAMPLE)
    return adopt(network.train(), EXAMPLE)


@pytest.mark.parametrize("name", NAMES)
def test_the_sites_are_those_of_the_author(name: str) -> None:
    infos = site_infos(made(name).eval(), EXAMPLE)
    found = {info.site: ("", 0.0) if info.own is None else (info.own.method, info.own.rate) for info in infos}
    assert list(found.items()) == list(ZOO[name].sites.items())


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_as_the_untouched_network(name: str) -> None:
    """In evaluation, and in training with the author's dropouts off."""
    untouched, ours = seeded(ZOO[name].make), made(name)
    with torch.no_grad():
        untouched.eval()(EXAMPLE)  # lazy layers draw their weights
        if any(parameter.numel() for parameter in untouched.parameters()):
            ours_parameters = dict(ours.named_parameters())
            untouched.load_state_dict(ours_parameters, strict=False)
    x = (DIGITS.inputs[:6] - DIGITS.split(0).mean) / DIGITS.split(0).std
    assert torch.allclose(answer(untouched.eval()(x)), ours.eval()(x), rtol=1e-4, atol=1e-5)
    off = copy.deepcopy(untouched).train()
    for module in off.modules():
        if own_of(module) is not None:
            setattr(module, "p" if hasattr(module, "p") else "drop_prob", 0.0)
        elif isinstance(module, zoo.Dropper):
            module.rate = 0.0
        elif isinstance(module, nn.RNNBase | nn.MultiheadAttention):
            module.dropout = 0.0
    torch.manual_seed(0)  # of noise that is no dropout
    with Recorder(off).watching():
        alone = answer(off(x))
    torch.manual_seed(0)
    assert torch.allclose(alone, ours.train()(x), rtol=1e-4, atol=1e-5)


def structure(name: str, engine: Engine, dropout: dict[str, AbstractDropout]) -> Structure:
    return Structure(lambda: made_now(name), DIGITS, dropout, 20, SGD(lr=0.0, momentum=0.0), engine=engine)


def made_now(name: str) -> nn.Module:
    """As `made`, with weights of torch's generator as it is."""
    network = ZOO[name].make()
    with torch.no_grad():
        network.eval()(EXAMPLE)
    return adopt(network.train(), EXAMPLE)


def recipe(number: int, rates: dict[str, float]) -> Recipe:
    return Recipe(
        id=str(number),
        seed=number,
        rates=rates,
        schedule=lambda progress: 1.0,
        optimizer=SGD(lr=0.1, momentum=0.9),
        epochs=2,
        patience=None,
    )


@pytest.mark.parametrize("name", rotated(sorted(LANES, key=lambda name: name.startswith("timm")), turn=1, of=8))
def test_side_by_side_it_is_what_it_is_run_by_run(name: str) -> None:
    places = list(ZOO[name].sites)
    methods: dict[str, AbstractDropout] = dict.fromkeys(places, Standard())
    runs = [recipe(0, {}), recipe(1, dict.fromkeys(places, 0.3))]
    results = []
    for engine in ("lanes", "loop"):
        queue = RunList(runs)
        chosen: Engine = "lanes" if engine == "lanes" else "loop"
        loop.train(structure(name, chosen, methods), Widths.fixed(2), "never", queue, torch.device("cpu"))
        results.append(queue.results)
    for one in runs:
        ours, plain = (found[one.id] for found in results)
        assert ours.status == plain.status == "complete", ours.traceback or plain.traceback
        assert ours.curves["val_loss"] == pytest.approx(plain.curves["val_loss"], rel=2e-3)
        assert ours.curves["running_loss"] == pytest.approx(plain.curves["running_loss"], rel=2e-3)
    first, second = (results[0][one.id].curves["running_loss"][0] for one in runs)
    assert first != second


@pytest.mark.parametrize("name", [name for name in NAMES if name != "site beside"])
def test_at_the_authors_rates_it_is_trained_as_the_author_trains_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for `site beside`, whose site is no dropout of the author's."""
    own, builder = ZOO[name].sites, Builder()
    methods = {site: builder.made("dropout", OWN[method]) for site, (method, _) in own.items()}
    run = recipe(1, {site: float(getattr(rate, "expected", rate)) for site, (_, rate) in own.items()})
    queue = RunList([run])
    engine: Engine = "lanes" if ZOO[name].engine == "lanes" else "loop"
    loop.train(structure(name, engine, methods), Widths.fixed(2), "never", queue, torch.device("cpu"))
    result = queue.results[run.id]
    assert result.status == "complete", result.traceback
    called = CALLED.get(name, list(own))
    monkeypatch.setattr(zoo, "checkpoint", lambda part, x, use_reentrant: part(x))  # whose masks are drawn twice
    alone = author.trained(ZOO[name].make, tuple(sites(made_now(name))), called, run, DIGITS, monkeypatch)
    assert result.curves["val_loss"] == pytest.approx(alone, rel=1e-3)


# What the builder makes of them


def section(name: str, patch: pytest.MonkeyPatch, **more: Any) -> dict[str, Any]:
    patch.setattr(zoo, "chosen", ZOO[name].make, raising=False)
    return {"_target_": "tests.adoption.zoo.chosen", **more}


@pytest.mark.parametrize("name", ["branch", "own function", "noise", "functional"])
def test_what_vmap_cannot_lift_is_trained_run_by_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    builder, model = Builder(), section(name, monkeypatch)
    engine, why = builder.engine(model, DATASET)
    assert engine == ZOO[name].engine
    assert bool(why) == (engine == "loop")
    assert "vmap:" not in why and "issue" not in why and "trainer.engine" not in why  # noqa: PT018
    if engine == "loop":
        with pytest.raises(UserError, match=r"^trainer\.engine=lanes: .*; trainer\.engine=auto trains run by run$"):
            builder.engine(model, DATASET, "lanes")
    assert builder.engine(model, DATASET, "loop")[0] == "loop"


def test_sites_are_put_behind_and_before_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    model = section("functional", monkeypatch, **{INSERT: ["conv", "fc:before"]})
    found = [(info.site, info.shape) for info in Builder().site_infos(model, DATASET)]
    assert found == [("conv", (4, 6, 6)), ("dropout", (36,)), ("fc.before", (36,))]
    with pytest.raises(
        UserError, match=r"sites\.insert=layer3\.\*: names no module; the network's modules are conv, fc"
    ):
        Builder().site_infos(section("functional", monkeypatch, **{INSERT: ["layer3.*"]}), DATASET)


class NotUsed(nn.Module):
    """A dropout in place whose result nobody reads."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.head, self.drop = nn.Linear(64, 8), nn.Linear(8, 10), nn.Dropout(0.5, inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(self.fc(x.flatten(1)))
        self.drop(y)
        out: Tensor = self.head(y)
        return out


class OfTheirOwn(nn.LSTM):
    """A class of the author's, which is not written out here, and a dropout inside of torch."""

    def __init__(self) -> None:
        super().__init__(8, 6, 2, dropout=0.3)


REFUSED = {
    NotUsed: "drop: a dropout changes its input in place, and its result is not used",
    OfTheirOwn: "network: nn.OfTheirOwn(dropout=0.3) drops inside of torch, where no rate reaches it",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_no_rate_reaches_is_refused_by_name(kind: type[nn.Module]) -> None:
    with pytest.raises(UserError) as refused:
        adopt(kind(), EXAMPLE)
    assert REFUSED[kind] in str(refused.value)


def test_methods_act_at_found_sites() -> None:
    """The program of a network with another method than the author's."""
    program = Program(replace(structure("unet", "lanes", {"dropout": Spatial()}), batch_size=4))
    assert list(program.sites) == ["dropout"]
