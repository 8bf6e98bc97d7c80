"""Files in which something looks like something else than what is made of it: refused or told, with the key that
settles it, and the key does."""

import re
import shlex
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import setting, typed
from dropout_lab.datasets.labelled_text import labelled_text
from dropout_lab.datasets.reading import wanted_types
from dropout_lab.datasets.spellings import spelling_of
from dropout_lab.datasets.table import table
from dropout_lab.datasets.target import require_target_alone

ROWS = 40


def write(folder: Path, name: str = "my.csv", /, **columns: Any) -> str:
    """A file with these columns, a plain feature and a plain target."""
    plain = {"size": [(i * 7 % 11) / 2 for i in range(ROWS)], "label": [("no", "yes")[i % 2] for i in range(ROWS)]}
    frame = pd.DataFrame({**plain, **columns})
    path = folder / name
    if name.endswith("csv"):
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return str(path)


def cycled(*values: Any) -> list[Any]:
    return [values[i % len(values)] for i in range(ROWS)]


def settled(path: str, column: str) -> tuple[int, int]:
    """How many features a table has without and with the column; there is nothing to say of it in either way."""
    without, kept = table(path=path, target="label", drop=[column]), table(path=path, target="label", keep=[column])
    assert not without.warnings
    assert not kept.warnings
    return without.input_shape[0], kept.input_shape[0]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("50,123", "numbers with separators"),
        ("1.234,56", "numbers with separators"),
        ("3,5", "numbers with separators"),
        ("12 345", "numbers with separators"),
        ("1'234.50", "numbers with separators"),
        ("12,34,567", "numbers with separators"),
        ("−5", "numbers with separators"),
        ("(1,234)", "numbers with separators"),
        ("$12.30", "amounts of money"),
        ("-$5", "amounts of money"),
        ("1.234,50 €", "amounts of money"),
        ("USD 12", "amounts of money"),
        ("$1.2M", "amounts of money"),
        ("12%", "percentages"),
        ("12,5 %", "percentages"),
        ("2024-01-31", "dates or times"),
        ("31.01.2024", "dates or times"),
        ("1/31/24", "dates or times"),
        ("2024-01-31T12:00:00Z", "dates or times"),
        ("2024-01-31 12:00:00.5+01:00", "dates or times"),
        ("Mon, 5 Jan 2024", "dates or times"),
        ("January 5, 2024", "dates or times"),
        ("3:05 PM", "dates or times"),
        ("2024-Q1", "dates or times"),
        ("yes", None),
        ("<=50K", None),
        ("30-40", None),
        ("1.2.3", None),
        ("10.0.0.1", None),
        ("A12", None),
        ("Mark 12", None),
        ("1" * 100000 + "x", None),
    ],
)
def test_spellings_of_numbers_and_times(value: str, what: str | None) -> None:
    found = spelling_of(value)
    assert (found and found.what.startswith(what or "?")) == (True if what else None)


def test_all_columns_are_refused_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, price=cycled("$5", "€6"), share=cycled("1%", "2"), day=cycled("2024-01-31", "1/2/24"))
    with pytest.raises(UserError) as error:
        table(path=path, target="label")
    *columns, last = str(error.value).splitlines()
    assert [line.split("column ")[1].split()[0] for line in columns] == ["price", "share", "day"]
    assert last == "All of these are left out with dataset.drop=[price,share,day]"
    assert table(path=path, target="label", drop=["price", "share", "day"]).input_shape == (1,)


