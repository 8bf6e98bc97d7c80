"""The lists of edits in .github/CONTRIBUTING.md are true: they are made here, and what they add composes and trains."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from dropout_lab.app import command
from dropout_lab.app.cli import main
from dropout_lab.records import store
from dropout_lab.report import apart
from dropout_lab.report.result import Report
from tests.docs.tables import ROOT
from tests.report.canned import Sweep, grid, hump

CONTRIBUTING = (ROOT / ".github" / "CONTRIBUTING.md").read_text()
METHOD = '''"""Halving dropout: each unit is halved with probability `rate`, and all grow so that the mean stays."""

from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.method import AbstractValueDropout


class Halving(AbstractValueDropout):
    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        halved = noise.uniform(x.shape) < rate
        return x * (1 - halved.to(x.dtype) / 2) / (1 - rate / 2)
'''
MODEL = '''"""A network with one narrow hidden layer."""

from collections.abc import Sequence
from math import prod

from torch import Tensor, nn

from dropout_lab.models.layers import chain
from dropout_lab.sites.site import Site


class Pinch(nn.Module):
    """Shape: (batch, *input_shape) -> (batch, outputs)."""

    def __init__(self, *, input_shape: Sequence[int], outputs: int, width: int = 4) -> None:
        super().__init__()
        first, last = nn.Linear(prod(input_shape), width), nn.Linear(width, outputs)
        self.layers = chain([nn.Flatten(), Site("input"), first, nn.Tanh(), Site("hidden.0"), last])

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return y
'''
DATA = '''"""Points on two sides of a line."""

import torch

from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.held_out import hold_out_test


def sides(
    *, val_fraction: float = 0.2, test_fraction: float = 0.2, limit: int | None = None, label_noise: float = 0.0
) -> Dataset:
    points = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    targets = (points.sum(1) > 0).long()
    return Dataset(
        name="sides",
        task="classification",
        inputs=points,
        targets=targets,
        test=hold_out_test(targets, "classification", test_fraction),
        outputs=2,
        standardize="feature",
        val_fraction=val_fraction,
        limit=limit,
        label_noise=label_noise,
    )
'''
FUNCTION = '''def loss_left(ended: Ended) -> float:
    """The share of the first validation loss that the last one is."""
    losses = curve(ended, "val_loss")
    return float(losses[-1] / losses[0])
'''
DECLARATION = """    AtEnd(
        name="loss_left",
        title="loss left",
        meaning="last over first validation loss",
        of=loss_left,
        unit=FRACTION,
        low=0,
        objective="loss_left",
        shown="compared",
    ),
"""
LAST = '    Metric(\n        name="epochs_to_target",'
TOPIC = '''"""How far the seeds of a configuration are apart."""

from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report.draw import style
from dropout_lab.report.frames.column import TRIAL, Columns, made, real
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import axis, value
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Picture, Plan, Shown, Table

COLUMNS: Columns = {**TRIAL, "range": real("greatest minus least validation loss over seeds", unit="of the loss")}


def seed_range(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per configuration with a complete run, in the order of `table`."""
    if table.empty:
        return made(COLUMNS)
    losses = frames.runs[frames.runs["status"] == "complete"].groupby("trial")["val_loss"]
    apart = table["trial"].map(losses.max() - losses.min())
    return made(COLUMNS, table[["trial", "name"]].assign(range=apart)[apart.notna()])


def _shown(evidence: Evidence) -> Shown:
    rows = [[str(row["name"]), value("val_loss", row["range"])] for _, row in evidence.tables["seed_range"].iterrows()]
    return Shown("How far seeds are apart", ["Greatest minus least."], ["configuration", "validation loss"], rows)


def draw(table: pd.DataFrame) -> Figure:
    figure, (ax,) = style.grid(1, 1, height=2.0)
    ax.plot(range(len(table)), table["range"], "o")
    ax.set_ylabel(axis("val_loss", True))
    return figure


def _plan(evidence: Evidence) -> Plan | str:
    table = evidence.tables["seed_range"]
    if len(table) < 2:
        return "The seeds are not drawn: fewer than two configurations are complete."
    alt = sentence([f"at most {value('val_loss', table['range'].max())}"])
    return Plan("How far seeds are apart, drawn", "A mark per configuration.", alt, table, partial(draw, table))


