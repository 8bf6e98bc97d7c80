"""A sweep from Python is the sweep of the command line: its records, its refusals, its continuing."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from torch import Tensor, nn

import dropout_lab
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.records import store
from tests.api.nets import PARTS, SMALL, Net, make_net
from tests.cli.conftest import Command

CLOCK = {"started", "seconds", "epoch_seconds"}
"""Fields of records that depend on the clock."""


def records(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """All records of a folder, by file, without what depends on the clock."""
    found = {}
    for path in sorted(folder.glob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        found[path.name] = [{key: value for key, value in one.items() if key not in CLOCK | {"crc"}} for one in lines]
    return found


@pytest.mark.slow
def test_the_records_are_those_of_the_command_line(command: Command, home: Path) -> None:
    words = [
        *("dataset=wine", "model.width=8", "placement=input,hidden", "rate=0.1,0.3", "trainer.epochs=3"),
        *("trainer.batch_size=16", "trainer.compile=never", "seeds=2", "name=x"),
    ]
    assert command("sweep", *words).code == 0
    (home / "outputs" / "x").rename(home / "typed")
    found = dropout_lab.sweep(
        dataset="wine",
        model={"width": 8},
        placement=["input", "hidden"],
        rate=(0.1, 0.3),
        trainer={"epochs": 3, "batch_size": 16, "compile": "never"},
        seeds=2,
        name="x",
    )
    typed, called = records(home / "typed"), records(found.folder)
    (session,), (other,) = typed.pop("sessions.jsonl"), called.pop("sessions.jsonl")
    assert typed == called
    assert (home / "typed" / "trials.jsonl").read_bytes() == (found.folder / "trials.jsonl").read_bytes()
    assert sorted(session.pop("command").split()) == sorted(other.pop("command").split())
    assert session == other
    assert session["handed"] == []


def test_what_it_returns_is_what_the_report_has(home: Path) -> None:
    found = dropout_lab.sweep(Net, PARTS, rate=[0.1, 0.3], placement="own", name="<b>", **SMALL)
    assert found.report == home / "outputs" / "<b>" / "report.html"
    headline, _, _ = found.answer.partition(" (")
    assert headline in found.report.with_suffix(".md").read_text().replace("\\", "")
    assert len(found.trials) == 3  # with no dropout
    assert len(found.runs) == 6
    assert len(found.curves) == 18
    assert len(pd.read_csv(found.folder / "trials.csv")) == 3
    assert pd.read_csv(found.folder / "trials.csv")["trial"].tolist() == found.trials["trial"].tolist()
    assert found.trials.index.tolist() == found.trials["trial"].tolist()
    for number, key in ((record["trial"], record["key"]) for record in store.read(found.folder).trials):
        assert found.trials.loc[number, "key"] == key
    for wrong, said in ((3, "has no trial 3; it has 0 to 2"), (True, "the number of a trial"), ("0", r"repeat\('0'\)")):
        with pytest.raises(dropout_lab.UserError, match=said):
            found.repeat(wrong)
    loaded = dropout_lab.load(found.folder)
    assert found.runs.equals(loaded.runs)
    assert found.curves.equals(loaded.curves)
    assert found.figures
    assert found.figure(found.figures[0]).axes
    with pytest.raises(
        dropout_lab.UserError, match=rf"figure x: there is no such figure; allowed: .*{found.figures[0]}"
    ):
        found.figure("x")
    assert repr(found).startswith("<sweep in ")
    shown = found._repr_html_()
    assert "<b>" not in shown
    assert "&lt;b&gt;" in shown
    assert "<strong>" in shown


@pytest.mark.parametrize(
    ("model", "target"),
    [
        (Net, "tests.api.nets.Net"),
        (make_net, "tests.api.nets.make_net"),
        (functools.partial(Net, width=5), "tests.api.nets.Net"),
    ],
)
@pytest.mark.slow
def test_what_can_be_imported_is_recorded_by_its_name(model: Callable[..., nn.Module], target: str, home: Path) -> None:
    found = dropout_lab.sweep(model, PARTS, rate=[0.3], baseline=False, placement="own", **SMALL)
    (trial,) = (record for record in store.read(found.folder).trials if record["rates"])
    assert trial["config"]["model"]["_target_"] == target
    assert trial["config"]["model"].get("width") == (5 if isinstance(model, functools.partial) else None)
    assert store.read(found.folder).sessions[0]["handed"] == ["dataset"]


def test_what_has_no_name_trains_and_its_record_says_that_it_does_not_repeat(
    command: Command, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def call(width: int) -> Any:
        return dropout_lab.sweep(
            lambda outputs: Net(outputs, width), PARTS, rate=[0.3], placement="own", name="x", **SMALL
        )

    found = call(4)
    session, trial = store.read(found.folder).sessions[0], store.read(found.folder).trials[0]
    assert trial["config"]["model"]["_target_"].startswith("python:lambda@")
    assert session["handed"] == ["model", "dataset"]
    assert any("cannot be repeated from their records alone" in note for note in found.notes)
    assert any("cannot be repeated from their records alone" in warning for warning in session["warnings"])
    assert "dropout-lab train" not in found.answer
    assert "dropout_lab.sweep(model=model, data=data, " in found.answer
    capfd.readouterr()
    refused = command("train", "--from", "outputs/x", "0", "trust=true")
    assert refused.code == 2
    assert "handed over from Python" in refused.err
    # The same code in another object continues; other code does not.
    assert len(call(4).runs) == len(found.runs)
    assert "are not trained again" in capfd.readouterr().out
    with pytest.raises(dropout_lab.UserError, match="made with other settings"):
        call(5)
    assert found.repeat(0)
    assert "the result is the same" in capfd.readouterr().out


@pytest.mark.slow
def test_an_interrupted_call_is_continued_by_the_same_call(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def call() -> Any:
        return dropout_lab.sweep(Net, PARTS, rate=[0.1, 0.3], placement="own", name="x", **SMALL)

    def interrupted(*given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CohortTrainer, "train", interrupted)
        with pytest.raises(KeyboardInterrupt):
            call()
    assert (home / "outputs" / "x" / "sessions.jsonl").exists()
    assert len(call().runs) == 6


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rate": 1.5}, ("rate=1.5",)),
        ({"rate": [0.1, 1.0]}, ("rate=0.1,1.0",)),
        ({"modle": "mlp"}, ("modle=mlp",)),
        ({"model": ["mlp", "foo"]}, ("model=mlp,foo",)),
        ({"trainer.epoch": 5}, ("trainer.epoch=5",)),
        ({"placement": "conv"}, ("placement=conv",)),
        ({"rate": "interval(0,0.5"}, ("rate=interval(0,0.5",)),
        ({"optimizer": {"lr": "abc"}}, ("optimizer.lr=abc",)),
    ],
)
@pytest.mark.slow
def test_a_refusal_has_the_text_of_the_command_line(
    given: dict[str, Any], words: tuple[str, ...], command: Command, home: Path
) -> None:
    typed = command("sweep", *words, "dataset=wine")
    assert typed.code == 2
    with pytest.raises(dropout_lab.UserError) as refused:
        dropout_lab.sweep(**given, dataset="wine")
    assert f"dropout-lab: {refused.value}".strip() == typed.err.strip()
    assert not (home / "outputs").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": Net(2)}, "made already"),
        ({"model": 3}, "model: is 3"),
        ({"hydra/launcher": "joblib"}, "the command line starts others"),
        ({"workers": 2}, "the command line starts others"),
        ({"data": PARTS, "dataset": "wine"}, "give one of the two"),
        ({"data": PARTS, "dataset.test_fraction": 0.3}, "test part of their own"),
        ({"rate": []}, "must have a value at least"),
        ({"rate": {0.1, 0.2}}, "no order"),
        ({"optimizer": Net}, "optimizer: has a type"),
        ({"model": lambda width: Net(2, width), "data": PARTS}, "missing a required argument: 'width'"),
        ({"model": lambda: 3, "data": PARTS}, "makes a int"),
        ({"dataset": "arrays"}, "hand arrays over from Python: dropout_lab.sweep"),
    ],
)
def test_what_only_python_can_give_wrongly_is_refused(given: dict[str, Any], said: str, home: Path) -> None:
    with pytest.raises(dropout_lab.UserError) as refused:
        dropout_lab.sweep(**{"rate": [0.1, 0.2], **given})
    assert said in str(refused.value)
    assert not (home / "outputs").exists()


@pytest.mark.slow
def test_failed_runs_are_counted_by_the_result(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    class Failing(Net):
        def forward(self, x: Tensor) -> Tensor:
            if x.shape[-2] == 16:  # a batch; it is tried with four examples
                raise RuntimeError("no batches of 16")
            return super().forward(x)

    found = dropout_lab.sweep(Failing, PARTS, rate=[0.3], placement="own", **SMALL)
    assert found.runs["status"].tolist() == ["failed"] * 4
    assert "no batches of 16" in found.runs["reason"][0]
    assert "4 runs failed" in capfd.readouterr().out
    assert "4 of 4 runs failed" in found.answer
    assert found.figures == ()
    with pytest.raises(dropout_lab.UserError, match="allowed: none, as no run is complete"):
        found.figure("rate")
    assert found._repr_html_()


def test_a_validation_part_that_is_given_is_said(home: Path) -> None:
    x, y, *test = PARTS
    found = dropout_lab.sweep(Net, (x[:60], y[:60], x[60:], y[60:], *test), rate=[0.3], placement="own", **SMALL)
    assert "60 train, 30 validation and 30 test examples" in found.answer
    assert "but not the data set or its division" in found.answer.replace("\n", " ")
    assert "all seeds have the same validation part" in found.report.read_text()


def test_a_dry_run_trains_nothing(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert dropout_lab.sweep(Net, PARTS, dry_run=True, rate=[0.1, 0.3], placement="own", **SMALL) is None
    assert "3 configurations x 2 seeds = 6 runs" in capfd.readouterr().out
    assert not (home / "outputs").exists()