@pytest.mark.parametrize(
    "values",
    [
        ["30-40", "40-50", "50-60"],
        ["1st", "2nd", "3rd"],
        ["2 rooms", "3 rooms", "4 rooms"],
        ["yes", "no", None],
        ["red", "green", "?"],
        [True, False],
        ["x", "1"],
        ["Jan", "Feb", "Mar"],
    ],
)
def test_plain_categories_are_no_matter(values: list[Any], tmp_path: Path) -> None:
    assert not table(path=write(tmp_path, other=cycled(*values)), target="label").warnings


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("number", list(range(ROWS)), r"counts up from row to row, 0 \(line 2\), 1 \(line 3\)"),
        ("number", [1000 - 3 * i for i in range(ROWS)], "counts down"),
        ("number", [(i * 7) % ROWS for i in range(ROWS)], "has a different whole number in every row"),
        ("number", [None, *range(1, ROWS)], r"counts up from row to row, 1.0 \(line 3\)"),
        ("customer_id", [(i * 7919) % 100003 % 17 for i in range(ROWS)], "has the name of an identifier"),
        ("PassengerId", [(i * 7919) % 100003 % 17 for i in range(ROWS)], "has the name of an identifier"),
        ("zipcode", [10115 + i * 7919 % 17 for i in range(ROWS)], "has the name of an identifier"),
        (
            "customer_id",
            [f"cust{i % 12:04}" for i in range(ROWS)],
            r"an identifier, for example 'cust0000' \(line 2\); each",
        ),
        ("PostCode", cycled("N1 9GU", "SW1A 1AA", "E1 6AN"), "has the name of an identifier"),
        ("Unnamed: 0", [i / 3 for i in range(ROWS)], "looks like a saved index"),
        ("split", cycled("train", "test", "val"), "looks like a division into training and test parts"),
        ("fold", cycled(0, 1, 2, 3, 4), "looks like a division into training and test parts"),
        ("where", cycled("Train", "Test "), "looks like a division into training and test parts"),
        ("is_train", cycled(True, False), "looks like a division into training and test parts"),
        (
            "pressure",
            [-999 if i % 9 == 4 else 980 + i * 7 % 40 for i in range(ROWS)],
            r"has -999 in 4 rows.*na_values:\[-999\]",
        ),
        ("user", [f"user_{i % 12}" for i in range(ROWS)], "has 12 different numbered names"),
        ("day", cycled(20240131, 20240201, 20240301), "has dates written as numbers"),
        ("city", cycled("Oslo", "oslo ", "Rome"), r"categories 'Oslo' \(line 2\) and 'oslo ' \(line 3\), which differ"),
    ],
)
def test_what_may_be_meant_is_told(column: str, values: list[Any], said: str, tmp_path: Path) -> None:
    path = write(tmp_path, **{column: values})
    (warning,) = table(path=path, target="label").warnings
    settled(path, column)
    assert re.search(said, warning), warning
    assert warning.startswith(f"{path}: column {column} ")
    for key in ("drop", "keep"):
        assert setting(key, column) in warning


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("has_id", cycled("yes", "no")),
        ("paid", cycled(10, 20, 30)),
        ("humid", cycled(1, 2, 3)),
        ("age", [20 + i * 7 % 23 for i in range(ROWS)]),
        ("rooms", cycled(1, 2, 3)),
        ("seen", cycled(0, 1)),
        ("transport", cycled("train", "bus")),
        ("income", [30000 + (i * 7919) % 50021 for i in range(ROWS)]),
    ],
)
def test_plain_numbers_are_no_matter(column: str, values: list[Any], tmp_path: Path) -> None:
    assert not table(path=write(tmp_path, **{column: values}), target="label").warnings


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("age", "age"),
        ("Unnamed: 0", "Unnamed: 0"),
        ("0", "0"),
        ("a,b", "a,b"),
        ("null", "null"),
        ('the "size"', 'the "size"'),
        ("it's", "it's"),
        ("größe", "größe"),
        ("net price", "net price"),
    ],
)
def test_a_setting_is_read_back_by_the_shell_and_hydra(name: str, read: str) -> None:
    (line,) = shlex.split(setting("drop", name))
    (override,) = OverridesParser.create().parse_overrides([line])
    assert override.key_or_group == "dataset.drop"
    assert override.value() == [read]
    assert setting("keep", "age") == "dataset.keep=[age]"


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (cycled("Yes", "no", "yes", "no"), r"classes 'Yes' \(line 2\) and 'yes' \(line 4\)"),
        (cycled(">50K", "<=50K", ">50K.", "<=50K."), r"classes '>50K' \(line 2\) and '>50K.' \(line 4\)"),
        (cycled("1", "x", "1.0", "y"), r"classes 1 \(line 2\) and 1.0 \(line 4\)"),
    ],
)
@pytest.mark.parametrize("read", [table, labelled_text])
def test_labels_that_differ_only_in_their_spelling(read: Any, labels: list[str], said: str, tmp_path: Path) -> None:
    columns = {} if read is table else {"text": cycled("a word", "b word")}
    path = write(tmp_path, **columns, label=labels)
    with pytest.raises(UserError, match=rf"my.csv: column label, the target, has the {said}.*dataset.keep=\[label\]"):
        read(path=path, target="label")
    assert read(path=path, target="label", keep=["label"]).outputs == len(set(labels))


def test_a_target_with_a_value_of_its_own_in_every_row(tmp_path: Path) -> None:
    path = write(tmp_path, label=[f"person {i}" for i in range(ROWS)])
    with pytest.raises(UserError, match=r"label, the target, has 40 different values in 40 rows, .* choose another"):
        table(path=path, target="label")
    path = write(tmp_path, label=[i / 3 for i in range(ROWS)])
    with pytest.raises(UserError, match=r"40 different values .* dataset.task=regression"):
        table(path=path, target="label", task="classification")
    path = write(tmp_path, label=list(range(ROWS)))
    (warning,) = table(path=path, target="label").warnings
    assert "column label, the target, counts up" in warning
    assert not table(path=path, target="label", keep=["label"]).warnings


