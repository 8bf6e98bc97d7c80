"""How lanes were used: the table and the figure's slices by hand, over commands and workers, and without records."""

from pathlib import Path

import pytest

from dropout_lab.records.writer import Writer
from dropout_lab.report import make
from dropout_lab.report.frames.load import load
from dropout_lab.report.topics.cost.occupancy import slices
from tests.report.canned import SESSION, Sweep, evidence_of, grid, lanes_record


def written(folder: Path) -> Path:
    """Worker 0: a cohort of 4 lanes for 3 epochs, one of 2 lanes for one; worker 1 and a later command: an epoch."""
    Sweep(grid(rates=(0.0, 0.3)), seeds=2, epochs=3).write(folder)
    (folder / "lanes-0.jsonl").unlink()
    zero, one = Writer(folder, 0), Writer(folder, 1)
    for started, used in ((10.0, 4), (10.5, 4), (11.0, 1)):
        zero.append("lanes", lanes_record(4, used, started, seconds=0.25))
    zero.append("lanes", lanes_record(2, 1, 12.0, structure="b", seconds=0.5))
    one.append("lanes", lanes_record(4, 3, 11.0, worker=1, seconds=1.0))
    zero.append("sessions", {**SESSION, "session": 1, "seeds": 2})
    zero.append("lanes", lanes_record(2, 2, 500.0, session=1, structure="b", seconds=2.0))
    zero.close()
    one.close()
    return folder


def test_by_hand(tmp_path: Path) -> None:
    table = evidence_of(written(tmp_path / "sweep")).tables["occupancy"]
    cohorts = table[["session", "worker", "cohort", "lanes", "epochs", "run_epochs"]]
    assert cohorts.to_numpy().tolist() == [
        [0, 0, 0, 4, 3, 9],
        [0, 0, 1, 2, 1, 1],
        [0, 1, 0, 4, 1, 3],
        [1, 0, 0, 2, 1, 2],
    ]
    assert list(table["occupancy"]) == pytest.approx([9 / 12, 0.5, 0.75, 1.0])
    assert list(table["seconds"]) == pytest.approx([0.75, 0.5, 1.0, 2.0])
    assert list(table["elapsed"]) == pytest.approx([1.25, 0.5, 1.0, 2.0])
    assert list(table["seconds_per_run_epoch"]) == pytest.approx([0.75 / 9, 0.5, 1 / 3, 1.0])


def test_the_time_between_two_commands_is_left_out(tmp_path: Path) -> None:
    found = slices(load(written(tmp_path / "sweep")))
    mine = found[found["worker"] == 0]
    assert list(mine["begin"]) == pytest.approx([0.0, 0.5, 1.0, 2.0, 2.5])
    assert list(mine["end"]) == pytest.approx([0.5, 1.0, 1.25, 2.5, 4.5]), "up to the next of the cohort"
    assert list(mine["used"]) == pytest.approx([2, 2, 1, 1, 2]), "half of the time none trained"


def test_many_epochs_are_few_slices_with_the_same_area(tmp_path: Path) -> None:
    folder = Sweep(grid(rates=(0.0, 0.3)), seeds=3, epochs=300).write(tmp_path / "sweep")
    frames = load(folder)
    found = slices(frames)
    assert 120 < len(found) <= 151
    area = (found["used"] * (found["end"] - found["begin"])).sum()
    assert area == pytest.approx((frames.lanes["used"] * frames.lanes["seconds"]).sum())


def test_older_records_say_nothing_and_get_neither_figure_nor_table(tmp_path: Path) -> None:
    folder = Sweep(grid(("hidden",), (0.0, 0.3)), seeds=2, epochs=3).write(tmp_path / "sweep")
    make(folder, pdf=False)
    assert "Lanes in use" in (folder / "report.html").read_text()
    assert (folder / "figures" / "occupancy.svg").exists()
    (folder / "lanes-0.jsonl").unlink()
    make(folder, pdf=False)
    page = (folder / "report.html").read_text()
    assert not (folder / "figures" / "occupancy.svg").exists()
    assert 'id="occupancy"' not in page
    assert "Lanes in use are not drawn" in page
