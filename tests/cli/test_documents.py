"""Every command of the documents is right; tests/docs/commands.py finds them.

Quickly, a command is composed with the first value of each swept key, and a report is made without being drawn. Slowly,
a sweep is planned to the last cell, and the README is followed from top to bottom.
"""

import re
import shlex
import tomllib
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from dropout_lab.report.frames.load import load
from dropout_lab.report.result import Report
from dropout_lab.sweeper.export import Wanted
from dropout_lab.sweeper.space import parse
from tests.cli.conftest import Command
from tests.datasets.test_hub import REAL
from tests.datasets.user_files import FILES, FOLDERS
from tests.docs.commands import DOCUMENTS, block, commands
from tests.docs.tables import ROOT
from tests.report.canned import Sweep, grid

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
EVERY = sorted({command for document in DOCUMENTS for command in commands(document)})
OURS = [command for command in EVERY if re.match(r"(PYTHONPATH=\. |\.venv/bin/)?dropout-lab ", command)]
SWEEPS = [command for command in OURS if re.search("dropout-lab (sweep|train)", command) and "--from" not in command]
FROM_THE_HUB = {"attention", "fashion_mnist", "fetch_openml", "hub", "mnist", "srivastava_mnist", "trec"}
"""Data sets, and experiments on them, that are not on this machine: their commands are composed, never planned."""
PACKAGES = {"lint-imports": "import-linter", "mlflow": "mlflow-skinny"}
"""What has a program of another name."""
NOT_FROM_HERE = ("uv", "pre-commit", "wandb", "mypy", "chromium")
TABLE = "".join(f"{row % 7},{row * 0.37:.2f},word{row % 5} word{row % 3},{row % 2},{row % 4}.5\n" for row in range(200))
VISITS = "".join(
    f"{row * 37 % 101},p{row * 7 % 20:02},2024-01-{1 + row // 8:02},{('train', 'val', 'test')[row % 5 % 3]},{row % 2}\n"
    for row in range(200)
)

