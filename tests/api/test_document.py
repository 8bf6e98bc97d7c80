"""The code of docs/python.md runs from top to bottom, in shorter trainings."""

import re
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

import dropout_lab
from tests.docs.tables import ROOT

PAGE = ROOT / "docs" / "python.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_page_is_followed_from_top_to_bottom(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results, sweep = [], dropout_lab.sweep

    def shorter(*given: Any, **settings: Any) -> Any:
        less = {"seeds": 2, "trainer.epochs": 2, "trainer.compile": "never"}
        results.append(sweep(*given, **{**settings, **less}))
        return results[-1]

    monkeypatch.setattr(dropout_lab, "sweep", shorter)
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(block, names)
    assert len(results) == 4  # and one refused
    assert isinstance(names["figure"], Figure)
    assert "rate=1.5: must be" in capsys.readouterr().out
    assert (home / "outputs" / "wine").is_dir()
