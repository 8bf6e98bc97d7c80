"""Sweeps of tables that say how their rows are divided: what is told, recorded and reported."""

from pathlib import Path

import pandas as pd
import pytest

from dropout_lab.records import store
from tests.cli.conftest import SMALL, Command

WORDS = ("sweep", "dataset=table", "dataset.path=t.csv", "dataset.target=y", *SMALL[1:], "rate=0.1", "placement=hidden")


def write(folder: Path) -> None:
    rows = [(i * 37 % 101, f"p{i * 7 % 12:02}", f"2024-{1 + i // 28:02}-{1 + i % 28:02}", i % 2) for i in range(84)]
    pd.DataFrame(rows, columns=["a", "patient", "day", "y"]).to_csv(folder / "t.csv", index=False)


@pytest.mark.slow
def test_folds_of_groups_are_told_in_the_report(reported: Command, tmp_path: Path) -> None:
    write(tmp_path)
    group = ("dataset.group=patient", "dataset.drop=[day]")
    said = reported(*WORDS, *group, "dataset.folds=3", "seeds=4", "name=s")
    assert said.code == 0
    out = " ".join(said.out.split())
    assert "t.csv: column patient is dataset.group: 12 groups of 7 rows, never on both sides; it is no feature" in out
    assert "divide the rows in time with dataset.time=day" in out
    page = (tmp_path / "outputs" / "s" / "report.md").read_text()
    assert "which of 3 folds validates (whole groups of patient), but not the data set or the test set." in page
    assert "4 seeds are 1 repetition of 3 folds and 1 fold of another, so examples validate unequally often." in page
    assert "each seed validates on one of 3 folds" in page
    scope = store.read(tmp_path / "outputs" / "s").sessions[-1]["scope"]
    assert (scope["folds"], scope["groups"], scope["train"], scope["validation"]) == (3, "patient", 42, 28)
    for key, value in (("dataset.folds", "null"), ("dataset.group", "null")):
        other = reported(
            *WORDS, "dataset.drop=[day,patient]", *group[:1], "dataset.folds=3", f"{key}={value}", "name=s"
        )
        assert other.code == 2
        assert key in other.err


@pytest.mark.slow
def test_a_division_in_time_is_the_one_that_the_report_is_about(reported: Command, tmp_path: Path) -> None:
    write(tmp_path)
    said = reported(*WORDS, "dataset.time=day", "dataset.drop=[patient]", "seeds=2", "name=s")
    assert said.code == 0
    page = (tmp_path / "outputs" / "s" / "report.md").read_text()
    assert "(in time, by day): the results are about this one division." in page
    assert "all seeds have the same validation part, and the intervals do not cover another one" in page
    assert "54 train, 13 validation and 17 test examples" in page


def test_keys_that_exclude_one_another_end_the_command(command: Command, tmp_path: Path) -> None:
    write(tmp_path)
    said = command(*WORDS, "dataset.time=day", "dataset.group=patient", "dry_run=true")
    assert said.code == 2
    assert "dataset.time=day and dataset.group=patient: a cut in time divides groups" in said.err
