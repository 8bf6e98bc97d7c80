"""A mistake gets exit code 2 and a message: the key, what was given, what is allowed. Nothing is written.

`tests/test_wrong_settings.py` has the settings that are refused once they are composed.
"""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.cli.conftest import SMALL, Command, Trained, table
from tests.rotate import rotated

MISTAKES = [
    # the words, and what the message must say
    (("sweep", "rate=0.5,1.0"), ("rate=1.0", "below 1")),
    (("train", "rate=abc"), ("rate=abc",)),
    (("train", "trainer.epoch=5"), ("trainer.epoch", "batch_size", "did you mean epochs")),
    (("train", "modle=mlp"), ("modle", "did you mean model")),
    (("sweep", "model.widht=3,4"), ("model.widht", "did you mean width")),
    (("train", "model=foo"), ("model=foo", "offers cnn, ")),
    (("sweep", "model=mlp,foo"), ("model=foo", "offers cnn, ")),
    (("train", "experiment=foo"), ("experiment=foo", "rate_by_width")),
    (("train", "placement=conv"), ("conv.*", "input, hidden.0, hidden.1")),
    (("sweep", "sampler=tpe", "n_trials=2", "sampler.foo=3", "rate=interval(0,0.5)"), ("sampler.foo", "seed")),
    (("sweep", "sampler=tpe", "n_trials=2", "+sampler.foo=3", "rate=interval(0,0.5)"), ("sampler", "foo")),
    (("sweep", "sampler=tpe", "n_trials=2", "rate=interval(0,1)"), ("rate=1.0", "below 1")),
    (("sweep", "sampler=tpe", "rate=interval(0,0.5)"), ("n_trials",)),
    (("sweep", "sampler=tpe", "n_trials=0", "rate=interval(0,0.5)"), ("n_trials=0", "at least 1")),
    (("sweep", "n_trials=5", "rate=0.1,0.2"), ("n_trials", "sampler")),
    (("sweep", "rate=interval(0,0.5)"), ("rate", "grid", "sampler=random")),
    (("sweep", "rate=0.1", "pruner=median", "objective=[val_loss,gap]"), ("pruner", "two objectives")),
    (("sweep", "rate=0.1", "dataset=wine,diabetes"), ("dataset", "cannot be ranked")),
    (("sweep", "rate=0.1", "dataset=diabetes", "objective=val_accuracy"), ("objective=val_accuracy", "regression")),
    (("sweep", "rate=0.1,0.2", "rate=0.3"), ("rate: given twice",)),
    (("train", "+foo=3"), ("foo: there is no such key",)),
    (("train", "+trainer.epoch=3"), ("trainer.epoch: there is no such key; did you mean epochs?",)),
    (("train", "~rate"), ("~rate", "give it a value")),
    (("train", "model=null"), ("cannot be null", "--help")),
    (("train", "placement=custom"), ("placement=custom", "placement.weights={hidden:1.0")),
    (("sweep", "rate=0.1", "hydra.sweep.dir=/proc/x"), ("/proc/x", "cannot be made")),
    (("sweep", "rate=0.1", "hydra/launcher=joblib", "hydra.launcher.n_jobs=0"), ("n_jobs=0", "at least 1")),
    (("sweep", "sampler=tpe", "n_trials=2", "rate=interval(0,0.5)", "sampler.seed=abc"), ("sampler.seed", "abc")),
    (("-sc", "foo"), ("-sc", "bash")),
    (("sweep", "rate=0.1,0.2", "zip=[rate,optimizer.lr]"), ("zip=", "[[rate,optimizer.lr]]")),
    (("sweep", "rate=0.1,0.2", "zip=[[rate,optimizer.lr]]"), ("zip=[rate,optimizer.lr]", "optimizer.lr is not swept")),
    (
        ("sweep", "rate=0.1,0.2", "optimizer.lr=0.1,0.2,0.3", "zip=[[rate,optimizer.lr]]"),
        ("as many values each", "rate 2, optimizer.lr 3"),
    ),
    (
        ("sweep", "sampler=tpe", "n_trials=2", "rate=0.1,0.2", "model.width=4,8", "zip=[[rate,model.width]]"),
        ("sampler",),
    ),
    (("sweep", "grids=[rate]"), ("grids=", "[{placement:input,rate:[0.1,0.2]}")),
    (("sweep", "grids=[{rate:[]}]"), ("grids: rate:[]", "at least one")),
    (("sweep", "grids=[{rate:[0.1,0.2]}]", "rate=0.3,0.4"), ("rate: swept twice",)),
    (("sweep", "grids=[{rate:[0.1,0.2]}]", "rate=0.3"), ("rate: given twice",)),
    (("sweep", "grids=[{seeds:[1,2]}]"), ("seeds: cannot be swept",)),
    (("sweep", "grids=[{rate:[0.1,0.2]}]", "sampler=random", "n_trials=2"), ("grids", "sampler=grid")),
    (("train", "grids=[{rate:[0.1,0.2]}]"), ("rate: train takes one value",)),
    (
        ("sweep", "trainer.pretrain_epochs=3", "trainer.pretrain_classes=choice([0,1],[2,3])", "rate=0.1"),
        ("trainer.pretrain_classes", "cannot be ranked"),
    ),
    (("sweep", "rate=0.1", "dataset=table", "dataset.path=a.csv,b.csv"), ("dataset.path", "cannot be ranked")),
    (("sweep", "rate=0.1", "seeds=3,7"), ("seeds: cannot be swept",)),
    (("sweep", "rate=0.1", "dataset=diabetes", "metric=[rmse,f1_macro]"), ("metric=f1_macro", "regression", "rmse")),
    (("sweep", "rate=0.1", "dataset=wine", "metric=top_5_accuracy"), ("metric=top_5_accuracy", "3 classes")),
    (("sweep", "rate=0.1", "metric=f1_macro,auroc"), ("metric: cannot be swept", "metric=[f1_macro,auroc]")),
    (("sweep", "rate=0.1", "objective=val_loss,gap"), ("objective: cannot be swept", "in brackets")),
    (("sweep", "rate=interval(0,0.5)", "n_trials=2", "sampler=tpe,random"), ("sampler: cannot be swept",)),
    (("sweep", "rate=0.1", "trainer.compile=auto,never"), ("trainer.compile: cannot be swept",)),
    (("sweep", "sampler=cmaes", "n_trials=2", "rate=interval(0,0.5)", "objective=[val_loss,gap]"), ("sampler", "Cma")),
    (
        ("sweep", "sampler=random", "n_trials=4", "model=cnn,mlp", "placement=hidden,conv", "rate=interval(0.1,0.5)"),
        ("conv.*", "in the configuration model=mlp placement=conv"),
    ),
    (("sweep", "dropouts.hidden=standart", "rate=0.1"), ("no method standart", "did you mean standard?")),
    (("train", "dropouts.hidden=3"), ("dropouts.hidden=3", "name of a method")),
    (
        ("train", "dropouts.conv=spatial"),
        ('dropouts.conv=spatial: no site matches "conv"', "input, hidden.0, hidden.1"),
    ),
    (("train", "seeds=many"), ("seeds=many", "whole number")),
    (("train", "rate=0.1,0.2"), ("rate", "sweep")),
    (("sweep", "rate=nan,0.1"), ("rate=nan,0.1", "finite")),
    (("sweep", "rate=0.1", "optimizer.lr=1e400,1"), ("optimizer.lr=1e400,1", "finite")),
    (("sweep", "rate=range(0,inf)"), ("rate=range(0,inf)", "finite")),
    (("sweep", "rate=range(nan,1)"), ("rate=range(nan,1)", "finite")),
    (("sweep", "rate=int(range(0,3,0.5))"), ("rate=int(range(0,3,0.5))", "step that is not 0", "cast")),
    (("sweep", "rate=tag(log,choice(0.1,0.2))"), ("rate=tag(log,choice(0.1,0.2))", "interval")),
    (("sweep", "optimizer.lr=tag(log,range(0.1,0.5,0.1))"), ("whole numbers", "interval")),
    (("train", "optimizer.lr=true"), ("optimizer.lr=true", "a finite number of at least 0")),
    (("sweep", "optimizer.weight_decay=0,true"), ("optimizer.weight_decay=true", "a finite number of at least 0")),
    (("train", "device=abacus"), ("device=abacus", "cpu")),
    (("train", "name=../elsewhere"), ("name=../elsewhere",)),
    (("sweep", "rate=range(0,0.5"), ("range(0,0.5",)),
    (("train", "nonsense"), ("nonsense",)),
    (("train", "--from", "outputs/nosuch", "3"), ("outputs/nosuch", "there is no such folder")),
    (("train", "--from", "outputs/nosuch"), ("--from", "number")),
    (("report", "nosuch"), ("nosuch", "there is no such folder")),
    (("report", "."), ("no sweep folder", "sessions.jsonl")),
    (("report",), ("report", "one sweep folder, or several")),
    (("report", "a", "--wacht"), ("unrecognized arguments: --wacht", "--watch")),
    (("report", "a", "b", "--watch"), ("--watch takes one sweep folder",)),
    (("report", "a", "--out", "b"), ("--out is for several",)),
    (("report", "a", "report.baseline=first"), ("report.baseline=first", "number of a trial")),
    (("report", "a", "report.basline=1"), ("report.basline=1", "report.baseline=TRIAL")),
    (("report", "a", "report.table=nosuch"), ("report.table=nosuch", "time_ratio")),
    (("report", "a", "b", "report.baseline=1"), ("report.baseline= takes one sweep folder",)),
    (("report", "a", "b", "--out"), ("--out: expected one argument",)),
    (("frobnicate",), ("frobnicate", "train, sweep, sites, data, report and export")),
]


