"""A tracker on the command line: it changes nothing but what it logs."""

from pathlib import Path

import pytest

from dropout_lab.records import store
from dropout_lab.tracker import tracker as trackers
from tests.cli.conftest import SMALL, Command
from tests.rotate import rotated


@pytest.mark.parametrize("name", rotated(["tensorboard", "mlflow", "wandb"]))
def test_a_package_that_is_not_there_is_named_with_its_extra(
    name: str,
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda package: None)
    outcome = command("train", *SMALL, f"tracker={name}")
    assert outcome.code == 2
    assert f"the package {name} is not installed" in outcome.err
    assert f"'dropout-lab[{name}]'" in outcome.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_tracker_changes_neither_the_folder_nor_the_results(command: Command, tmp_path: Path) -> None:
    words = ("sweep", *SMALL, "placement=input", "rate=0.3")
    assert command(*words).code == 0
    (folder,) = (tmp_path / "outputs").iterdir()
    before = store.read(folder).runs
    outcome = command(*words, "tracker=tensorboard", "tracker.folder=/proc/nowhere")
    assert outcome.code == 0
    assert "0 runs to train" in outcome.out
    assert outcome.out.count("tracker=tensorboard: not all runs are logged") == 1
    assert command(*words, "tracker=tensorboard").code == 0  # logs what was trained without it
    assert [path.name for path in (tmp_path / "outputs").iterdir()] == [folder.name]
    assert {path.name for path in (folder / "tensorboard").iterdir()} == {run["id"] for run in before}
    assert store.read(folder).runs == before
    # Alone it is the default sweep still, not one without a swept key.
    out = command("sweep", "tracker=tensorboard", "dry_run=true", "seeds=1", "trainer.compile=never").out
    assert "outputs/default" in out
    assert "tracker: cannot be swept" in command(*words, "tracker=none,tensorboard").err
