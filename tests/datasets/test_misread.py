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
from dropout_lab.datasets.columns import setting
from dropout_lab.datasets.labelled_text import labelled_text
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


@pytest.mark.parametrize("name", ["my.csv", "my.parquet"])
@pytest.mark.parametrize(
    ("values", "what", "example"),
    [
        (["50,123", "999", "1,201"], "numbers with separators", "50,123"),
        (["$12.30", "$3", "$4.10"], "amounts of money", "$12.30"),
        (["12%", "3%", "50%"], "percentages", "12%"),
        (["1,5", "2,25", "3,0"], "numbers with separators", "1,5"),
        (["2024-01-31", "2024-02-01", "2024-03-31"], "dates or times", "2024-01-31"),
        (["-", "-", "-", "1", "2", "3", "-"], "3 different numbers and words", "-"),
        (["2024-01-31", "-", "2024-02-01", "-", "-"], "dates or times", "2024-01-31"),
        ([f"{i} kg" for i in range(25)], "numbers with something beside them", "0 kg"),
    ],
)
def test_numbers_and_times_that_would_be_categories(
    values: list[str], what: str, example: str, name: str, tmp_path: Path
) -> None:
    path = write(tmp_path, name, price=cycled(*values))
    example = re.escape(f"{example!r} ({'line 2' if name == 'my.csv' else 'row 1'})")
    settings = r"dataset.drop=\[price\].*dataset.keep=\[price\]"
    said = rf"{name}: column price has {what}.*, such as {example}, and each would become a category.*; .*{settings}"
    with pytest.raises(UserError, match=said):
        table(path=path, target="label")
    without, kept = settled(path, "price")
    assert without == 1
    assert 1 + min(len(set(values)), 20) <= kept <= 1 + len(set(values))  # the test set may have the only one


def test_all_columns_are_refused_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, price=cycled("$5", "$6", "$7"), share=cycled("1%", "2%"), day=cycled("2024-01-31", "1/2/24"))
    with pytest.raises(UserError) as error:
        table(path=path, target="label")
    *columns, last = str(error.value).splitlines()
    assert [line.split("column ")[1].split()[0] for line in columns] == ["price", "share", "day"]
    assert last == "All of these are left out with dataset.drop=[price,share,day]"


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
        ("unit", cycled("kg"), r"has the same value in every row, for example 'kg' \(line 2\)"),
        ("unit", cycled(3), "has the same value in every row"),
        ("weight", [f"{45 + i % 12} kg" for i in range(ROWS)], "has 12 different numbers with a unit"),
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


def test_identifiers_and_texts_are_no_categories_however_few_the_rows(tmp_path: Path) -> None:
    path = write(tmp_path, who=[f"person {i // 2 if i < 20 else i}" for i in range(ROWS)])
    said = r"column who has 30 different words in 40 rows, such as 'person 0' \(line 2\).*drop=\[who\].*keep=\[who\]"
    with pytest.raises(UserError, match=rf"{said}.*dataset=labelled_text dataset.text=who"):
        table(path=path, target="label")
    without, kept = settled(path, "who")
    assert without == 1
    assert 20 < kept <= 31