def test_keep_names_columns_that_are_read(tmp_path: Path) -> None:
    path = write(tmp_path)
    with pytest.raises(UserError, match=r"dataset.keep=nosuch: .* has no such column; it has size, label"):
        table(path=path, target="label", keep=["nosuch"])
    with pytest.raises(UserError, match=r"dataset.keep=size: is in dataset.drop, too"):
        table(path=path, target="label", keep=["size"], drop=["size"])
    with pytest.raises(UserError, match=r"dataset.keep=size: only the target, label, is read"):
        require_target_alone(["size"], "label")


def test_parquet_has_kinds_of_its_own(tmp_path: Path) -> None:
    """Dictionaries are words; leading zeros, decimals and times are numbers."""
    day = pd.Timestamp("2024-01-31") + pd.to_timedelta(pd.Series(range(ROWS)), unit="D")
    path = write(tmp_path, "my.parquet", colour=pd.Series(cycled("red", "blue", "?")).astype("category"), day=day)
    dataset = table(path=path, target="label")
    assert not dataset.warnings
    assert dataset.input_shape == (1 + 3 + 3,)
    (warning,) = table(path=write(tmp_path, "my.parquet", code=cycled("01067", "10115")), target="label").warnings
    assert "has leading zeros, for example '01067' (row 1)" in warning


def test_many_words_that_begin_with_a_number_are_told(tmp_path: Path) -> None:
    pressure = [f"{100 + i % 25}/{60 + i % 25}" for i in range(80)]
    frame = pd.DataFrame({"pressure": pressure, "label": ["a", "b"] * 40})
    frame.to_csv(tmp_path / "my.csv", index=False)
    (warning,) = table(path=str(tmp_path / "my.csv"), target="label").warnings
    assert "column pressure has 25 different words that begin with a number, for example '100/60' (line 2)" in warning


def test_what_is_said_of_the_data_goes_into_the_session(tmp_path: Path) -> None:
    path = write(tmp_path, customer_id=cycled(7, 9, 4))
    section = {"_target_": "dropout_lab.datasets.table.table", "path": path, "target": "label"}
    trainer = CohortTrainer(Builder())
    warning, *_ = trainer.data_warnings({"dataset": section})
    assert "column customer_id has the name of an identifier" in warning
    assert not trainer.data_warnings({"dataset": {**section, "keep": ["customer_id"]}})


def test_a_target_is_read_as_a_column_is_and_stays_classes_where_that_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, label=[f"${i * 7 % 40}.50" for i in range(ROWS)])
    dataset = table(path=path, target="label")
    assert dataset.task == "regression"
    assert any(r"the target, label, such as '$0.50' (line 2), is read as numbers" in note for note in dataset.notes)
    path = write(tmp_path, label=cycled("$5", "$6"))
    assert table(path=path, target="label", task="classification").class_names == ["$5", "$6"]
    assert table(path=path, target="label", columns={"label": "category"}).class_names == ["$5", "$6"]
    path = write(tmp_path, label=cycled("yes", "no", "yes ", "no"))
    dataset = table(path=path, target="label")
    assert dataset.class_names == ["no", "yes"]
    assert any("blanks around the labels of the target, label, are left out" in note for note in dataset.notes)
    path = write(tmp_path, size=cycled(1, 2, 3), label=cycled("1,234", "5,678", "2,500", "9,012"))
    with pytest.raises(UserError, match=r"line 2: column label has '1,234'.*\{label:decimal_comma\}.*task=class"):
        table(path=path, target="label")
    found = table(path=path, target="label", columns={"label": "decimal_comma"}, task="regression").targets
    assert (found[1] - found[0]).item() == pytest.approx(4.444)
    path = write(tmp_path, label=cycled("2024-01-31", "2024-02-28"))
    with pytest.raises(UserError, match=r"column label, the target, has dates or times, .*dataset.task=class"):
        table(path=path, target="label")


@pytest.mark.parametrize("name", ["age", "Unnamed: 0", "größe", "net price", 'the "size"', "it's"])
def test_a_type_is_read_back_by_the_shell_and_hydra(name: str) -> None:
    (line,) = shlex.split(typed((name, "number")))
    (override,) = OverridesParser.create().parse_overrides([line])
    value: Any = override.value()
    frame = pd.DataFrame({name: [1]})
    assert wanted_types(value, frame, "my.csv") == {name: "number"}
