"""What a command means that leaves something out, and what is refused rather than guessed; nothing is trained here."""

from pathlib import Path
from typing import Any

import pytest

from dropout_lab.core.trial import digest
from dropout_lab.records.writer import Writer
from dropout_lab.sweeper import dry_run
from dropout_lab.sweeper.prepare import Prepared
from tests.cli.conftest import SMALL, Command

SEARCH = ("sweep", "dry_run=true", "sampler=tpe", "n_trials=8", *SMALL)


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[Prepared]:
    """What every dry run has found, in place of what it would print."""
    found: list[Prepared] = []
    monkeypatch.setattr(dry_run, "show", lambda console, prepared, trainer: found.append(prepared))
    return found


def placements(prepared: Prepared) -> set[Any]:
    return {cell.described.label["placement"] for cell in prepared.cells}


@pytest.mark.parametrize(
    ("words", "placement"),
    [
        (("model=mlp", "dataset=wine"), "hidden"),
        (("model=cnn",), "hidden"),
        (("model=cnn", "model.hidden=[]"), "everywhere"),
        (("model=resnet",), "everywhere"),
        (("model=rnn", "dataset=copy"), "nonrecurrent"),
        (("model=transformer", "dataset=copy"), "vaswani"),
        (("model=transformer", "dataset=copy", "dropout=layerdrop"), "everywhere"),
    ],
)
def test_every_model_has_a_default_placement(
    words: tuple[str, ...], placement: str, command: Command, prepared: list[Prepared]
) -> None:
    done = command("train", "dry_run=true", *words)
    assert done.code == 0, done.err
    assert placements(prepared[0]) == {placement}


def test_a_chosen_placement_is_not_replaced(command: Command) -> None:
    done = command("train", "dry_run=true", "model=rnn", "dataset=copy", "placement=hidden")
    assert done.code == 2
    assert "no site matches" in done.err


def folder(tmp_path: Path, axes: dict[str, Any], settings: dict[str, Any], command: str = "") -> None:
    session = {"session": 0, "started": "", "command": command, "seeds": 2, "objective": ["val_loss"], "versions": {}}
    writer = Writer(tmp_path / "outputs" / "x")
    writer.append("sessions", {**session, "axes": axes, "settings": settings, "device": "cpu"})
    writer.close()


def test_one_value_of_what_the_folder_swept_is_a_sweep_of_it(
    command: Command, prepared: list[Prepared], tmp_path: Path
) -> None:
    words = ("sweep", "dry_run=true", *SMALL, "name=x", "device=cpu")
    assert command(*words, "rate=0.1,0.2").code == 0
    plan = prepared.pop().plan
    folder(tmp_path, {"rate": [0.1, 0.2]}, dict(plan.config))
    assert command(*words, "rate=0.1").code == 0
    (found,) = prepared
    assert {key for cell in found.cells for key in cell.values} == {"rate"}
    assert placements(found) == {"none", "hidden"}


def test_a_part_of_the_default_placements_stays_a_part(
    command: Command, prepared: list[Prepared], tmp_path: Path
) -> None:
    words = ("sweep", "dry_run=true", *SMALL, "name=x", "device=cpu")
    assert command(*words, "placement=input,hidden", "rate=0.1,0.2").code == 0
    plan = prepared.pop().plan
    folder(
        tmp_path, {"placement": ["input", "hidden"], "rate": [0.1, 0.2]}, dict(plan.config), "placement=input,hidden"
    )
    assert command(*words, "rate=0.1").code == 0
    assert "everywhere" not in placements(prepared[0])


@pytest.mark.slow
def test_a_new_range_with_nothing_left_to_search_is_refused(
    command: Command, prepared: list[Prepared], tmp_path: Path
) -> None:
    words = (*SEARCH[:-1], "seeds=1", "name=x", "device=cpu")
    assert command(*words, "rate=interval(0,0.5)").code == 0
    plan = prepared.pop().plan
    folder(tmp_path, {"rate": plan.axes[0].describe()}, dict(plan.config))
    trial = {"context": "c", "label": {}, "params": {"rate": 0.1}, "rates": {"hidden.0": 0.1}, "structure": {}}
    writer = Writer(tmp_path / "outputs" / "x")
    for number in range(8):
        config = {"number": number, "rates": {"hidden.0": 0.1}}
        writer.append("trials", {**trial, "trial": number, "config": config, "key": digest(config)}, durable=False)
        run = {"id": f"{digest(config)}-0-1", "key": digest(config), "seed": 0, "attempt": 1, "status": "complete"}
        how = {"reason": None, "val_loss": 1.0, "epochs": 1, "session": 0, "width": 2, "compiled": False, "threads": 1}
        writer.append("runs", {**run, **how}, durable=False)
    writer.close()
    assert command(*words, "rate=interval(0,0.5)").code == 0
    done = command(*words, "rate=interval(0,0.3)")
    assert done.code == 2
    assert "rate: 0.0 to 0.5 there, 0.0 to 0.3 now" in done.err
    assert "Raise n_trials above 8" in done.err
    assert command(*words, "rate=interval(0,0.3)", "n_trials=9").code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("sweep", "rate=0.1,0.2", "workers=2", *SMALL), ("workers=2", "basic launcher", "hydra/launcher=joblib")),
        (
            ("sweep", "rate=0.1", "workers=4", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", *SMALL),
            ("workers=4", "n_jobs is 2", "n_jobs=4"),
        ),
        (("sweep", "rate=range(0.1,0.5)"), ("rate=range(0.1,0.5)", "one value 0.1", "range(0.1,0.5,0.04)")),
        (("sweep", "rate=range(0,0.9,1e-9)"), ("at most 100000",)),
        (
            ("sweep", "rate=range(0,0.9,0.001)", "optimizer.lr=range(0.1,0.9,0.001)", *SMALL),
            ("720000 configurations", "sampler=tpe"),
        ),
    ],
)
def test_what_would_mislead_is_refused(words: tuple[str, ...], told: tuple[str, ...], command: Command) -> None:
    done = command(*words)
    assert done.code == 2, done.out
    for part in told:
        assert part in done.err


def test_a_sampler_without_its_package_is_refused_before_training(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "cmaes", None)
    done = command(*SEARCH, "sampler=cmaes", "rate=interval(0,0.5)", "rates.input=interval(0,0.5)")
    assert done.code == 2
    assert "the package cmaes is not installed" in done.err
    assert "dropout-lab[samplers]" in done.err


def test_a_baseline_has_no_key_that_its_member_lacks(command: Command, prepared: list[Prepared]) -> None:
    done = command(*SEARCH, "optimizer=sgd,adam", "optimizer.momentum=interval(0,0.9)", "rate=interval(0,0.5)")
    assert done.code == 0, done.err
    values = {str(cell.values["optimizer"]): set(cell.values) for cell in prepared[0].cells}
    assert values == {"sgd": {"optimizer", "optimizer.momentum", "rate"}, "adam": {"optimizer", "rate"}}
    plan = prepared[0].plan
    momentum = next(axis for axis in plan.axes if axis.key == "optimizer.momentum")
    assert plan.asks_for(momentum, {"optimizer": "sgd"})
    assert not plan.asks_for(momentum, {"optimizer": "adam"})
