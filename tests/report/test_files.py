from pathlib import Path

import pytest

from dropout_lab.core.errors import UserError
from dropout_lab.report.write.files import write


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"gap\.svg cannot be written: Not a directory"):
        write(tmp_path / "file" / "figures" / "gap.svg", "x")
    write(tmp_path / "figures" / "gap.svg", "x")
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["gap.svg"]
