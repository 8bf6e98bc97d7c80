"""`metric=` and `trainer.best` by command: records, report, a search with a pruner, and repeating."""

import html
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from dropout_lab.records import predictions, store
from tests.cli.conftest import SMALL, Command

QUICK = ("dataset=wine", "model.width=16", "optimizer.lr=0.02", "trainer.epochs=4", "trainer.compile=never", "seeds=2")
"""A network so small that a sweep takes a second, and a learning rate at which it learns in it."""

ASKED = ("sweep", *QUICK, "metric=[f1_macro,auroc]", "objective=val_f1_macro")


@pytest.mark.slow
def test_a_sweep_measures_ranks_and_reports_by_what_was_asked(reported: Command, tmp_path: Path) -> None:
    outcome = reported(*ASKED, "trainer.best=val_f1_macro", "rate=0.1,0.5", "name=m")
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "outputs" / "m"
    records = store.read(folder)
    assert {f"val_{name}" for name in ("f1_macro", "auroc")} <= records.curves[0].keys()
    assert not {"val_brier", "val_mcc"} & records.curves[0].keys()
    for run in records.runs:
        kept = predictions.read(folder, run["id"])
        assert kept is not None
        assert run["test_f1_macro"] == pytest.approx(f1_score(kept[1], kept[0].argmax(1), average="macro"))
        assert run["test_auroc_chance"] == 0.5
        curve = [
            value
            for record in records.curves
            for name, value in zip(record["id"], record["val_f1_macro"], strict=True)
            if name == run["id"]
        ]
        assert run["best_epoch"] == int(np.argmax(curve)) + 1
    table = pd.read_csv(folder / "trials.csv")
    assert list(table["val_f1_macro"]) == sorted(table["val_f1_macro"], reverse=True)
    columns = pd.read_csv(folder / "columns.csv")
    described = set(columns.loc[columns["frame"] == "runs", "column"])
    assert {"val_auroc", "val_auroc_last", "test_auroc", "test_accuracy_chance"} <= described
    page = html.unescape((folder / "report.html").read_text())
    assert "The epoch with the highest validation macro F1 (trainer.best=val_f1_macro)" in page
    assert "A network that ignores its inputs would have: test accuracy" in page
    assert "majority 38.9 %; held-out" in page
    said = json.loads((folder / "report.json").read_text())
    assert [row["metric"] for row in said["rows"]][:5] == [
        *("test_loss", "test_accuracy", "test_f1_macro", "test_auroc", "val_f1_macro")
    ]


@pytest.mark.slow
def test_a_run_is_repeated_with_its_metrics(command: Command) -> None:
    assert command(*ASKED, "trainer.best=val_auroc", "rate=0.3", "name=m").code == 0
    again = command("train", "--from", "outputs/m", "1")
    assert again.code == 0, again.err
    assert again.out.count("identical") + again.out.count("the same") >= 2, again.out


@pytest.mark.slow
def test_a_search_with_a_pruner_goes_by_it(command: Command, tmp_path: Path) -> None:
    outcome = command(*ASKED, "sampler=tpe", "n_trials=3", "pruner=median", "rate=interval(0,0.5)", "name=m")
    assert outcome.code == 0, outcome.err
    assert "best val_f1_macro" in outcome.out
    assert {run["status"] for run in store.read(tmp_path / "outputs" / "m").runs} <= {"complete", "pruned"}


@pytest.mark.slow
def test_a_regression_has_errors_and_no_chance_of_classes(command: Command, tmp_path: Path) -> None:
    words = (
        "sweep",
        *SMALL[1:],
        "dataset=diabetes",
        "baseline=false",
        "metric=[r2,mae]",
        "objective=val_r2",
        "rate=0.3",
        "name=m",
    )
    outcome = command(*words)
    assert outcome.code == 0, outcome.err
    for run in store.read(tmp_path / "outputs" / "m").runs:
        assert run["val_r2_chance"] <= 0
        assert run["val_mae"] > 0
        assert "val_accuracy_chance" not in run
