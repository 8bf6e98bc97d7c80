"""Schedules, averages, frozen parameters and groups of them, from the command line to the records."""

from pathlib import Path

import pandas as pd
import pytest

from dropout_lab.records.store import read
from tests.cli.conftest import SMALL, Command

SWEPT = (
    *("sweep", *SMALL, "name=a", "rate=0.3", "optimizer=sgd", "optimizer.lr=0.02", "trainer.ema=0.5"),
    *("lr_schedule=cosine", "optimizer.groups.layers.3.lr=null,0.1", "trainer.freeze=[],[layers.1]"),
)


@pytest.mark.slow
def test_groups_and_frozen_parameters_are_swept_and_repeated(command: Command, tmp_path: Path) -> None:
    assert command(*SWEPT).code == 0
    folder = tmp_path / "outputs" / "a"
    records = read(folder)
    found = [record["config"] for record in records.trials]
    assert len(found) == 8  # with and without dropout
    groups = [one["optimizer"]["groups"] for one in found]
    assert [groups.count({}), groups.count({"layers.3": {"lr": 0.1}})] == [4, 4]
    assert sorted(one["trainer"]["freeze"] for one in found) == [[]] * 4 + [["layers.1"]] * 4
    assert len({run["val_loss"] for run in records.runs}) == 16
    assert command(*SWEPT).code == 0
    assert read(folder).runs == records.runs  # nothing is trained twice
    again = command("train", "--from", "outputs/a", "5")
    assert "the result is the same" in again.out


def test_a_group_and_its_numbers_are_searched(command: Command, tmp_path: Path) -> None:
    done = command(
        *("sweep", *SMALL, "name=b", "sampler=random", "n_trials=3", "rate=0.3", "baseline=false"),
        *("optimizer.groups.layers.3.lr=tag(log,interval(0.001,0.1))", "trainer.accumulate=int(interval(1,3))"),
    )
    assert done.code == 0, done.err
    trials = pd.read_json(tmp_path / "outputs" / "b" / "trials.jsonl", lines=True)
    rates = [config["optimizer"]["groups"]["layers.3"]["lr"] for config in trials["config"]]
    assert len(set(rates)) == 3
    assert all(0.001 <= rate <= 0.1 for rate in rates)


def test_a_pattern_without_a_parameter_is_the_users_mistake(command: Command) -> None:
    done = command("sweep", *SMALL, "trainer.freeze=[layer.1]")
    assert done.code == 2
    assert "trainer.freeze=layer.1: no parameter matches layer.1" in done.err
    assert command("sweep", *SMALL, "optimizer.groups.head.lr=0.1,0.2").code == 2
