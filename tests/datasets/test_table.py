"""Tables of one's own: what becomes of numbers, words and holes, and what is refused by file, line and column."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from dropout_lab.cohort.passes import inputs_of
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.amounts import Amounts
from dropout_lab.datasets.columns import Column
from dropout_lab.datasets.files import NO_MARKS
from dropout_lab.datasets.lines import row_of_file
from dropout_lab.datasets.reading import read_column
from dropout_lab.datasets.table import table
from dropout_lab.datasets.words_read import Open
from tests.made import made


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
    assert (dataset.inputs[:, 0] - dataset.inputs[0, 0]).tolist() == list(range(40))
    assert torch.equal(dataset.inputs[:, 1:4].sum(1), torch.ones(40))
    assert dataset.inputs[0, 1:4].tolist() == [0, 1, 0]
    assert dataset.inputs[:, 5].tolist() == [float(i % 10 == 3) for i in range(40)]
    assert dataset.targets.tolist() == [i % 2 for i in range(40)]
    assert dataset.inputs[:, 4].isnan().tolist() == [i % 10 == 3 for i in range(40)]
    assert list(dataset.indicators) == [1, 2, 3, 5]


def test_a_hole_is_the_mean_of_the_seeds_training_part_and_nothing_else_of_the_rows(tmp_path: Path) -> None:
    dataset = table(path=write(tmp_path, rows()), target="label")
    for seed in range(3):
        split = dataset.split(seed)
        known = np.array([i / 4 for i in split.train.tolist() if i % 10 != 3])
        assert (split.mean - dataset.inputs[0])[4].item() == pytest.approx(known.mean())  # row 0 is 0
        assert split.std[4].item() == pytest.approx(known.std())
        given = {"inputs": dataset.inputs, "mean": split.mean[None], "std": split.std[None]}
        x = inputs_of(torch.arange(40)[None], given)[0]
        assert x.isfinite().all()
        assert (x[dataset.inputs.isnan()] == 0).all()
        assert torch.equal(x[:, [1, 2, 3, 5]], dataset.inputs[:, [1, 2, 3, 5]])


def test_test_rows_decide_nothing_of_the_features(tmp_path: Path) -> None:
    plain = table(path=write(tmp_path, rows().assign(score=range(40))), target="label")
    here = plain.test.tolist()
    frame = rows().assign(score=range(40)).astype({"score": float})
    frame.loc[here, "city"] = "Narvik"
    frame.loc[here, "score"] = None
    dataset = table(path=write(tmp_path, frame), target="label")
    assert dataset.input_shape == plain.input_shape == (5,)
    assert (dataset.inputs[dataset.test, 1:4] == 0).all()
    split, before = dataset.split(0), plain.split(0)
    torch.testing.assert_close((split.mean, split.std), (before.mean, before.std))
    frame["score"] = frame["score"].where(frame.index.isin(here))
    frame.loc[here, "score"] = 1.0
    (score,) = [one for one in table(path=write(tmp_path, frame), target="label").readings if one.name == "score"]
    assert (score.type, score.told) == ("left out", "has no value outside of the test set")


def test_a_category_is_0_or_1_however_rare_and_0_where_the_training_part_has_none(tmp_path: Path) -> None:
    frame = rows(400).assign(score=0)
    test = table(path=write(tmp_path, frame), target="label").test.tolist()
    rare = next(i for i in range(400) if i not in test)
    frame.loc[rare, "city"], frame.loc[rare, "score"] = "Narvik", 1
    dataset = table(path=write(tmp_path, frame), target="label")
    seen, unseen = (next(s for s in range(50) if (rare in dataset.split(s).train) == there) for there in (True, False))
    for seed, value in ((seen, 1.0), (unseen, 0.0)):
        split = dataset.split(seed)
        x = (dataset.inputs[rare] - split.mean) / split.std
        assert x[1:].tolist() == [0, value, 0, 0, value]


@pytest.mark.parametrize("name", ["my.csv", "my.tsv"])
def test_a_mistake_is_on_the_line_of_the_file_that_an_editor_shows(name: str, tmp_path: Path) -> None:
    between = "\t" if name.endswith("tsv") else ","
    lines = ["", between.join(("note", "age", "label")), *(between.join(("n", str(i), "ab"[i % 2])) for i in range(30))]
    lines[4] = between.join((f'"{"long " * 40000}\nand ""of"" two\r\nlines"', "1", "a"))
    lines[6:6] = ["", "   ", '""' + between * 2 + "b"]
    lines[6 + 2] = between.join(('""', "4", "b"))
    lines[20] = between.join(("n", "abc", "a"))
    text = "\n".join(lines)
    (tmp_path / name).write_bytes(text.encode("utf-8-sig"))
    line = text[: text.index("abc")].count("\n") + 1
    assert line == 23
    with pytest.raises(UserError, match=rf"{name}, line {line}: column age has numbers, and here 'abc'"):
        table(path=str(tmp_path / name), target="label", drop=["note"])


def test_parquet_has_rows_and_no_lines(tmp_path: Path) -> None:
    labels: list[Any] = ["no", None, *["yes"] * 38]
    frame = rows().assign(label=labels)
    with pytest.raises(UserError, match=r"my\.parquet, row 2: column label, the target, is empty"):
        table(path=write(tmp_path, frame, "my.parquet"), target="label")


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
        ({}, {"task": "ranking"}, "dataset.task=ranking: must be one of classification, regression, multilabel, or"),
        ({"age": [*range(39), "abc"]}, {}, r"my.csv, line 41: column age has numbers, and here 'abc'"),
        ({"label": ["no", None, *["yes"] * 38]}, {}, "my.csv, line 3: column label, the target, is empty"),
        ({"label": ["no"] * 40}, {}, "every row of .* has the same, no"),
        (
            {"label": ["no", *["yes"] * 19, *["no"] * 19, "maybe"]},
            {},
            "test_fraction=0.2: class maybe has only 1 example",
        ),
        ({"label": [9, 4] * 19 + [9, 7]}, {}, "test_fraction=0.2: class 7 has only 1 example"),
        (
            {"label": [i / 3 for i in range(39)] + ["oops"]},
            {},
            "line 41: column label has numbers, and here 'oops'; .*task=cl",
        ),
        ({"label": [2.5] * 40}, {"task": "regression"}, "every row of .* has the same, 2.5; for .* they must differ"),
        ({"label": [i / 3 for i in range(39)] + [1e39]}, {}, r"line 41: column label has 1e\+39; must be from -1e\+38"),
        ({"age": [-2e38, *range(39)]}, {}, r"my.csv, line 2: column age has -2e\+38; must be from -1e\+38 to 1e\+38"),
        ({"age": [*range(39), float("inf")]}, {}, "my.csv, line 41: column age has numbers, and here inf; if that"),
        ({}, {"drop": ["label"]}, "dataset.drop=label: is the target"),
        ({"city": [f"person {i}" for i in range(40)]}, {"keep": ["city"]}, None),
    ],
)
def test_what_is_wrong_is_named(change: Any, arguments: Any, said: str | None, tmp_path: Path) -> None:
    path = write(tmp_path, rows().assign(**change))
    if said is None:
        assert table(path=path, **{"target": "label", **arguments}).inputs.shape == (40, 3 + 32)  # 8 are test rows
        return
    with pytest.raises(UserError, match=said):
        made("dataset", table, path=path, **{"target": "label", **arguments})


def test_a_class_too_rare_for_a_validation_part_has_its_name(tmp_path: Path) -> None:
    path = write(tmp_path, rows().assign(label=[9, 4] * 19 + [7, 7]))
    with pytest.raises(UserError, match=r"dataset\.val_fraction=0.2: class 7 has only 1 example"):
        table(path=path, target="label", test_fraction=0.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b,y\n0.12,0.5,1,0\n0.13,0.5,0,0\n", "line 2: has 4 fields, and the header has 3"),
        ('a,b,y\n"1\n2",0.5,1\n\n0.13,0\n', "line 5: has 2 fields, and the header has 3"),
        ("label,a,label\n1,2,3\n", "line 1: columns 1 and 3 have the same name, label"),
        ("a,b,y\n", "my.csv: has no rows, only the columns a, b, y"),
    ],
)
def test_rows_that_are_not_those_of_the_header(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "my.csv").write_text(text)
    with pytest.raises(UserError, match=said):
        table(path=str(tmp_path / "my.csv"), target="y")


@pytest.mark.parametrize(
    ("value", "kind"), [([1, 2], "a list"), ({"x": 1}, "a record"), (b"x", "a value of the type b")]
)
@pytest.mark.parametrize("column", ["city", "label"])
def test_what_is_no_scalar_is_named(value: Any, kind: str, column: str, tmp_path: Path) -> None:
    path = write(tmp_path, rows().assign(**{column: [None, *[value] * 39]}), "my.parquet")
    with pytest.raises(UserError, match=rf"my.parquet, row 2: column {column} has {kind}"):
        table(path=path, target="label")
    if column == "city":
        assert table(path=path, target="label", drop=["city"]).inputs.shape == (40, 3)


def test_parquet_with_two_columns_of_one_name(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    columns = [arrow.array([0, 1] * 20), arrow.array(range(40)), arrow.array([1, 0] * 20)]
    arrow.parquet.write_table(arrow.table(columns, names=["label", "a", "label"]), tmp_path / "my.parquet")
    with pytest.raises(UserError, match="columns 1 and 3 have the same name, label"):
        table(path=str(tmp_path / "my.parquet"), target="label")


def _times(count: int, half_seconds: "pd.Series[Any]") -> dict[str, "pd.Series[Any]"]:
    start = pd.Timestamp("2024-01-01")
    return {
        "seconds": 1.7e9 + half_seconds / 2,
        "naive": start + pd.to_timedelta(half_seconds / 2, unit="s"),
        "zoned": start.tz_localize("Asia/Tokyo") + pd.to_timedelta(half_seconds / 2, unit="s"),
        "day": pd.Series([(start + pd.Timedelta(days=i)).date() for i in range(count)]),
        "duration": pd.to_timedelta(half_seconds / 2 + 1e9, unit="s"),
    }


@pytest.mark.parametrize("name", ["seconds", "naive", "zoned", "day", "duration"])
def test_steps_small_beside_the_numbers_are_kept(name: str, tmp_path: Path) -> None:
    """In float32 neighbours of 1.7e9 are 128 apart: all these steps of half a second would be lost."""
    counted = pd.Series(np.arange(400.0))
    frame = rows(400)[["label"]].assign(time=_times(400, counted)[name])
    if name != "day":
        frame.loc[:9, "time"] = None
    dataset = table(path=write(tmp_path, frame, "my.parquet"), target="label")
    if name in ("naive", "zoned", "day"):
        assert [one.features[0] for one in dataset.readings if one.name == "time"] == ["time days"]
    split = dataset.split(0)
    known = split.train[~dataset.inputs[split.train, 0].isnan()]
    assert (known.min() > 9) == (name != "day")
    expected = (counted - counted[known.numpy()].mean()) / counted[known.numpy()].std(ddof=0)
    found = ((dataset.inputs - split.mean) / split.std)[:, 0]
    there = ~found.isnan()
    np.testing.assert_allclose(found[there].numpy(), expected[there.numpy()], atol=1e-5)


def test_targets_large_beside_their_differences_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path, rows(400).assign(label=1.7e9 + np.arange(400) / 2))
    dataset = table(path=path, target="label")
    split = dataset.split(0)
    train = split.train.double()
    torch.testing.assert_close(
        split.train_targets.double(), (train - train.mean()) / train.std(correction=0), atol=1e-5, rtol=0
    )


def test_identifiers_are_no_categories(tmp_path: Path) -> None:
    path = write(tmp_path, rows(500).assign(city=[f"person {i}" for i in range(500)]))
    dataset = table(path=path, target="label")
    assert dataset.inputs.shape == (500, 3)
    (city,) = [one for one in dataset.readings if one.name == "city"]
    assert (city.type, city.told) == ("left out", "has 500 different words in 500 rows, which are no categories")
    assert city.change == "dataset.keep=[city]"


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"give dataset\.path=my\.csv and dataset.target"):
        table()
    with pytest.raises(UserError, match=r"nosuch\.csv: there is no such file"):
        table(path=str(tmp_path / "nosuch.csv"), target="x")
    with pytest.raises(UserError, match=r"is a folder; must be a file that ends with .csv, .tsv, .xlsx, .parquet, "):
        table(path=str(tmp_path), target="x")
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"must end with .csv, .tsv, .xlsx, .parquet, "):
        table(path=str(tmp_path / "a.png"), target="x")
    for name in ("a.csv", "a.parquet"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(UserError, match="cannot be read as a table"):
            table(path=str(tmp_path / name), target="x")


@pytest.mark.parametrize("missing", ["n.a.", "."])
def test_a_word_for_a_missing_value_says_no_decimal_sign(missing: str) -> None:
    words = pd.Series([missing, "1.234", "2.345"], dtype="str")
    found = read_column(Column("a", words, "my.csv", row_of_file), None, False, NO_MARKS)
    assert isinstance(found, Open)


def test_words_that_are_spelled_alike_keep_their_own_numbers() -> None:
    words = ["$1,234.50", "$9,876.05", "(12.5)", "(43.1)", "1 234.5e3", "7 008.5e2", "$2.5k", "no", "−3 kg"]
    found = Amounts.of(words)
    assert len(found.alike) < len(words)
    assert found.read.tolist() == [word != "no" for word in words]
    expected = [1234.5, 9876.05, -12.5, -43.1, 1234.5e3, 7008.5e2, 2500.0, np.nan, -3.0]
    np.testing.assert_allclose(found.values("."), expected, rtol=1e-12)


def test_a_target_is_read_as_a_feature_is(tmp_path: Path) -> None:
    """Points between thousands are told where another column says so, and refused where none does."""
    path, price = tmp_path / "my.csv", ["1.000", "951", "3.074"] * 20
    frame = pd.DataFrame({"x": ["1,5", "2,25"] * 30, "price": price})
    frame.to_csv(path, index=False)
    found = table(path=str(path), target="price", task="regression")
    assert torch.diff(found.targets[:3]).tolist() == [-49, 2123]
    assert any("'.' is between thousands; ',' is the decimal sign, as in column x" in note for note in found.notes)
    frame.assign(x=range(60)).to_csv(path, index=False)
    with pytest.raises(UserError, match=r"line 2: column price has '1.000': .*columns=\{price:decimal_point\}"):
        table(path=str(path), target="price")
    comma = table(path=str(path), target="price", columns={"price": "decimal_comma"}, task="regression")
    assert torch.diff(comma.targets[:3]).tolist() == [-49, 2123]


@pytest.mark.parametrize("task", [None, "classification"])
def test_blanks_around_labels_are_left_out(tmp_path: Path, task: Any) -> None:
    path = tmp_path / "my.csv"
    pd.DataFrame({"x": np.arange(60) / 4, "y": ["a", "a ", "b"] * 20}).to_csv(path, index=False)
    found = table(path=str(path), target="y", task=task)
    assert found.class_names == ["a", "b"]
    assert any("blanks around the labels of the target, y, are left out" in note for note in found.notes)


@pytest.mark.parametrize(
    ("labels", "word", "classes"),
    [(["a", "-", "b"], "-", ["a", "b"]), (["0", "1", "unknown", "2"], "unknown", ["0", "1", "2"])],
)
def test_a_word_for_a_missing_target_is_no_class(
    tmp_path: Path, labels: list[str], word: str, classes: list[str]
) -> None:
    path = write(tmp_path, pd.DataFrame({"x": np.arange(60) / 4, "y": (labels * 20)[:60]}))
    refused = f"column y, the target, has '{word}', which stands for .*missing_target=drop leaves .*dataset.keep=.y"
    with pytest.raises(UserError, match=refused):
        table(path=path, target="y")
    dropped = table(path=path, target="y", missing_target="drop")
    assert dropped.class_names == classes
    assert f"'{word}' taken as missing; dataset.keep=[y] makes a class" in dropped.notes[0]
    assert word in table(path=path, target="y", keep=["y"], task="classification").class_names


def test_a_class_that_may_be_a_missing_value_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, pd.DataFrame({"x": np.arange(60) / 4, "y": ["a", "unknown", "b"] * 20}))
    found = table(path=path, target="y")
    assert found.class_names == ["a", "b", "unknown"]
    assert "has the class 'unknown'; if that stands for a missing value" in found.notes[0]
    other = table(path=path, target="y", read={"na_values": ["unknown"]}, missing_target="drop")
    assert other.class_names == ["a", "b"]


def test_times_of_a_zone_are_local(tmp_path: Path) -> None:
    times = pd.date_range("2024-01-01 22:00", periods=40, freq="25h", tz="America/New_York")
    path = write(tmp_path, rows().assign(age=times), "my.parquet")
    found = table(path=path, target="label")
    (reading,) = [one for one in found.readings if one.name == "age"]
    assert reading.told == "days and hours are local, of the time zone America/New_York"
    hours = found.inputs[:, list(reading.features).index("age hour")]
    assert torch.equal(hours - hours[0], torch.tensor([float(time.hour - 22) for time in times]))


@pytest.mark.parametrize("codes", [["1", "2"], [10, 20]])
def test_numbers_of_the_type_of_categories_are_categories(tmp_path: Path, codes: list[Any]) -> None:
    path = write(tmp_path, rows().assign(city=pd.Categorical(codes * 20)), "my.parquet")
    (reading,) = [one for one in table(path=path, target="label").readings if one.name == "city"]
    assert (reading.type, list(reading.features)) == ("category", [f"city={code}" for code in codes])
    assert reading.told == "has numbers, and the type of categories in the file"
    (other,) = [one for one in table(path=path, target="label", columns=["city:number"]).readings if one.name == "city"]
    assert other.type == "number"


def test_a_file_without_a_header_is_told_with_the_key(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_text("".join(f"{row / 4 + 1},2024-01-{row % 28 + 1:02},{'ab'[row % 2]}\n" for row in range(40)))
    assert (
        "its first row looks like data, 1.0, 2024-01-01, a; if the file has"
        in table(path=str(path), target="a").notes[0]
    )
    with pytest.raises(UserError, match=r"no such column; it has 1.0, 2024-01-01, a; .*read=\{header:null,names:"):
        table(path=str(path), target="label")
    found = table(path=str(path), target="label", read={"header": None, "names": ["size", "day", "label"]})
    assert (len(found.targets), list(found.notes)) == (40, [])
    pd.DataFrame(np.arange(80).reshape(20, 4) % 3).to_csv(path, index=False)
    assert not table(path=str(path), target="3").notes  # names that pandas gives
