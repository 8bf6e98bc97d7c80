"""A sweep in a notebook: a real kernel, without the package ipywidgets."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = (
    """
import numpy as np
from torch import nn
import dropout_lab

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 6))
y = X[:, 0] + X[:, 1] > 0

def make_net(outputs):
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, outputs))
""",
    """
found = dropout_lab.sweep(
    make_net, (X, y), rate=[0.1, 0.5], placement="own", seeds=2, **{"trainer.epochs": 3, "trainer.compile": "never"}
)
found
""",
    "found.figure(found.figures[0])",
    "dropout_lab.sweep(make_net, (X, y), rate=[2])",
)


def outputs(cell: Any, kind: str) -> list[str]:
    """What a cell shows, of one kind."""
    return [one["data"][kind] for one in cell["outputs"] if kind in one.get("data", {})]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the notebook's packages
def test_a_notebook_shows_the_progress_the_answer_and_the_figures(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}, allow_errors=True)
    client.execute()
    _, trained, drawn, refused = notebook["cells"]
    shown = outputs(trained, "text/html")
    (bar,) = (text for text in shown if "<progress" in text)  # one, which was replaced as it went on
    assert 'value="8"' in bar
    assert "8 of 8 runs" in bar
    assert "<strong>" in shown[-1]
    assert 'class="dropout-lab"' in shown[-1]
    assert not [one for one in trained["outputs"] if one["output_type"] == "error"]
    assert "\x1b" not in str(trained["outputs"])
    assert outputs(drawn, "image/png")
    (error,) = refused["outputs"]
    assert (error["ename"], error["evalue"].partition(":")[0]) == ("UserError", "rate=2.0")
