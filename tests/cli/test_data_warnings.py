"""What may be misread in a table is said before the training, kept in the records and shown in the report."""

from pathlib import Path

import pytest

from dropout_lab.records import store
from tests.cli.conftest import SMALL, Command

WORDS = (
    "dataset=table",
    "dataset.path=t.csv",
    "dataset.target=y",
    *SMALL[1:],
    "rate=0.1",
    "placement=hidden",
    "name=s",
)
SAID = "t.csv: column split looks like a division into training and test parts"


def write(folder: Path) -> None:
    rows = (f"{i % 7},{('train', 'test')[i % 3 == 0]},{i % 2}\n" for i in range(80))
    (folder / "t.csv").write_text("a,split,y\n" + "".join(rows))


def test_it_is_said_before_the_training(command: Command, tmp_path: Path) -> None:
    write(tmp_path)
    assert f"warning: {SAID}" in command("sweep", *WORDS, "dry_run=true").out


@pytest.mark.slow
def test_it_is_kept_and_shown_and_a_key_settles_it(reported: Command, tmp_path: Path) -> None:
    write(tmp_path)
    assert reported("sweep", *WORDS).code == 0
    folder = tmp_path / "outputs" / "s"
    (warning,) = store.read(folder).sessions[-1]["warnings"]
    assert warning.startswith(f"warning: {SAID}")
    assert SAID in (folder / "report.md").read_text()
    for key in ("drop", "keep"):
        settled = reported("sweep", *WORDS[:-1], f"dataset.{key}=[split]", "dry_run=true")
        assert settled.code == 0
        assert "warning" not in settled.out