KINDS = """\
sweep rate=0.5,1.0
train rate=abc
train trainer.epoch=5
sweep model.widht=3,4
train model=foo
sweep rate=interval(0,0.5)
sweep rate=0.1 dataset=wine,diabetes
sweep rate=0.1,0.2 rate=0.3
train placement=custom
train optimizer.lr=true
sweep rate=0.1 hydra.sweep.dir=/proc/x
-sc foo
sweep grids=[{rate:[]}]
sweep dropouts.hidden=standart rate=0.1
train rate=0.1,0.2
train name=../elsewhere
sweep rate=range(0,0.5
""".splitlines()
"""One mistake of each kind: of those that go through all of Hydra only these are quick."""


def case(words: tuple[str, ...], said: tuple[str, ...]) -> Any:
    line = " ".join(words)
    is_quick = line in KINDS or "--from" in words or words[0] not in ("train", "sweep")
    return pytest.param(words, said, id=line, marks=() if is_quick else pytest.mark.slow)


def test_the_quick_ones_are_among_all() -> None:
    assert set(KINDS) <= {" ".join(words) for words, _ in MISTAKES}


@pytest.mark.parametrize(("words", "said"), [case(*mistake) for mistake in MISTAKES])
def test_a_mistake_is_named_and_nothing_is_written(
    words: tuple[str, ...], said: tuple[str, ...], command: Command, tmp_path: Path
) -> None:
    outcome = command(*words)
    assert outcome.code == 2
    for fragment in said:
        assert fragment in outcome.err
    assert "Traceback" not in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_settings_is_refused_and_shows_the_difference(command: Command, trained: Trained) -> None:
    trained("train", *SMALL, "name=mine")
    outcome = command("train", *SMALL, "trainer.epochs=4", "name=mine")
    assert outcome.code == 2
    assert "trainer.epochs: 3 there, 4 now" in outcome.err


