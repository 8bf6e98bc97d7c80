"""Every file of a sweep's folder, damaged in every way: it is repaired or left out and said, or refused by its name."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.core.errors import UserError
from dropout_lab.records import predictions, store
from dropout_lab.records.folder import JOURNAL
from dropout_lab.records.repair import repair
from dropout_lab.report.frames.load import load
from dropout_lab.report.watch import sizes
from dropout_lab.sweeper.repeat import repeat
from dropout_lab.sweeper.study import Study
from dropout_lab.tracker.records import FinishedRuns
from tests.sweeper.recorded import heal, plan_of, write

LINES = [f"{kind}.jsonl" for kind in ("sessions", "trials")]
LINES += [f"{kind}-0.jsonl" for kind in ("runs", "curves", "cohorts", "learned", "lanes")]
OF_THE_STUDY = ("sessions.jsonl", "trials.jsonl", "runs-0.jsonl", JOURNAL)
FILES = [*LINES, JOURNAL, "predictions"]


def file_of(folder: Path, name: str) -> Path:
    return sorted((folder / name).glob("*.npz"))[0] if name == "predictions" else folder / name


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - max(1, len(content) // 3)])


def of_nul(path: Path) -> None:
    path.write_bytes(bytes(len(path.read_bytes())))


def of_nul_lines(path: Path) -> None:
    path.write_bytes(bytes(40) + b"\n" + bytes(40) + b"\n")


def nul_at_the_end(path: Path) -> None:
    path.write_bytes(path.read_bytes() + bytes(512))


def of_windows(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def torn_inside(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0][: len(lines[0]) // 2], b"\n", *lines[1:]]))


def missing(path: Path) -> None:
    path.unlink()


def folder_in_its_place(path: Path) -> None:
    path.unlink()
    path.mkdir()


def with_line(line: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.write_bytes(line.encode() + b"\n" + path.read_bytes())

    return damage


DAMAGES: dict[str, Callable[[Path], None]] = {
    "empty": empty,
    "cut": cut,
    "of NUL": of_nul,
    "NUL lines": of_nul_lines,
    "NUL at the end": nul_at_the_end,
    "CRLF": of_windows,
    "torn inside": torn_inside,
    "missing": missing,
    "a folder": folder_in_its_place,
    **{line: with_line(line) for line in ("{}", "[]", "null", '{"id": NaN}', "[" * 2000, "\ufeff")},
}


@pytest.fixture(scope="module")
def canned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("canned") / "sweep")


def nothing(*arguments: object) -> None:
    raise UserError("trained")


def used(folder: Path, name: str) -> list[str]:
    """Reads the folder as sweep, report, train --from and the trackers do; returns what is said."""
    said: list[str] = []

    def report() -> None:
        frames = load(folder)
        predictions.read_all(folder, frames.runs["id"])
        sizes(folder)
        said.extend(frames.notes)

    def sweep() -> None:
        store.read(folder)
        said.extend(repair(folder))
        if (sentence := heal(plan_of(folder))) is not None:
            said.append(sentence)
        Study(plan_of(folder)).trials()
        list(FinishedRuns(folder).new())

    def again() -> None:
        repeat(folder, 0, CohortTrainer(Builder()), print, trusted=True)

    for do in (report, again, *([sweep] if name in OF_THE_STUDY else ())):
        try:
            do()
        except UserError as error:
            said.append(str(error))
    return said


@pytest.mark.parametrize("name", FILES)
def test_a_damage_is_repaired_or_refused(
    name: str, canned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Builder, "recipe", nothing)
    for number, (damage, hurt) in enumerate(DAMAGES.items()):
        folder = Path(shutil.copytree(canned, tmp_path / str(number)))
        path = file_of(folder, name)
        hurt(path)
        said = [*used(folder, name), *capsys.readouterr().out.splitlines()]
        said = [sentence for sentence in said if sentence != "trained" and not sentence.startswith("trial 0")]
        harmless = damage == "CRLF" or (name in LINES[4:] and damage in ("empty", "missing"))
        harmless |= name == "predictions" and damage == "missing"
        if name == "predictions":
            # An archive is read from its end: what stands before it, or a few bytes behind it, changes nothing.
            harmless |= damage in (*list(DAMAGES)[9:], "NUL at the end", "torn inside")
        assert said or harmless, f"{name}, {damage}: nothing is said"


def test_the_sound_folder_has_nothing_to_say(canned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Builder, "recipe", nothing)
    assert used(Path(shutil.copytree(canned, tmp_path / "sound")), JOURNAL) == ["trained"]


@pytest.mark.parametrize(
    ("damage", "said"), [("{}", "line 1"), ("null", "line 1"), ("torn inside", "line 1"), ("NUL lines", "line 1")]
)
@pytest.mark.parametrize("name", LINES)
def test_a_damaged_line_is_refused_by_file_and_line(
    name: str, damage: str, said: str, canned: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(canned, tmp_path / "x"))
    DAMAGES[damage](folder / name)
    with pytest.raises(UserError, match=rf"{name}, {said}: the record is damaged"):
        load(folder) if name != "cohorts-0.jsonl" else store.read(folder)


def test_two_configurations_of_one_number_are_refused(canned: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(canned, tmp_path / "x"))
    path = folder / "trials.jsonl"
    path.write_text(path.read_text().replace('"trial":2', '"trial":1'))
    with pytest.raises(UserError, match=r"trials\.jsonl, line 3: .*trial 1 is another configuration in a line above"):
        store.read(folder)


def test_a_config_of_another_key_is_refused(canned: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(canned, tmp_path / "x"))
    path = folder / "trials.jsonl"
    path.write_text(path.read_text().replace('"width":64', '"width":65', 1))
    with pytest.raises(UserError, match=r"trials\.jsonl, line 1: .*its config"):
        load(folder)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"rates":{},"structure"', '"rates":{"input":"x"},"structure"', "rates is"),
        ('"trial":0', '"trial":-1', "trial is -1"),
        ('"rate":0.0', '"rate":"0"', "label.rate is '0'"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(
    old: str, new: str, said: str, canned: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(canned, tmp_path / "x"))
    path = folder / "trials.jsonl"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(UserError, match=rf"trials\.jsonl, line 1: the record is damaged \({said}"):
        load(folder)


def test_a_complete_run_without_its_loss_is_refused(canned: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(canned, tmp_path / "x"))
    path = folder / "runs-0.jsonl"
    path.write_text(path.read_text().replace('"val_loss":', '"val_loss":null,"x":', 1))
    with pytest.raises(UserError, match=r"runs-0\.jsonl, line 1: .*no val_loss"):
        load(folder)
