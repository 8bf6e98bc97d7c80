"""Tables of one's own: what becomes of numbers, words and holes, and what is refused by file, row and column."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from dropout_lab.datasets.table import table
from dropout_lab.errors import UserError


def rows(count: int = 40) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "age": [20 + i for i in range(count)],
            "city": [("Oslo", "Bergen", "Tromsø")[i % 3] for i in range(count)],
            "score": [None if i % 10 == 3 else i / 4 for i in range(count)],
            "label": [("no", "yes")[i % 2] for i in range(count)],
        }
    )


def write(folder: Path, frame: pd.DataFrame, name: str = "my.csv") -> str:
    path = folder / name
    if name.endswith(".parquet"):
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if name.endswith(".tsv") else ",")
    return str(path)


@pytest.mark.parametrize("name", ["my.csv", "my.tsv", "my.parquet"])
def test_numbers_words_and_holes(name: str, tmp_path: Path) -> None:
    dataset = table(path=write(tmp_path, rows(), name), target="label")
    assert (dataset.name, dataset.task, dataset.outputs) == ("my", "classification", 2)
    # age; Bergen, Oslo, Tromsø; score and whether it is missing
    assert dataset.inputs.shape == (40, 6)
    assert dataset.inputs[:, 0].tolist() == list(range(20, 60))
    assert torch.equal(dataset.inputs[:, 1:4].sum(1), torch.ones(40))
    assert dataset.inputs[0, 1:4].tolist() == [0, 1, 0]
    assert dataset.inputs[:, 5].tolist() == [float(i % 10 == 3) for i in range(40)]
    assert dataset.targets.tolist() == [i % 2 for i in range(40)]
    outside = [i for i in range(40) if i not in dataset.test.tolist() and i % 10 != 3]
    assert dataset.inputs[3, 4].item() == pytest.approx(float(pd.Series(outside).median()) / 4)


@pytest.mark.parametrize(
    ("values", "task", "outputs"),
    [
        ([0, 1] * 20, "classification", 2),
        ([True, False] * 20, "classification", 2),
        ([i % 5 for i in range(40)], "classification", 5),
        ([i / 3 for i in range(40)], "regression", 1),
        (list(range(40)), "regression", 1),
        ([1, 10, 2, 20] * 10, "classification", 4),
    ],
)
def test_the_task_is_told_by_the_target(values: list[Any], task: str, outputs: int, tmp_path: Path) -> None:
    path = write(tmp_path, rows().assign(label=values))
    dataset = table(path=path, target="label")
    assert (dataset.task, dataset.outputs) == (task, outputs)
    if values[:4] == [1, 10, 2, 20]:
        assert dataset.targets[:4].tolist() == [0, 2, 1, 3]  # classes in the order of their numbers
    if task == "classification" and values[0] == 0:
        assert table(path=path, target="label", task="regression").task == "regression"


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        ({}, {"target": "lable"}, "dataset.target=lable: .* has no such column; it has age, city, score, label"),
        ({}, {"drop": ["agee"]}, "dataset.drop=agee: .* has no such column"),
        ({}, {"drop": ["age", "city", "score"]}, "no column to learn from"),
        ({}, {"task": "ranking"}, "dataset.task=ranking: must be classification, regression, or null"),
        ({"age": [*range(39), "abc"]}, {}, r"my.csv, row 41: column age has numbers, and here 'abc'"),
        ({"label": ["no", None, *["yes"] * 38]}, {}, "my.csv, row 3: column label, the target, is empty"),
        ({"label": ["no"] * 40}, {}, "every row of .* has the same, no"),
        ({"city": [None] * 40}, {}, "column city is empty"),
        ({"city": [f"person {i}" for i in range(40)]}, {}, None),
    ],
)
def test_what_is_wrong_is_named(change: Any, arguments: Any, said: str | None, tmp_path: Path) -> None:
    path = write(tmp_path, rows().assign(**change))
    if said is None:
        assert table(path=path, **{"target": "label", **arguments}).inputs.shape == (40, 43)
        return
    with pytest.raises(UserError, match=said):
        table(path=path, **{"target": "label", **arguments})


def test_identifiers_are_no_categories(tmp_path: Path) -> None:
    path = write(tmp_path, rows(500).assign(city=[f"person {i}" for i in range(500)]))
    with pytest.raises(UserError, match=r"column city has 500 different words.*dataset.drop=\[city\]"):
        table(path=path, target="label")
    assert table(path=path, target="label", drop=["city"]).inputs.shape == (500, 3)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"give dataset\.path=my\.csv and dataset.target"):
        table()
    with pytest.raises(UserError, match=r"nosuch\.csv: there is no such file"):
        table(path=str(tmp_path / "nosuch.csv"), target="x")
    (tmp_path / "a.xlsx").write_bytes(b"")
    with pytest.raises(UserError, match=r"must end with .csv, .tsv or .parquet"):
        table(path=str(tmp_path / "a.xlsx"), target="x")
    for name in ("a.csv", "a.parquet"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(UserError, match="cannot be read as a table"):
            table(path=str(tmp_path / name), target="x")
