"""The store: what is appended is read back; a crash can shorten it; anything else is refused by file and line."""

from pathlib import Path
from typing import Any

import pytest

from dropout_lab.core.errors import UserError
from dropout_lab.records import store
from dropout_lab.records.fields import FIELDS, types_of
from dropout_lab.records.folder import FORMAT
from dropout_lab.records.repair import repair
from dropout_lab.records.writer import Writer


def record(kind: str, **changes: Any) -> dict[str, Any]:
    return {**{name: types_of(kind, name)[0]() for name in FIELDS[kind]}, **changes}


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """A folder with a session, three runs of worker 0 and one of worker 1."""
    first, second = Writer(tmp_path), Writer(tmp_path, worker=1)
    first.append("sessions", record("sessions"))
    for seed in range(3):
        first.append("runs", record("runs", seed=seed))
    second.append("runs", record("runs", seed=9))
    first.close()
    second.close()
    return tmp_path


def test_what_is_written_is_read(sweep: Path) -> None:
    records = store.read(sweep)
    assert [run["seed"] for run in records.runs] == [0, 1, 2, 9]
    assert records.torn == []
    assert (sweep / "runs-1.jsonl").read_text().count("\n") == 1


def test_a_torn_last_line_is_passed_over_and_repaired(sweep: Path) -> None:
    path = sweep / "runs-0.jsonl"
    whole = path.read_bytes()
    # Every length that an interrupted write can leave behind.
    start = whole.rfind(b"\n", 0, -1) + 1
    for length in range(start + 1, len(whole)):
        path.write_bytes(whole[:length])
        records = store.read(sweep)
        assert [run["seed"] for run in records.runs] == [0, 1, 9]
        assert len(records.torn) == 1
        assert str(path) in records.torn[0]
    assert len(repair(sweep)) == 1
    assert path.read_bytes() == whole[:start]
    assert repair(sweep) == []
    writer = Writer(sweep)
    writer.append("runs", record("runs", seed=5))
    writer.close()
    assert [run["seed"] for run in store.read(sweep).runs] == [0, 1, 5, 9]


@pytest.mark.parametrize("damage", ["{", "[1]", "7", '{"id": 1}', "\x00\x00", '{"id": NaN'])
def test_a_damaged_line_is_refused_by_file_and_line(sweep: Path, damage: str) -> None:
    path = sweep / "runs-0.jsonl"
    lines = path.read_text().splitlines()
    lines[1] = damage
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(
        UserError, match=r"runs-0\.jsonl, line 2: the record is damaged .*; restore the file, or delete"
    ):
        store.read(sweep)


def test_a_folder_that_is_no_sweep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no sessions\.jsonl"):
        store.read(tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        store.read(tmp_path / "nosuch")


def test_a_record_that_lacks_a_field_is_our_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lacks"):
        Writer(tmp_path).append("runs", {"id": 1})


def test_nan_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Writer(tmp_path).append("runs", record("runs", val_loss=float("nan")))


def test_a_session_says_the_format_and_a_newer_one_is_refused(sweep: Path) -> None:
    path = sweep / "sessions.jsonl"
    assert [session["format"] for session in store.read(sweep).sessions] == [FORMAT]
    path.write_text(path.read_text().replace(f'"format":{FORMAT}', f'"format":{FORMAT + 1}'))
    (sweep / "runs-0.jsonl").write_text("what a newer version writes\n")
    with pytest.raises(UserError, match=rf"has records of format {FORMAT + 1}, .* up to {FORMAT}: use the version"):
        store.read(sweep)


def test_a_folder_without_a_format_is_read(sweep: Path) -> None:
    path = sweep / "sessions.jsonl"
    path.write_text(path.read_text().replace(f'"format":{FORMAT},', ""))
    assert "format" not in store.read(sweep).sessions[0]