def test_more_categories_than_are_taken_cannot_be_kept(tmp_path: Path) -> None:
    frame = pd.DataFrame({"who": [f"p{i % 250}" for i in range(600)], "label": ["a", "b"] * 300, "x": [0.5, 2] * 300})
    frame.to_csv(tmp_path / "my.csv")
    for keep in ([], ["who"]):
        with pytest.raises(UserError, match="250 different words in 600 rows") as error:
            table(path=str(tmp_path / "my.csv"), target="label", keep=keep)
        assert "dataset.keep" not in str(error.value)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (cycled("yes", "no", "yes ", "no"), r"classes 'yes' \(line 2\) and 'yes ' \(line 4\), which differ only in"),
        (cycled("Yes", "no", "yes", "no"), r"classes 'Yes' \(line 2\) and 'yes' \(line 4\)"),
        (cycled(">50K", "<=50K", ">50K.", "<=50K."), r"classes '>50K' \(line 2\) and '>50K.' \(line 4\)"),
        (cycled("1", "x", "1.0", "y"), r"classes '1' \(line 2\) and '1.0' \(line 4\)"),
    ],
)
@pytest.mark.parametrize("read", [table, labelled_text])
def test_labels_that_differ_only_in_their_spelling(read: Any, labels: list[str], said: str, tmp_path: Path) -> None:
    columns = {} if read is table else {"text": cycled("a word", "b word")}
    path = write(tmp_path, **columns, label=labels)
    with pytest.raises(UserError, match=rf"my.csv: column label, the target, has the {said}.*dataset.keep=\[label\]"):
        read(path=path, target="label")
    assert read(path=path, target="label", keep=["label"]).outputs == len(set(labels))


def test_numbers_and_days_as_targets_are_no_classes(tmp_path: Path) -> None:
    for values, what in ((("$5", "$6"), "amounts of money"), (("2024-01-31", "2024-02-28"), "dates or times")):
        path = write(tmp_path, label=cycled(*values))
        with pytest.raises(UserError, match=rf"column label, the target, has {what}, .*; or, .* dataset.task=class"):
            table(path=path, target="label")
        assert table(path=path, target="label", task="classification").outputs == 2
    path = write(tmp_path, label=cycled("$5", "$6"))
    with pytest.raises(UserError, match=r"line 2: column label has numbers, and here '\$5'; write plain numbers"):
        table(path=path, target="label", task="regression")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (("999", "1,234", "12"), r"line 3: column label has numbers, and here '1,234'; write plain numbers"),
        (("1", "2", "3", "1,5", "2,5"), r"line 5: column label has numbers, and here '1,5'; write plain numbers"),
        (("0", "1", "2", "-"), r"line 5: column label has numbers, and here '-'; where a number is missing"),
    ],
)
def test_a_word_among_few_numbers_as_targets_is_no_class(values: tuple[str, ...], said: str, tmp_path: Path) -> None:
    path = write(tmp_path, label=cycled(*values))
    with pytest.raises(UserError, match=rf"{said}.*; if these are classes, give dataset.task=classification"):
        table(path=path, target="label")
    assert table(path=path, target="label", task="classification").outputs == len(values)


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


def test_a_word_among_numbers_is_refused_with_what_to_do_and_can_be_a_category(tmp_path: Path) -> None:
    for value, hint in (
        ("-", "leave the field empty"),
        ("1,234", "write plain numbers"),
        ("x", "if these are categories"),
    ):
        path = write(tmp_path, floor=cycled("1", "2", "3", value))
        said = rf"line 5: column floor has numbers, and here '{value}'.*{hint}.*dataset.keep=\[floor\]"
        with pytest.raises(UserError, match=said):
            table(path=path, target="label")
        assert settled(path, "floor") == (1, 5)


def test_a_word_among_more_numbers_than_there_can_be_categories(tmp_path: Path) -> None:
    frame = pd.DataFrame({"size": [*(i / 7 for i in range(299)), "abc"], "label": ["a", "b"] * 150})
    frame.to_csv(tmp_path / "my.csv", index=False)
    with pytest.raises(UserError, match=r"line 301: column size has numbers, and here 'abc'$"):
        table(path=str(tmp_path / "my.csv"), target="label")


def test_constant_columns_are_told_together(tmp_path: Path) -> None:
    path = write(tmp_path, **{str(i): cycled(0) for i in range(3)})
    (warning,) = table(path=path, target="label").warnings
    assert "3 columns (0, 1, 2) have the same value in every row, for example 0 (line 2)" in warning
    assert setting("drop", "0", "1", "2") in warning
    assert not table(path=path, target="label", drop=["0", "1", "2"]).warnings


