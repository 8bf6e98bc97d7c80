"""What the trackers' own readers find in what was logged, beside the records; and what a tracker can never do."""

import json
import sqlite3
import struct
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dropout_lab.config.instantiate import instantiate
from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.lookup import curve_names
from dropout_lab.records import store
from dropout_lab.records.fields import Record
from dropout_lab.tracker import follow as following
from dropout_lab.tracker.follow import follow
from dropout_lab.tracker.mlflow import MLflowTracker
from dropout_lab.tracker.tensorboard import TensorBoardTracker
from dropout_lab.tracker.tracker import AbstractTracker, TrackedRun, TrackedSweep
from dropout_lab.tracker.wandb import WandbTracker
from tests.report.canned import Sweep, grid

RATES = (0.0, 0.3)


def fate(trial: int, seed: int) -> str:
    return {(1, 1): "failed", (2, 0): "pruned"}.get((trial, seed), "complete")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Sweep(grid(("input", "hidden"), RATES), seeds=2, epochs=6, fate=fate).write(tmp_path / "sweep")


def log(tracker: AbstractTracker, folder: Path) -> list[str]:
    """Logs what there is; returns what was said."""
    (folder / "locks").mkdir(exist_ok=True)
    said: list[str] = []
    with follow(tracker, folder, said.append):
        pass
    return said


def curves(folder: Path) -> Mapping[str, Mapping[str, list[float | None]]]:
    """Run -> metric -> values, straight from the lines of the file."""
    found: dict[str, dict[str, list[float | None]]] = {}
    for line in (folder / "curves-0.jsonl").read_text().splitlines():
        rows = json.loads(line)
        for lane, run in enumerate(rows["id"]):
            for name in curve_names():
                found.setdefault(run, {}).setdefault(name, []).append(rows[name][lane])
    return found


def params(run: Record, folder: Path) -> dict[str, Any]:
    """What a run must have among its parameters."""
    trial = next(trial for trial in store.read(folder).trials if trial["key"] == run["key"])
    return {"placement": trial["label"]["placement"], **{f"rates.{site}": r for site, r in trial["rates"].items()}}