RANGE = Picture("seed_range", _plan)
RANGES = Table("seed_range", seed_range, COLUMNS, _shown)
'''
MODEL_KEYS = "_target_: dropout_lab.models.pinch.Pinch\nwidth: 4\n"
DATA_KEYS = "val_fraction: 0.2\ntest_fraction: 0.2\nlimit: null\nlabel_noise: 0.0\n"


@dataclass(frozen=True)
class Member:
    """A member to add. `edits`: in files that exist, a text and what it becomes. `words`: a command that takes it."""

    kind: str
    name: str
    files: Mapping[str, str]
    words: Sequence[str]
    """Empty for what the tests alone find."""
    edits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


MEMBERS = (
    Member(
        "A dropout method",
        "halving",
        {
            "dropout_lab/dropout/halving.py": METHOD,
            "conf/dropout/halving.yaml": "# Halves units.\n_target_: dropout_lab.dropout.halving.Halving\n",
        },
        ("train", "dropout=halving"),
        {
            "tests/dropout/test_every_dropout.py": {
                '    "layerdrop": ("layer",),\n': '    "layerdrop": ("layer",),\n    "halving": ANYTHING,\n'
            }
        },
    ),
    Member(
        "A model",
        "pinch",
        {
            "dropout_lab/models/pinch.py": MODEL,
            "conf/model/pinch.yaml": f"# Narrow. Sites: input, hidden.0\n{MODEL_KEYS}",
        },
        ("train", "model=pinch"),
        {
            "tests/cohort/runs.py": {
                "models.mlp import MLP\n": "models.mlp import MLP\nfrom dropout_lab.models.pinch import Pinch\n",
                '    "mlp": ': '    "pinch": lambda: Pinch(input_shape=(1, 8, 8), outputs=10),\n    "mlp": ',
            }
        },
    ),
    Member(
        "A data set",
        "sides",
        {
            "dropout_lab/datasets/sides.py": DATA,
            "conf/dataset/sides.yaml": f"# Points.\n_target_: dropout_lab.datasets.sides.sides\n{DATA_KEYS}",
        },
        ("train", "dataset=sides"),
    ),
    Member(
        "A metric",
        "loss_left",
        {},
        (),
        {
            "dropout_lab/core/metrics/functions.py": {"def _difference(": f"{FUNCTION}\n\ndef _difference("},
            "dropout_lab/core/metrics/table.py": {
                "    learned,\n    of_answers,": "    learned,\n    loss_left,\n    of_answers,",
                LAST: DECLARATION + LAST,
            },
        },
    ),
    Member(
        "A table or a figure",
        "seed_range",
        {"dropout_lab/report/topics/differences/seed_range.py": TOPIC},
        (),
        {
            "dropout_lab/report/topics/outline.py": {
                "from dropout_lab.report.topics.differences.story import STORY\n": (
                    "from dropout_lab.report.topics.differences.seed_range import RANGE, RANGES\n"
                    "from dropout_lab.report.topics.differences.story import STORY\n"
                ),
                "BEST_EPOCH, VARIANCE))": "BEST_EPOCH, VARIANCE, RANGE, RANGES))",
            },
        },
    ),
    Member(
        "A sampler",
        "nsgaiii",
        {"conf/sampler/nsgaiii.yaml": "# Evolution.\n_target_: optuna.samplers.NSGAIIISampler\nseed: 0\n"},
        ("sweep", "sampler=nsgaiii", "n_trials=1", "rate=interval(0.1,0.2)"),
    ),
)
every_member = pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)


def listed(kind: str) -> list[str]:
    """The files that the section `kind` of CONTRIBUTING.md lists."""
    section = re.search(rf"^### {kind}\n(.*?)^##", CONTRIBUTING, re.MULTILINE | re.DOTALL)
    assert section is not None
    return re.findall(r"^\d+\. `(.+?)`", section[1], re.MULTILINE)


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@every_member
def test_the_list_of_edits_is_what_is_edited_here(member: Member) -> None:
    paths = [path.replace("TOPIC", "differences").replace("NAME", member.name) for path in listed(member.kind)]
    assert paths == [*member.files, *member.edits]
    for path, changes in member.edits.items():
        assert all((ROOT / path).read_text().count(before) == 1 for before in changes)


@pytest.mark.parametrize("member", [member for member in MEMBERS if member.words], ids=lambda member: member.name)
def test_what_is_added_trains(member: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, member.files)
    for name in ("dropout", "models", "datasets"):
        package = importlib.import_module(f"dropout_lab.{name}")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / "dropout_lab" / name)])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(apart, "preload", lambda: None)
    monkeypatch.setattr(command, "make_apart", lambda folder, pdf: Report(folder, [], [], [], []))
    small = ("seeds=1", "trainer.epochs=1", "trainer.compile=never", "baseline=false", "name=mine")
    data = () if member.kind == "A data set" else ("dataset=wine", "trainer.batch_size=16")
    monkeypatch.setattr(sys, "argv", ["dropout-lab", *member.words, *data, *small, "--config-dir", "conf"])
    with pytest.raises(SystemExit) as leaving:
        main()
    assert not leaving.value.code
    (run,) = store.read(tmp_path / "outputs" / "mine").runs
    assert run["status"] == "complete"


@pytest.mark.slow
def test_an_added_table_and_figure_are_on_the_page_and_in_every_file(tmp_path: Path) -> None:
    """One file, and its place in the outline: nothing else is edited."""
    (member,) = (one for one in MEMBERS if one.kind == "A table or a figure")
    shutil.copytree(ROOT / "dropout_lab", tmp_path / "dropout_lab", ignore=shutil.ignore_patterns("__pycache__"))
    edit(tmp_path, member)
    folder = Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=2, epochs=3).write(tmp_path / "sweep")
    code = f"from pathlib import Path; from dropout_lab.report import make; make(Path({str(folder)!r}), pdf=False)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env=environment)
    page = (folder / "report.html").read_text()
    assert "<h3>How far seeds are apart</h3>" in page
    assert 'id="seed_range"' in page
    assert "How far seeds are apart" in (folder / "report.md").read_text()
    made = pd.read_csv(folder / "tables" / "seed_range.csv")
    losses = pd.read_csv(folder / "runs.csv").groupby("trial")["val_loss"]
    assert made.set_index("trial")["range"].to_dict() == pytest.approx((losses.max() - losses.min()).to_dict())
    for kind in ("csv", "svg", "png"):
        assert (folder / "figures" / f"seed_range.{kind}").stat().st_size > 20
    documented = pd.read_csv(folder / "columns.csv", keep_default_na=False).set_index(["frame", "column"])
    assert documented.loc[("tables/seed_range", "range"), "unit"] == "of the loss"


def edit(folder: Path, member: Member) -> None:
    """Make the edits of a member in a copy of the repository."""
    write(folder, member.files)
    for path, changes in member.edits.items():
        text = (folder / path).read_text()
        for before, after in changes.items():
            text = text.replace(before, after)
        (folder / path).write_text(text)


@pytest.mark.slow
@pytest.mark.long
def test_after_the_edits_the_contract_tests_find_and_pass_what_was_added(tmp_path: Path) -> None:
    for name in ("conf", "docs", "dropout_lab", "experiments", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    for member in MEMBERS:
        edit(tmp_path, member)

    def python(*words: str) -> str:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(tmp_path / "dropout_lab/app/plugin")]),
        }
        done = subprocess.run([sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    python("-m", "tests.docs.tables")
    changed = [path for member in MEMBERS for path in (*member.files, *member.edits) if path.endswith(".py")]
    python("-m", "ruff", "check", "--no-cache", *changed)
    tests = (
        "tests/dropout/test_every_dropout.py",
        "tests/models/test_every_model.py",
        "tests/test_every_config.py",
        "tests/test_trust.py",
    )
    more = (
        "tests/datasets/test_every_dataset.py",
        "tests/sweeper/test_sweeps.py",
        "tests/cohort/test_lane_is_the_run_alone.py",
        "tests/docs",
        "tests/core",
        *(f"tests/report/test_{name}.py" for name in ("columns", "golden", "outline", "report_tables")),
    )
    names = " or ".join(member.name for member in MEMBERS if member.words)
    of_metrics = "core or test_columns or test_golden or test_outline or test_report_tables"
    said = python("-m", "pytest", "-n", "0", "-rA", *tests, *more, "-k", f"{names} or current or {of_metrics}")
    assert all(re.search(rf"PASSED .*\[.*{member.name}.*\]", said) for member in MEMBERS if member.words)
