"""Every column of the frames is documented, and every column that is documented exists."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import dropout_lab
from dropout_lab.core.errors import UserError
from dropout_lab.report.frames.documentation import as_markdown, columns, described, only_sometimes
from tests.report.canned import Sweep, grid

ROOT = Path(__file__).parents[2]


def test_a_sweep_without_probabilities_lacks_only_what_the_documentation_says(tmp_path: Path) -> None:
    frames = dropout_lab.load(str(Sweep(grid(rates=(0.0, 0.3)), classification=False, seeds=1).write(tmp_path / "s")))
    table = described(frames)
    for frame, documented in columns().items():
        assert documented.keys() - set(table.loc[table["frame"] == frame, "column"]) <= only_sometimes()
    assert isinstance(frames.curves, pd.DataFrame)


def test_the_documentation_is_what_the_program_says() -> None:
    assert (ROOT / "dropout_lab" / "report" / "frames.md").read_text() == as_markdown()


def test_loading_is_for_those_who_load(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        dropout_lab.load(tmp_path / "nothing")
    folder = Sweep(grid(rates=(0.0, 0.3)), seeds=1).write(tmp_path / "sweep")
    code = (
        "import sys, dropout_lab; assert not {'pandas', 'numpy', 'torch'} & sys.modules.keys();"
        f"dropout_lab.load({str(folder)!r}); assert not {{'torch', 'matplotlib'}} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_who_asks_for_help_waits_for_no_library() -> None:
    code = (
        "import sys; sys.argv = ['dropout-lab', '--help']; from dropout_lab.app.cli import main\n"
        "try: main()\n"
        "except SystemExit: assert not {'hydra', 'pandas', 'numpy', 'torch', 'optuna'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
