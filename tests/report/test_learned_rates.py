"""What methods have learned: from the rows of an epoch to the record, the frame, the tracker and the figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import dropout_lab
from dropout_lab import report
from dropout_lab.core.metrics.lookup import curve_names
from dropout_lab.records import store
from dropout_lab.records.writer import Writer, epoch_records
from dropout_lab.report.frames.documentation import described
from dropout_lab.tracker.records import FinishedRuns
from tests.report.canned import Sweep, grid

EPOCHS, SEEDS = 6, 2


def course(seed: int, epoch: int) -> float:
    return 0.1 + 0.05 * epoch + 0.01 * seed


def written(folder: Path) -> Path:
    """A sweep in whose dropped trials hidden.0 learns a rate and, in an epoch written twice, had another one first."""
    Sweep(grid(("hidden",), (0.0, 0.3)), seeds=SEEDS, epochs=EPOCHS).write(folder)
    trials = {trial["key"]: trial for trial in store.read(folder).trials if trial["rates"]}
    runs = [run for run in store.read(folder).runs if run["key"] in trials]
    writer = Writer(folder)
    for epoch in (2, *range(1, EPOCHS + 1)):
        is_old = epoch == 2 and not (folder / "learned-0.jsonl").exists()
        rows: dict[str, list[float | int | str | None]] = {
            "id": [run["id"] for run in runs],
            "epoch": [epoch] * len(runs),
            **{name: [1.0] * len(runs) for name in curve_names()},
            "rate/hidden.0": [0.9 if is_old else course(run["seed"], epoch) for run in runs],
            "sparsity/hidden.1": [None for _ in runs],
        }
        records = epoch_records(rows)
        assert set(records["curves"]) == {"id", "epoch", *curve_names()}
        writer.append("learned", records["learned"])
    writer.close()
    return folder


def test_an_epoch_without_learners_is_a_record_of_curves_alone() -> None:
    rows: dict[str, Sequence[Any]] = {"id": ["a"], "epoch": [1], **{name: [0.5] for name in curve_names()}}
    assert epoch_records(rows) == {"curves": rows}
    assert epoch_records({**rows, "rate/x": [None]}).keys() == {"curves"}


def test_what_was_learned_is_in_the_frame_the_tracker_and_the_figure(tmp_path: Path) -> None:
    folder = written(tmp_path / "sweep")
    frames = dropout_lab.load(str(folder))
    learned = frames.learned
    assert len(learned) == SEEDS * EPOCHS
    assert set(learned["site"]) == {"hidden.0"}
    assert set(learned["quantity"]) == {"rate"}
    for row in learned.to_dict("records"):
        assert row["value"] == course(row["seed"], row["epoch"])
    assert {*learned.columns} == {*described(frames).query("frame == 'learned'")["column"]}
    tracked = [run for run in FinishedRuns(folder).new() if "rate/hidden.0" in run.curves]
    assert len(tracked) == SEEDS
    assert all(len(run.curves["rate/hidden.0"]) == EPOCHS for run in tracked)
    made = report.make(folder, pdf=False)
    drawn = pd.read_csv(folder / "figures" / "learned_rate.csv")
    assert drawn["epoch"].tolist() == list(range(1, EPOCHS + 1))
    for row in drawn.to_dict("records"):
        low, high = (course(seed, row["epoch"]) for seed in range(SEEDS))
        assert abs(row["mean"] - (low + high) / 2) < 1e-12
        assert (row["least"], row["most"], row["n"]) == (low, high, SEEDS)
    assert "Learned rates over the epochs" in made.html.read_text()
    assert len(pd.read_csv(folder / "learned.csv")) == len(learned)
    assert not (folder / "figures" / "learned_sparsity.png").exists()


def test_a_sweep_without_learners_has_no_trace_of_them(tmp_path: Path) -> None:
    folder = Sweep(grid(("hidden",), (0.0, 0.3)), seeds=1, epochs=3).write(tmp_path / "sweep")
    frames = dropout_lab.load(str(folder))
    assert frames.learned.empty
    assert frames.learned.columns.tolist() == ["id", "epoch", "site", "quantity", "value", "trial", "key", "seed"]