GOODS = "".join(
    f"{row % 7},{('no', 'yes')[row % 9 == 0]},{row * 0.37:.2f},{row % 11}.5,{row % 2},{row % 3 // 2},{row % 5 // 4},"
    f"{'a;b' if row % 2 else 'b' if row % 3 else ''}\n"
    for row in range(200)
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the documents mention: tables, pictures, arrays, a network, a method, and finished sweeps."""
    (tmp_path / "my.csv").write_text(f"a,b,review,label,stars\n{TABLE}")
    for name in ("val.csv", "test.csv"):
        (tmp_path / name).write_text(f"a,b,review,label,stars\n{TABLE}")
    (tmp_path / "visits.csv").write_text(f"a,patient,date,part,label\n{VISITS}")
    (tmp_path / "goods.csv").write_text(f"size,damaged,price,days,red,green,blue,tags\n{GOODS}")
    models = ROOT / "docs" / "models.md"
    code = block(models, "# mine.py") + "\nfrom dropout_lab.dropout.standard import Standard\n"
    (tmp_path / "mine.py").write_text(code)
    (tmp_path / "my_net.py").write_text(block(ROOT / "docs" / "own-network.md", "# my_net.py"))
    page = ROOT / "docs" / "pictures-and-arrays.md"
    (tmp_path / "my_data.py").write_text(block(page, "# my_data.py"))
    FOLDERS["mixed sizes"](tmp_path / "photos")
    for name, made in (("my.npz", "pair.npz"), ("series.npz", "series.npz"), ("X.npy", "pair.npy")):
        FILES[made](tmp_path / name)
    for group, text in (
        ("model", block(models, "# conf/model/mine.yaml")),
        ("dropout", "# Mine.\n_target_: mine.Standard\n"),
    ):
        (tmp_path / "conf" / group).mkdir(parents=True)
        (tmp_path / "conf" / group / "mine.yaml").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, classes in (("net.pt", 10), ("four.pt", 4)):
        torch.save(import_module("my_net").Net(classes).state_dict(), tmp_path / name)
    return tmp_path


def words_of(line: str) -> list[str]:
    """The words behind `dropout-lab`."""
    words = shlex.split(line)
    return words[1 + words[0].startswith("PYTHONPATH=") :]


# tests/test_every_config.py composes the experiments.
@pytest.mark.parametrize("line", [line for line in SWEEPS if "experiment=" not in line])
def test_a_sweep_is_composed(line: str, command: Command, home: Path) -> None:
    words = words_of(line)
    overrides = [word for word in words if re.match(r"[\w.]+=", word)]
    axes, fixed = parse(overrides, lambda group: [])
    first = [f"{axis.key}={axis.corners()[0]}" for axis in axes]
    outcome = command(*(word for word in words if word not in overrides), *fixed, *first, "--cfg", "job")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize("line", [line for line in SWEEPS if not FROM_THE_HUB & set(re.split("[ =]", line))])
@pytest.mark.slow
def test_a_sweep_is_planned(line: str, command: Command, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dropout_lab.sweeper.dry_run.show", lambda *given: None)
    outcome = command(*words_of(line), "dry_run=true")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize("line", sorted(set(OURS) - set(SWEEPS)))
def test_a_report_or_a_repetition_finds_its_sweep(
    line: str, command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "=data/" in line:
        if not REAL.is_dir():
            pytest.skip("the folder of public data sets, DROPOUT_LAB_DATA, is not there")
        (home / "data").symlink_to(REAL)
    for name in ("default", "mlp", "cnn"):
        Sweep(grid(), seeds=2, epochs=2).write(home / "outputs" / name)

    def compared(folders: Sequence[Path], out: Path | None) -> Report:
        return Report(folders[0], [], [], [], [note for folder in folders for note in load(folder).notes])

    def repeated(folder: Path, trial: int, *given: object, trusted: bool) -> bool:
        return trial in load(folder).trials["trial"].tolist()

    def written(wanted: Wanted, *given: object) -> bool:
        return wanted.number in load(wanted.folder).trials["trial"].tolist()

    monkeypatch.setattr("dropout_lab.app.export.export", written)
    monkeypatch.setattr("dropout_lab.app.report.compare_apart", compared)
    monkeypatch.setattr("dropout_lab.app.train_from.repeat", repeated)
    outcome = command(*words_of(line))
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize("line", sorted(set(EVERY) - set(OURS)))
def test_another_program_is_a_dependency_and_its_arguments_exist(line: str, command: Command) -> None:
    words = shlex.split(line.removeprefix('eval "$(').removesuffix(')"'))
    program, arguments = Path(words[0]).name, words[1:]
    if program == "dropout-lab":
        assert "complete" in command(*arguments).out
    elif program in ("python", "python3") and arguments[0] == "-c":
        compile(arguments[1], line, "exec")
    elif program in ("python", "python3"):
        assert arguments[0] == "-m"
        spec = find_spec(arguments[1])
        assert spec is not None
        source = Path(str(spec.origin)).read_text() if arguments[1].startswith("tests.") else ""
        assert all(f'"{flag}"' in source for flag in arguments if flag.startswith("--") and source)
    elif program not in (*NOT_FROM_HERE, "pip"):
        packages = [re.split("[>=]", package)[0] for extra in EXTRAS.values() for package in extra]
        assert PACKAGES.get(program, program) in packages
    for path in re.findall(r"(?:^| )((?:tests/|constraints)\S+)", line):
        assert (ROOT / path).exists()
    for extras in re.findall(r"\.\[(.+?)\]", line):
        assert set(extras.split(",")) <= EXTRAS.keys()


@pytest.mark.slow
def test_the_readme_is_followed_from_top_to_bottom(command: Command, home: Path) -> None:
    lines = [line for line in commands(ROOT / "README.md") if line in OURS]
    assert len(lines) > 5
    for line in lines:
        words = [re.sub(r"n_trials=\d+", "n_trials=2", word) for word in words_of(line)]
        if line in SWEEPS:
            if words == ["sweep"]:  # as test_sweep.py and test_tracker.py have it, but with other epochs
                words += ["experiment=default", "name=default"]
            words += ["seeds=1", "trainer.compile=never", "trainer.epochs=1"]
        outcome = command(*words)
        assert outcome.code == 0, (line, outcome.err)
