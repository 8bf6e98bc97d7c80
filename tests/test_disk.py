"""A full disk, a folder in a file's place and a name that is too long: said with the file, never a traceback."""

import errno
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropout_lab.app.explain import explain
from dropout_lab.config.check import check
from dropout_lab.core.errors import UserError
from dropout_lab.records import predictions, store
from dropout_lab.records.folder import is_sweep
from dropout_lab.records.writer import Writer
from dropout_lab.report.write.files import write
from tests.records.test_store import record
from tests.test_every_config import composed


def full(*arguments: Any, **more: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_record_that_does_not_fit_leaves_nothing_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, really = Writer(tmp_path), os.write
    writer.append("sessions", record("sessions"))
    writer.append("runs", record("runs", seed=1))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, line: really(descriptor, line[:7]))
        with pytest.raises(
            UserError, match=r"runs-0\.jsonl cannot be written: No space left on device.*the same command"
        ):
            writer.append("runs", record("runs", seed=2))
    writer.append("runs", record("runs", seed=3))
    found = store.read(tmp_path)
    assert [run["seed"] for run in found.runs] == [1, 3]
    assert found.torn == []


@pytest.mark.parametrize("call", ["write", "fsync", "open"])
def test_a_full_disk_is_said(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, call, full)
    with pytest.raises(UserError, match=r"runs-0\.jsonl cannot be written: No space left on device"):
        Writer(tmp_path).append("runs", record("runs"))


def test_predictions_and_pages_that_do_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match=r"run\.npz cannot be written: No space left"):
        predictions.write(tmp_path, "run", np.zeros((2, 2)), np.zeros(2, dtype=int))
    with pytest.raises(UserError, match=r"report\.html cannot be written: No space left"):
        write(tmp_path / "report.html", "x")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.ENAMETOOLONG, errno.EISDIR])
def test_errors_of_the_system_have_no_traceback(number: int) -> None:
    code, said = explain(OSError(number, os.strerror(number), "outputs/x/study.journal"))
    assert code == 2
    assert said.startswith(f"dropout-lab: outputs/x/study.journal: {os.strerror(number)}")
    code, said = explain(OSError(number, os.strerror(number)))
    assert code == (2 if number in (errno.ENOSPC, errno.EROFS) else 1)
    assert said.startswith(f"dropout-lab: {os.strerror(number)}" if code == 2 else type(OSError(number, "")).__name__)
    assert explain(OSError("something else")) == (1, "OSError: something else\n")


def test_paths_that_are_too_long_and_folders_in_the_place_of_files(tmp_path: Path) -> None:
    for read in (store.read, is_sweep):
        with pytest.raises(UserError, match="cannot be read: File name too long"):
            read(tmp_path / ("x" * 300))
    (tmp_path / "sessions.jsonl").mkdir()
    with pytest.raises(UserError, match=r"no sessions\.jsonl"):
        store.read(tmp_path)
    with pytest.raises(UserError, match=r"sessions\.jsonl cannot be written: Is a directory"):
        Writer(tmp_path).append("sessions", record("sessions"))


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return composed()


@pytest.mark.parametrize("name", ["x" * 300, "ä" * 128])
def test_a_name_is_short_enough_for_a_folder(name: str, config: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"name=.*\.\.\.: is \d+ bytes long; a folder's name has at most 255"):
        check({**config, "name": name})
    check({**config, "name": name[:127]})


@pytest.mark.parametrize("name", ["a\0b", "a\nb"])
def test_a_name_can_be_printed(name: str, config: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="must be the name of one folder"):
        check({**config, "name": name})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "key", ["model.width", "optimizer.lr", "dataset.limit", "trainer.l1", "dropout.speed", "sampler.x", "pruner.x"]
)
def test_numbers_are_finite(key: str, value: float, config: dict[str, Any]) -> None:
    section, name = key.split(".")
    with pytest.raises(UserError, match=rf"^{key}={value}: must be a finite number"):
        check({**config, section: {**config[section], name: value}})


def test_numbers_in_lists_are_finite(config: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"^grids\[0\]\.rate\[1\]=nan: must be a finite number"):
        check({**config, "grids": [{"rate": [0.1, math.nan]}]})
