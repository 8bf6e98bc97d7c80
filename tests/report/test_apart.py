"""The report made in the process of its own is the report."""

from pathlib import Path

import pytest

from dropout_lab.core.errors import UserError
from dropout_lab.report import make
from dropout_lab.report.apart import make_apart
from tests.report.canned import Sweep, grid


@pytest.mark.slow
@pytest.mark.draws
def test_it_is_the_same_to_the_byte_with_several_that_draw(tmp_path: Path) -> None:
    folder = Sweep(grid(rates=(0.0, 0.3)), seeds=2).write(tmp_path / "sweep")
    here = make(folder)
    written = {path: path.read_bytes() for path in folder.rglob("*.*")}
    here.html.unlink()
    assert make_apart(folder) == here
    assert len(written) > 20
    for path, content in written.items():
        assert path.read_bytes() == content, path


def test_a_mistake_arrives_as_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        make_apart(tmp_path / "nothing")
