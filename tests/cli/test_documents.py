"""Every command of the documents is right: it plans, composes or parses here, in this process.

tests/docs/commands.py finds them. Of `dropout-lab`, all but the training and the drawing happens.
"""

import re
import shlex
import tomllib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from dropout_lab.report import Report, apart
from dropout_lab.report.load import load
from tests.cli.conftest import Command
from tests.docs.commands import DOCUMENTS, block, commands
from tests.docs.tables import ROOT
from tests.report.canned import Sweep, grid

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EVERY = sorted({command for document in DOCUMENTS for command in commands(document.read_text())})
OURS = [command for command in EVERY if re.match(r"(PYTHONPATH=\. |\.venv/bin/)?dropout-lab ", command)]
FROM_THE_HUB = {"attention", "fashion_mnist", "hub", "mnist"}
"""Data sets, and experiments on them, that are not on this machine: their commands are composed, not planned."""
OF_OTHERS = {"git": None, "mlflow": "mlflow", "optuna-dashboard": "dev", "tensorboard": "tensorboard", "uv": None}
"""Programs that are not ours, and the extra that installs them."""
TABLE = "".join(f"{row % 7},{row * 0.37:.2f},word{row % 5} word{row % 3},{row % 2},{row % 4}.5\n" for row in range(200))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the documents speak of: a table, a network, a method, and finished sweeps."""
    (tmp_path / "my.csv").write_text(f"a,b,review,label,stars\n{TABLE}")
    models = ROOT / "docs" / "models.md"
    (tmp_path / "mine.py").write_text(block(models, "# mine.py") + "\n\nfrom dropout_lab.dropout.standard import Standard\n")
    for file, text in (
        ("model", block(models, "# conf/model/mine.yaml")),
        ("dropout", "# Mine.\n_target_: mine.Standard\n"),
    ):
        (tmp_path / "conf" / file).mkdir(parents=True)
        (tmp_path / "conf" / file / "mine.yaml").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def ours(line: str, command: Command, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does all of a `dropout-lab` command but train and draw."""
    words = shlex.split(line)
    words = words[1 + words[0].startswith("PYTHONPATH=") :]
    if words[0] in ("sweep", "train") and "--from" not in words and "--help" not in words:
        by_name = FROM_THE_HUB & {word.partition("=")[2] for word in words}
        words += ["--cfg", "job"] if by_name else ["dry_run=true"]
        monkeypatch.setattr("dropout_lab.sweep.dry_run.show", lambda *given: print("planned"))
    if words[0] == "train":
        monkeypatch.setattr("dropout_lab.app.repeat.repeat", lambda folder, trial, *, trusted: bool(load(folder)))
    if words[0] == "report" or "--from" in words:
        for name in ("default", "mlp", "cnn"):
            Sweep(grid(("input", "hidden"), (0.1, 0.3)), seeds=2, epochs=2).write(home / "outputs" / name)
        if len(words) > 1:
            monkeypatch.setattr(apart, "compare_apart", compared)
    outcome = command(*words)
    assert outcome.code == 0, outcome.err


def compared(folders: Sequence[Path], out: Path | None) -> Report:
    return Report(folders[0], [], [], [], [note for folder in folders for note in load(folder).notes])


@pytest.mark.parametrize("line", OURS)
def test_a_command_of_ours(line: str, command: Command, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours(line, command, home, monkeypatch)


@pytest.mark.parametrize("line", sorted(set(EVERY) - set(OURS)))
def test_a_command_of_others(line: str, command: Command) -> None:
    words = shlex.split(line.removeprefix('eval "$(').removesuffix(')"'))
    program, *rest = words if not words[0].startswith("PYTHONPATH=") else words[1:]
    program = Path(program).name
    if program == "dropout-lab":
        assert "complete" in command(*rest).out
    elif program.startswith("python") and rest[:2] != ["-m", "venv"]:
        assert rest[0] == "-m", line
        spec = find_spec(rest[1])
        assert spec is not None, f"there is no module {rest[1]}"
        if rest[1].startswith("tests."):
            source = Path(str(spec.origin)).read_text()
            assert all(f'"{flag}"' in source for flag in rest if flag.startswith("--"))
        assert all((ROOT / word.partition("::")[0]).exists() for word in rest[2:] if word.startswith("tests/"))
    elif program == "pip" or words[:2] == ["uv", "pip"]:
        assert all(Path(ROOT / word).exists() for word in rest if word.endswith(".txt"))
        extras = [name for found in re.findall(r"\.\[(.+?)\]", line) for name in found.split(",")]
        assert set(extras) <= set(PROJECT["optional-dependencies"])
    elif not program.startswith("python"):
        extra = OF_OTHERS[program]
        packages = str(PROJECT["optional-dependencies"][extra]) if extra else program
        assert program in packages
