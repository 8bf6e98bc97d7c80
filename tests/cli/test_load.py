"""The columns of a sweep that was trained are those that are documented."""

from pathlib import Path

import pytest

import dropout_lab
from dropout_lab.core.metrics.lookup import metric_of
from dropout_lab.report.frames.documentation import SITE, SWEPT, column, columns, described
from tests.cli.conftest import SMALL, Command


def test_a_real_sweep_has_the_columns_that_are_documented_and_no_others(command: Command, tmp_path: Path) -> None:
    words = ("sweep", *SMALL, "trainer.mc_samples=2", "rate=0.3", "optimizer.lr=0.01,0.001", "name=x")
    assert command(*words, "trainer.compile=never").code == 0
    frames = dropout_lab.load(tmp_path / "outputs" / "x")
    table = described(frames)  # raises for a column that is not documented
    for frame, documented in columns().items():
        have = set(table.loc[table["frame"] == frame, "column"])
        asked = {name for name in documented if (metric := metric_of(name)) is not None and metric.optional}
        assert documented.keys() - {SITE, SWEPT} - asked <= have
        meanings = dict(zip(table["column"], table["meaning"], strict=True))
        assert meanings["rates.hidden.0"] == documented.get(SITE, columns()["trials"][SITE]).meaning
        assert meanings["optimizer.lr"] == documented.get(SWEPT, columns()["trials"][SWEPT]).meaning
    assert (table["meaning"].str.len() > 5).all()
    runs = frames.runs
    assert (runs["gap_loss"] == runs["val_loss"] - runs["train_loss"]).all()
    assert runs["gap_accuracy"].to_numpy() == pytest.approx(runs["train_accuracy"] - runs["val_accuracy"])
    with pytest.raises(KeyError, match="rates_hidden"):
        column("runs", "rates_hidden", frames)