def test_keep_names_columns_that_are_read(tmp_path: Path) -> None:
    path = write(tmp_path)
    with pytest.raises(UserError, match=r"dataset.keep=nosuch: .* has no such column; it has size, label"):
        table(path=path, target="label", keep=["nosuch"])
    with pytest.raises(UserError, match=r"dataset.keep=size: is in dataset.drop, too"):
        table(path=path, target="label", keep=["size"], drop=["size"])
    with pytest.raises(UserError, match=r"dataset.keep=size: only the target, label, is read"):
        require_target_alone(["size"], "label")
    frame = pd.read_csv(path).rename(columns={"label": " label"})
    frame.to_csv(path, index=False)
    with pytest.raises(UserError, match=r"dataset.target=label: .* it has size, ' label'"):
        table(path=path, target="label")


def test_parquet_has_kinds_of_its_own(tmp_path: Path) -> None:
    """Dictionaries are words; leading zeros, decimals and times are numbers."""
    day = pd.Timestamp("2024-01-31") + pd.to_timedelta(pd.Series(range(ROWS)), unit="D")
    path = write(tmp_path, "my.parquet", colour=pd.Series(cycled("red", "blue", "?")).astype("category"), day=day)
    dataset = table(path=path, target="label")
    assert not dataset.warnings
    assert dataset.input_shape == (1 + 3 + 1,)
    (warning,) = table(path=write(tmp_path, "my.parquet", code=cycled("01067", "10115")), target="label").warnings
    assert "has leading zeros, for example '01067' (row 1)" in warning


@pytest.mark.parametrize("separator", [";", "|", "\t"])
def test_another_separator_is_said_and_the_command_mends_it(
    separator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["size;sort;label", *(f"{i * 7 % 11},5;{'ab'[i % 2]};{'no' if i % 3 else 'yes'}" for i in range(ROWS))]
    (tmp_path / "my.csv").write_text("\n".join(lines).replace(";", separator))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        UserError, match=r"my.csv: has 3 columns with .* between them, and .* must have commas; "
    ) as said:
        table(path="my.csv", target="label")
    if separator == "\t":
        assert str(said.value).endswith("rename it to end with .tsv")
        return
    python, _, code = shlex.split(str(said.value).split("save it with commas: ")[1])
    assert python == "python"
    exec(code)
    assert table(path="my-commas.csv", target="label").input_shape == (3,)


def test_commas_in_a_file_of_tabs_and_marks_in_a_text(tmp_path: Path) -> None:
    (tmp_path / "my.tsv").write_text("size,label\n" + "1,a\n2,b\n" * 20)
    with pytest.raises(UserError, match=r"2 columns with commas .* must have tabs; rename it to end with .csv"):
        table(path=str(tmp_path / "my.tsv"), target="label")
    (tmp_path / "my.csv").write_text("size;of;it,label\n" + "1,a\n2.5,b\n" * 20)
    assert table(path=str(tmp_path / "my.csv"), target="label").input_shape == (1,)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le"])
def test_another_encoding_is_said(encoding: str, tmp_path: Path) -> None:
    text = "size,label\n1,a\n2,été\n" + "3,a\n4,b\n" * 20
    (tmp_path / "my.csv").write_bytes(text.encode(encoding))
    with pytest.raises(UserError, match=r"my.csv, line \d: cannot be read as text in UTF-8 \(byte 0x..\)") as said:
        table(path=str(tmp_path / "my.csv"), target="label")
    _, _, name, *_ = shlex.split(str(said.value).split("save it in UTF-8: ")[1])
    assert (tmp_path / "my.csv").read_bytes().decode(name).removeprefix("\ufeff") == text
    assert ("line 3" in str(said.value)) == (encoding == "latin-1")


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
    kept = trainer.data_warnings({"dataset": {**section, "keep": ["customer_id"]}})
    assert not any("identifier" in one for one in kept)