def test_a_tensorboard_log_holds_the_runs(folder: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    assert log(TensorBoardTracker(), folder) == []
    runs, wanted = store.read(folder).runs, curves(folder)
    logs = folder / "tensorboard"
    assert {path.name for path in logs.iterdir()} == {run["id"] for run in runs}
    groups = set()
    for run in runs:
        events = EventAccumulator(str(logs / run["id"]))
        events.Reload()
        for name, values in wanted[run["id"]].items():
            logged = events.Scalars(name)
            assert [event.step for event in logged] == list(range(1, len(values) + 1))
            assert [event.value for event in logged] == pytest.approx(values, rel=1e-6)
        assert events.Scalars("summary/epochs")[0].value == run["epochs"]
        if run["status"] == "complete":
            assert events.Scalars("summary/test_loss")[0].value == pytest.approx(run["test_loss"], rel=1e-6)
        content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        start = HParamsPluginData.FromString(content).session_start_info
        groups.add(start.group_name)
        logged_params = {name: value.string_value or value.number_value for name, value in start.hparams.items()}
        assert logged_params.items() >= params(run, folder).items()
    assert len(groups) == 3  # a trial's seeds are one row


def test_a_folder_of_several_sweeps_keeps_the_drafts_of_the_others(folder: Path, tmp_path: Path) -> None:
    shared = tmp_path / "logs"
    own = store.read(folder).runs[0]["id"]
    for run in (own, "another"):
        (shared / f".{run}.draft").mkdir(parents=True)
        (shared / f".{run}.draft" / "events").write_text("half")
    assert log(TensorBoardTracker(folder=str(shared)), folder) == []
    assert (shared / ".another.draft" / "events").read_text() == "half"
    assert len(list(shared.glob(".*"))) == 1
    assert not (shared / own / "events").exists(), "what was left of its own run is replaced"
    assert {path.name for path in shared.glob("[!.]*")} == {run["id"] for run in store.read(folder).runs}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The ``noload``")  # MLflow's, of its own queries
def test_an_mlflow_store_holds_the_runs_each_once(folder: Path) -> None:
    from mlflow import MlflowClient

    lines = (folder / "runs-0.jsonl").read_text().splitlines(keepends=True)
    (folder / "runs-0.jsonl").write_text("".join(lines[:4]))
    assert log(MLflowTracker(), folder) == []
    # As if it had been killed while it wrote this one.
    with closing(sqlite3.connect(folder / "mlflow.db")) as database, database:
        database.execute("UPDATE runs SET status = 'RUNNING' WHERE name = 'trial 0 seed 1'")
    (folder / "runs-0.jsonl").write_text("".join(lines))
    assert log(MLflowTracker(), folder) == []
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("sweep")
    assert experiment is not None
    logged = client.search_runs([experiment.experiment_id])
    runs, wanted = {run["id"]: run for run in store.read(folder).runs}, curves(folder)
    assert sorted(run.data.tags["dropout_lab.run"] for run in logged) == sorted(runs)
    for found in logged:
        run = runs[found.data.tags["dropout_lab.run"]]
        assert found.info.status == {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}[run["status"]]
        assert found.data.params.items() >= {k: str(v) for k, v in params(run, folder).items()}.items()
        assert found.data.tags.get("reason") == run["reason"]
        if run["status"] == "complete":
            assert found.data.metrics["summary/test_loss"] == run["test_loss"]
        for name in ("val_loss", "train_accuracy"):
            history = client.get_metric_history(found.info.run_id, name)
            assert [(m.step, m.value) for m in history] == list(enumerate(wanted[run["id"]][name], start=1))


def log_records(content: bytes) -> Iterator[bytes]:
    """The records of a .wandb file: LevelDB's log format (its doc/log_format.md) behind 7 bytes of W&B's own."""
    block, head, place, whole = 32768, 7, 7, b""
    while place + head <= len(content):
        if (room := block - place % block) < head:
            place += room
            continue
        _, length, kind = struct.unpack_from("<IHB", content, place)
        whole += content[place + head : place + head + length]
        place += head + length
        if kind in (1, 4):  # a record in one piece, or the last piece of one
            yield whole
            whole = b""


@pytest.mark.slow
def test_a_wandb_log_written_offline_holds_the_runs_each_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined]

    for variable in ("WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    for _ in range(2):
        assert log(WandbTracker(mode="offline"), folder) == []
    runs, wanted = {run["id"]: run for run in store.read(folder).runs}, curves(folder)
    files = sorted((folder / "wandb").glob("offline-run-*/*.wandb"))
    assert len(files) == len(runs)
    seen = set()
    for file in files:
        records: list[Any] = [Record.FromString(data) for data in log_records(file.read_bytes())]
        (begun,) = [r.run for r in records if r.WhichOneof("record_type") == "run"][:1]
        config = {item.key: json.loads(item.value_json) for item in begun.config.update}
        trial, seed = config["trial"], config["seed"]
        run = next(run for run in runs.values() if (run["seed"], run["key"]) == (seed, begun.job_type))
        assert begun.display_name == f"trial {trial} seed {seed}"
        assert config.items() >= params(run, folder).items()
        losses = [
            json.loads(item.value_json)
            for r in records
            if r.WhichOneof("record_type") == "history"
            for item in r.history.item
            if "val_loss" in (item.key, *item.nested_key)
        ]
        assert losses == wanted[run["id"]]["val_loss"]
        summary = {
            (item.key or item.nested_key[0]): json.loads(item.value_json)
            for r in records
            if r.WhichOneof("record_type") == "summary"
            for item in r.summary.update
        }
        assert summary["status"] == run["status"]
        if run["status"] == "complete":
            assert summary["test_loss"] == run["test_loss"]
        seen.add(run["id"])
    assert seen == runs.keys()


@dataclass
class Stubborn(AbstractTracker):
    """Fails, or hangs, at its second run."""

    how: str
    count: int = 0
    package = extra = "stubborn"

    def open(self, sweep: TrackedSweep) -> Collection[str]:
        return ()

    def log(self, run: TrackedRun) -> None:
        self.count += 1
        if self.count > 1 and self.how == "hangs":
            time.sleep(60)
        if self.count > 1:
            raise OSError("No space left\non device")


@pytest.mark.parametrize(
    ("how", "patience", "why"),
    [("fails", 60.0, "OSError: No space left on device"), ("hangs", 0.3, "did not answer for 0.3 s")],
)
def test_a_tracker_that_fails_or_hangs_is_one_line(
    how: str, patience: float, why: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PATIENCE_SECONDS", patience)
    (said,) = log(Stubborn(how), folder)
    assert why in said
    assert "\n" not in said


def test_who_is_interrupted_is_not_kept_waiting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LEAVING_SECONDS", 0.1)
    (folder / "locks").mkdir()
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt), follow(Stubborn("hangs"), folder, said.append):
        raise KeyboardInterrupt
    assert "did not answer for 0.1 s" in said[0]


def test_runs_are_logged_while_the_sweep_is_at_work(folder: Path) -> None:
    (folder / "locks").mkdir()
    wanted = {run["id"] for run in store.read(folder).runs}
    with follow(TensorBoardTracker(), folder, pytest.fail):
        end = time.monotonic() + 600  # only where it never happens
        while {path.name for path in (folder / "tensorboard").glob("[!.]*")} != wanted:
            assert time.monotonic() < end
            time.sleep(0.1)


def test_what_a_tracker_cannot_be_given() -> None:
    with pytest.raises(UserError, match=r"tracker\.uri: it holds a password") as refused:
        MLflowTracker(uri="postgresql://me:hunter2@host/db").check()
    assert "hunter2" not in str(refused.value)
    with pytest.raises(UserError, match=r"tracker\.mode=ofline: must be one of online, offline, or null"):
        instantiate("tracker", {"_target_": "dropout_lab.tracker.wandb.WandbTracker", "mode": "ofline"})
