"""What is understood of small files as people have them; see `make`."""

import re
from pathlib import Path

import pytest
import torch

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.table import table
from tests.datasets.kinds.make import BROKEN, CASES, FILES, Case, frame, write


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_column_is_what_it_looks_like_or_is_refused(case: Case, tmp_path: Path) -> None:
    path = write(tmp_path, case)
    arguments = {"path": path, "target": "label", **case.arguments}
    if case.refused:
        with pytest.raises(UserError, match=case.refused):
            table(**arguments)
        return
    dataset = table(**arguments)
    (reading,) = [one for one in dataset.readings if one.name == case.column.strip()]
    assert reading.type == case.type
    if case.features or case.type == "left out":
        assert list(reading.features) == list(case.features)
    assert re.search(case.told or "^$", reading.told), reading.told
    if reading.told and not case.arguments and case.type != "left out":
        assert "x" in reading.change
    place = sum(len(one.features) for one in dataset.readings[: dataset.readings.index(reading)])
    found = dataset.inputs[:, place] - dataset.inputs[0, place] if case.first else torch.zeros(0)
    expected = torch.tensor([torch.nan if value is None else value for value in case.first], dtype=torch.float32)
    torch.testing.assert_close(found[: len(expected)], expected, equal_nan=True, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("kind", FILES)
def test_one_table_in_many_files(kind: str, tmp_path: Path) -> None:
    name, make, arguments, said = FILES[kind]
    if name.endswith(".xlsx"):
        pytest.importorskip("openpyxl")
    (tmp_path / name).write_bytes(make(frame()))
    dataset = table(path=str(tmp_path / name), target="label", **arguments)
    assert dataset.name == "my"
    assert [(one.name, one.type) for one in dataset.readings if one.name != "note"] == [
        ("label", "target: 2 classes"),
        ("size", "number"),
        ("town", "category"),
    ]
    assert dataset.readings[2].features == ("town=Bonn", "town=Köln")
    assert (dataset.inputs[:3, 0] - dataset.inputs[0, 0]).tolist() == [0, 0.75, 2.25]
    assert re.search(said or "^$", " ".join(dataset.notes)), dataset.notes


@pytest.mark.parametrize("kind", BROKEN)
def test_what_cannot_be_read_is_named(kind: str, tmp_path: Path) -> None:
    name, data, arguments, said = BROKEN[kind]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=said):
        table(path=str(tmp_path / name), target="label", **arguments)