def test_a_folder_of_something_else_is_not_written_into(command: Command, tmp_path: Path) -> None:
    (tmp_path / "outputs" / "mine").mkdir(parents=True)
    (tmp_path / "outputs" / "mine" / "thesis.tex").write_text("chapter 1")
    outcome = command("train", *SMALL, "name=mine")
    assert outcome.code == 2
    assert "outputs/mine" in outcome.err
    assert [path.name for path in (tmp_path / "outputs" / "mine").iterdir()] == ["thesis.tex"]


def test_a_damaged_record_is_refused_by_file_and_line(command: Command, trained: Trained) -> None:
    runs = trained("train", *SMALL, "name=mine") / "runs-0.jsonl"
    lines = runs.read_text().splitlines(keepends=True)
    runs.write_text(lines[0][:40] + "\n" + lines[1])
    for words in (("train", *SMALL, "name=mine"), ("report", "outputs/mine")):
        outcome = command(*words)
        assert outcome.code == 2
        assert "runs-0.jsonl, line 1" in outcome.err


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("runs-0.jsonl", '"val_loss":', '"val_loss":"abc","x":'),
        ("runs-0.jsonl", '"seed":', '"seed":"one","x":'),
        ("curves-0.jsonl", '"val_loss":[', '"val_loss":[[1],'),
        ("trials.jsonl", '"trial":', '"trial":"0","x":'),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_file_and_line(
    file: str, old: str, new: str, command: Command, trained: Trained
) -> None:
    path = trained("train", *SMALL, "name=mine") / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    outcome = command("train", *SMALL, "name=mine")
    assert outcome.code == 2
    assert f"{file}, line 1: the record is damaged" in outcome.err
    assert "Traceback" not in outcome.err


