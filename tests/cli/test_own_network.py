"""A network of the user's, from the file in the working folder to the report that speaks of its layers."""

from pathlib import Path

import pandas as pd
import pytest

from dropout_lab.records import store
from dropout_lab.report.frames.load import load
from tests.adoption.zoo import ZOO
from tests.cli.conftest import Command

NET = """
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, num_classes, width=8):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.drop1 = nn.Dropout2d(0.2)
        self.fc1, self.fc2 = nn.Linear(64, width), nn.Linear(width, num_classes)

    def forward(self, x):
        x = self.drop1(F.max_pool2d(F.relu(self.conv(x)), 2))
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(F.dropout(x, 0.5, {training}))
"""

FIVE = ["lstm", "encoder", "resnet", "branch", "dict"]
"""Of the zoo: recurrent, a transformer, stochastic depth, trained run by run, an output that is no tensor."""


@pytest.fixture
def net(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The words of a network whose file, of a name that no other test imports, stands in the working folder."""
    name = f"net_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(NET.format(training=getattr(request, "param", "self.training")))
    return f"model._target_={name}.Net", "model.num_classes=${data:outputs}"


SHORT = ("dataset.limit=120", "trainer.epochs=2", "seeds=2", "trainer.compile=never")


def test_its_sites_are_listed(net: tuple[str, ...], command: Command) -> None:
    done = command("sites", *net)
    assert done.code == 0, done.err
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "drop1 units 4x4x4 spatial 0.2 nn.Dropout2d(p=0.2)" in lines
    assert "dropout units 8 standard 0.5 F.dropout(p=0.5)" in lines
    assert "placement=own rate=0.1,0.3,0.5" in done.out
    assert "Without dropout=, sites drop by these methods, with every placement (dropout=own)." in done.out


def test_that_runs_are_trained_one_by_one_is_said_with_the_reason(command: Command) -> None:
    done = command("sites", "model._target_=tests.adoption.zoo.Branch")
    said = " ".join(done.out.split())
    assert "Runs take turns at every step, at the speed of a plain loop: " in said
    assert "(torch.func.vmap): a branch on a value (" in said


def test_inserted_sites_are_listed(net: tuple[str, ...], command: Command) -> None:
    done = command("sites", *net, "sites.insert=[conv,fc1:before]")
    assert [line.split()[0] for line in done.out.splitlines()[4:8]] == ["conv", "drop1", "fc1.before", "dropout"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sites.insert=[fc3]",), "sites.insert=fc3: names no module; the network's modules are conv, fc1, fc2"),
        (("sites.insert=[drop1]",), "sites.insert=drop1: drop1 is a site already"),
        (("model.num_classes=${data:words}",), "${data:words}: digits has no words; allowed: input_shape, outputs"),
        (("model.depth=3",), "depth"),
        (("rates.drop1=0.1", "dropouts.drop1=attention"), "drop1"),
    ],
)
def test_a_mistake_is_refused_with_its_place(
    words: tuple[str, ...], said: str, net: tuple[str, ...], command: Command
) -> None:
    done = command("sweep", *net, *words)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_sweep_has_the_network_as_it_is_beside_no_dropout(
    net: tuple[str, ...], tmp_path: Path, reported: Command
) -> None:
    done = reported("sweep", *net, *SHORT, "name=x", "placement=own", "rate=0.1,0.5")
    assert done.code == 0, done.err
    assert "(own at 0.5 is the network as it is)" in " ".join(done.out.split())
    rates = [trial["rates"] for trial in store.read(tmp_path / "outputs" / "x").trials]
    assert rates == [{}, {"drop1": 0.2, "dropout": 0.5}, {"drop1": pytest.approx(0.04), "dropout": 0.1}]
    again = reported("sweep", *net, *SHORT, "name=x", "placement=own,last", "rate=0.1,0.5")
    assert again.code == 0, again.err
    assert len(store.read(tmp_path / "outputs" / "x").trials) == 5


@pytest.mark.slow
def test_the_authors_methods_are_the_default_with_every_placement(
    net: tuple[str, ...], tmp_path: Path, command: Command
) -> None:
    words = ("train", *net, *SHORT, "seeds=1", "rate=0.3")
    methods = []
    for number, given in enumerate(([], ["dropout=standard"], ["dropouts.drop1=standard"])):
        done = command(*words, "placement=everywhere", f"name={number}", *given)
        assert done.code == 0, done.err
        (trial,) = store.read(tmp_path / "outputs" / str(number)).trials
        assert trial["rates"] == {"drop1": 0.3, "dropout": 0.3}
        methods.append(trial["config"]["dropout"])
    spatial, standard = ({"_target_": f"dropout_lab.dropout.{name}.{name.title()}"} for name in ("spatial", "standard"))
    assert methods == [{"drop1": spatial, "dropout": standard}, standard, standard]


def test_what_a_command_does_not_name_stays_as_the_author_wrote_it(
    net: tuple[str, ...], tmp_path: Path, command: Command
) -> None:
    done = command("sweep", *net, *SHORT, "seeds=1", "name=x", "rates.drop1=0,0.3")
    assert done.code == 0, done.err
    rates = [trial["rates"] for trial in store.read(tmp_path / "outputs" / "x").trials]
    assert rates == [{}, {"drop1": 0.2, "dropout": 0.5}, {"dropout": 0.5}, {"drop1": 0.3, "dropout": 0.5}]


def test_a_search_has_the_network_as_it_is(net: tuple[str, ...], tmp_path: Path, command: Command) -> None:
    words = ("sampler=random", "n_trials=2", "placement=everywhere", "rate=interval(0.1,0.4)")
    done = command("sweep", *net, *SHORT, "name=x", *words)
    assert done.code == 0, done.err
    trials = store.read(tmp_path / "outputs" / "x").trials
    assert {"drop1": 0.2, "dropout": 0.5} in [trial["rates"] for trial in trials]


@pytest.mark.parametrize("net", ["True"], indirect=True)
def test_dropout_that_is_not_told_the_mode_is_told(net: tuple[str, ...], command: Command) -> None:
    done = command("sweep", *net, *SHORT, "placement=own", "rate=0.1", "dry_run=true")
    assert done.code == 0, done.err
    said = " ".join((done.out + done.err).split())
    assert "drops in evaluation mode too (dropout: F.dropout(p=0.5)); here it drops in training alone" in said


@pytest.mark.slow
@pytest.mark.parametrize("name", FIVE)
def test_networks_of_the_zoo_are_swept_and_reported(
    name: str, tmp_path: Path, reported: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.adoption.zoo.chosen", ZOO[name].make, raising=False)
    done = reported("sweep", "model._target_=tests.adoption.zoo.chosen", *SHORT, "name=x", "placement=own", "rate=0.1")
    assert done.code == 0, done.err
    engine = ZOO[name].engine
    assert ("runs take turns at every step" in " ".join((done.out + done.err).split())) == (engine == "loop")
    folder = tmp_path / "outputs" / "x"
    assert len(load(folder).trials) == 3 - (max(rate for _, rate in ZOO[name].sites.values()) == 0.1)
    assert (folder / "report.html").exists()
    assert {f"rates.{site}" for site in ZOO[name].sites} <= {*pd.read_csv(folder / "trials.csv").columns}