def test_a_lost_record_of_a_configuration_is_written_again(command: Command, trained: Trained) -> None:
    words = ("sweep", *SMALL, "rate=0.1,0.2", "name=mine")
    folder = trained(*words)
    path, before = folder / "trials.jsonl", table(folder)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + lines[2])
    outcome = command(*words)
    assert "the record of trial 1 was lost and has been written again" in outcome.out
    assert "0 runs to train" in outcome.out
    pd.testing.assert_frame_equal(table(folder), before, check_exact=True)


@pytest.mark.parametrize("left", rotated([200, 0]))
def test_a_torn_record_of_the_only_command_does_not_block_the_folder(
    left: int, command: Command, trained: Trained
) -> None:
    path = trained("train", *SMALL, "name=mine") / "sessions.jsonl"
    path.write_text(path.read_text()[:left])
    assert command("train", "--from", "outputs/mine", "0").code == 0
    outcome = command("train", *SMALL, "name=mine")
    assert outcome.code == 0
    assert "0 runs to train" in outcome.out
    assert command("report", "outputs/mine").code == 0


def test_a_file_in_the_place_of_the_folder_and_a_config_without_a_class(command: Command, tmp_path: Path) -> None:
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "mine").write_text("")
    assert "outputs/mine is no folder" in command("train", *SMALL, "name=mine").err
    (tmp_path / "conf" / "model").mkdir(parents=True)
    (tmp_path / "conf" / "model" / "bad.yaml").write_text("width: 3\n")
    (tmp_path / "conf" / "model" / "torn.yaml").write_text("width: [3\n")
    for model, said in (("bad", "model: the config names no class"), ("torn", "is no YAML")):
        outcome = command("train", "--config-dir", "conf", f"model={model}")
        assert outcome.code == 2
        assert said in outcome.err
        assert "Traceback" not in outcome.err


def test_a_torn_last_line_is_repaired_and_said(command: Command, trained: Trained) -> None:
    runs = trained("train", *SMALL, "name=mine") / "runs-0.jsonl"
    whole = runs.read_text()
    runs.write_text(whole[:-30])
    outcome = command("train", *SMALL, "name=mine")
    assert outcome.code == 0
    assert "torn" in outcome.out
    assert "1 runs to train" in outcome.out
    assert len(runs.read_text().splitlines()) == 2
