"""The keys that say how a table's rows are divided: what they make of it, what they say, and what they refuse."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import Column
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.division import divided
from dropout_lab.datasets.hub import hub
from dropout_lab.datasets.labelled_text import labelled_text
from dropout_lab.datasets.part_names import part_of
from dropout_lab.datasets.table import table
from dropout_lab.datasets.times import later, times_of
from dropout_lab.datasets.ways import Ways

N = 80


def frame(**columns: Any) -> pd.DataFrame:
    drawn = np.random.default_rng(0)
    return pd.DataFrame({"size": drawn.normal(size=N), "label": ["no", "yes"] * (N // 2), **columns})


def days(form: str = "%Y-%m-%d", count: int = N) -> list[str]:
    return [f"{day:{form}}" for day in pd.date_range("2024-01-01", periods=count)]


def save(folder: Path, rows: pd.DataFrame, name: str = "my.csv") -> str:
    rows.to_csv(folder / name, index=False)
    return str(folder / name)


@pytest.fixture
def of(tmp_path: Path) -> Callable[..., Dataset]:
    def made(columns: dict[str, Any], /, **settings: Any) -> Dataset:
        return table(path=save(tmp_path, frame(**columns)), target="label", **settings)

    return made


def values(dataset: Dataset, column: list[Any], rows: Any) -> set[Any]:
    return {column[row] for row in rows.tolist()}


PATIENTS = [f"p{row * 7 % 16:02}" for row in range(N)]


@pytest.mark.parametrize("settings", [{}, {"folds": 4}, {"drop": ["patient"]}], ids=str)
def test_a_group_is_on_one_side_and_no_feature(of: Callable[..., Dataset], settings: dict[str, Any]) -> None:
    dataset = of({"patient": PATIENTS}, group="patient", **settings)
    assert dataset.input_shape == (1,)
    for seed in range(4):
        split = dataset.split(seed)
        sides = [values(dataset, PATIENTS, rows) for rows in (split.train, split.val, dataset.test)]
        assert sum(map(len, sides)) == len(set.union(*sides)) <= 16
    (note,) = dataset.notes
    assert note.endswith(
        "my.csv: column patient is dataset.group: 16 groups of 5 rows, never on both sides; it is no feature"
    )
    assert not dataset.hints


@pytest.mark.parametrize(
    "dates",
    [
        days(),
        days("%d/%m/%Y"),
        days("%m/%d/%Y"),
        days("%b %d, %Y"),
        [f"{day} 10:00:00+02:00" for day in days()],
        list(range(20240101, 20240101 + N)),
        [row / 2 for row in range(N)],
    ],
    ids=lambda dates: str(dates[0]),
)
def test_later_rows_validate_and_test(of: Callable[..., Dataset], dates: list[Any]) -> None:
    order = np.random.default_rng(1).permutation(N)
    dataset = of({"date": [dates[at] for at in order]}, time="date")
    split = dataset.split(3)
    train, val, test = (order[rows.numpy()] for rows in (split.train, split.val, dataset.test))
    assert train.max() + 1 == val.min()
    assert val.max() + 1 == test.min()
    assert (len(train), len(val), len(test)) == (51, 13, 16)
    assert dataset.split(4).val.tolist() == split.val.tolist()
    assert dataset.split(4).train.tolist() != split.train.tolist()
    assert dataset.division == "in time, by date"
    assert dataset.input_shape == (1,)
    assert "51 train rows from" in dataset.notes[0]
    assert "it is no feature (dataset.keep=[date] makes it one)" in dataset.notes[0]


def test_a_time_is_a_feature_where_it_is_asked_for(of: Callable[..., Dataset]) -> None:
    dataset = of({"date": days()}, time="date", keep=["date"])
    assert dataset.input_shape == (2,)
    assert np.allclose(np.diff(dataset.inputs[:, 1].numpy()), 86400)
    assert "is kept as a feature" in dataset.notes[0]


@pytest.mark.parametrize("settings", [{"columns": {"date": "day_first"}}, {"read": {"dayfirst": True}}], ids=str)
def test_the_order_of_day_and_month_is_that_which_is_asked_for(tmp_path: Path, settings: dict[str, Any]) -> None:
    dates = [f"0{row % 8 + 1}/0{row // 8 % 9 + 1}/2024" for row in range(72)] + ["01/11/2024"] * 8
    dataset = table(path=save(tmp_path, frame(date=dates)), target="label", time="date", **settings)
    assert dataset.test.tolist() == list(range(64, N))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 9), min_size=3, max_size=40), st.floats(0.05, 0.95))
def test_rows_of_one_time_stay_together(times: list[int], fraction: float) -> None:
    found, size = np.array(times, dtype=float), round(fraction * len(times))
    if len(set(times)) == 1:
        with pytest.raises(UserError, match=r"dataset.test_fraction=.*: all \d+ rows to be divided have the same"):
            later(found, size, f"dataset.test_fraction={fraction}")
        return
    last = later(found, size, "")
    assert found[~last].max() < found[last].min()
    cuts = [int((found > time).sum()) for time in set(times) if (found > time).any()]
    assert abs(last.sum() - size) == min(abs(cut - size) for cut in cuts)


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        (
            ["01/02/2024", "03/04/2024", "05/06/2024"],
            r"line 2: column date has dates such as '01/02/2024', .*columns=\{date:day_first\} or ",
        ),
        (["2024-01-01", "2024-01-02", "soon"], "line 4: column date has dates, and here 'soon'"),
        (["2024-01-01", None, "2024-01-03"], "line 3: column date, dataset.time, is empty"),
        (["2024-01-01", "-", "2024-01-03"], "line 3: .*, dataset.time, has '-', which stands for a missing value"),
        (["13/01/2024", "02/13/2024", "05/06/2024"], "one can only have the day first, the other only the month"),
        (["early", "late", "later"], "line 2: .*, dataset.time, has 'early'; must be numbers, dates or times"),
    ],
)
def test_times_that_are_not_clear_are_refused_by_their_row(dates: list[Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        times_of(Column("date", pd.Series(dates), "my.csv", lambda row: f"line {row + 2}"))


def test_blanks_around_the_names_of_groups_make_no_other_groups(tmp_path: Path) -> None:
    first = save(tmp_path, frame(patient=PATIENTS))
    blank = save(tmp_path, frame(patient=[f"{name} " for name in PATIENTS]), "blank.csv")
    with pytest.raises(UserError, match=r"'p00' \(line 2\) is in the train part and 'p00 ' \(line 2 of .*blank.csv\)"):
        table(path=first, test_path=blank, target="label", group="patient")


def test_groups_that_may_be_one_are_warned_of(of: Callable[..., Dataset]) -> None:
    dataset = of({"patient": [f" {name}" for name in PATIENTS[:-1]] + ["P15"]}, group="patient")
    assert "17 groups of 1 to 5 rows" in dataset.notes[0]
    assert dataset.notes[0].endswith("it is no feature; blanks around their names are left out")
    assert "(line 81), which differ only in spelling and are two groups" in dataset.hints[0]


@pytest.mark.parametrize("word", ["-", "unknown", "N/A"])
def test_a_word_for_missing_is_no_group(of: Callable[..., Dataset], word: str) -> None:
    with pytest.raises(
        UserError, match=f"line 2: column patient, dataset.group, has '{word}', which stands for a miss"
    ):
        of({"patient": [word, *PATIENTS[1:]]}, group="patient")


PART = ["Train", "training ", "VAL", "test"] * (N // 4)


def test_a_column_says_the_parts_and_is_no_feature(of: Callable[..., Dataset]) -> None:
    dataset = of({"part": PART}, split="part")
    split = dataset.split(0)
    assert dataset.test.tolist() == list(range(3, N, 4))
    assert split.val.tolist() == list(range(2, N, 4))
    assert len(split.train) == 40
    assert dataset.input_shape == (1,)
    assert dataset.division == "by the column part"
    assert "part is dataset.split: 40 train, 20 validation, 20 test rows; it is no feature" in dataset.notes[0]


def test_a_column_may_leave_the_validation_part_to_be_drawn(of: Callable[..., Dataset]) -> None:
    dataset = of({"part": ["train", "train", "train", "test"] * 20}, split="part", folds=5)
    assert dataset.test.tolist() == list(range(3, N, 4))
    assert {len(dataset.split(seed).val) for seed in range(10)} == {12}
    assert dataset.division == ""
    by_time = of({"part": ["train", "train", "train", "test"] * 20, "day": days()}, split="part", time="day")
    assert by_time.split(0).val.tolist() == [row for row in range(64, N) if row % 4 < 3]


@pytest.mark.parametrize("name", ["train", "Training", " TEST ", "testing", "val", "Valid", "validation", "dev"])
def test_the_usual_names_of_parts(name: str) -> None:
    assert part_of(name) == {"tr": "train", "te": "test"}.get(name.strip()[:2].lower(), "validation")


def test_other_names_are_none() -> None:
    assert [part_of(name) for name in ("eval", "holdout", "fold1", 1, "")] == [None] * 5


DROPPED = ["part", "gap", "one", "all", "tests", "day"]
BOTH = {"group": "patient", "time": "date", "split": "part", "folds": 4, "val_path": "v", "test_path": "t"}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("time", "group"), "dataset.time=date and dataset.group=patient: a cut in time divides groups"),
        (("time", "folds"), "dataset.time=date and dataset.folds=4: the folds before a time differ in size"),
        (("split", "val_path"), "dataset.split=part and dataset.val_path=v: both say which rows are in a part"),
        (("split", "test_path"), "dataset.split=part and dataset.test_path=t: both say which rows are in a part"),
        (("val_path", "time"), "dataset.val_path=v and dataset.time=date: both say which rows validate; give one"),
        (("val_path", "folds"), "dataset.val_path=v and dataset.folds=4: both say which rows validate; give one"),
    ],
)
def test_keys_that_say_different_things_are_refused(keys: tuple[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        Ways(**{key: BOTH[key] for key in keys})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"group": "label"}, "dataset.group=label: is the target, too; must be another column"),
        ({"group": "part", "split": "part"}, "dataset.split=part: is dataset.group, too; must be another column"),
        ({"group": "ward"}, "dataset.group=ward: .*my.csv has no such column; it has size, label"),
        ({"group": "patient", "keep": ["patient"]}, "dataset.keep=patient: is dataset.group, too, which is no feature"),
        ({"group": "gap"}, r"line 3: column gap, dataset.group, is empty; every row must be in a group"),
        ({"group": "one"}, r"column one, dataset.group, has the same value in every row, 7 \(line 2\)"),
        ({"split": "gap"}, r"line 3: column gap, dataset.split, is empty; must be train or training; val, valid"),
        (
            {"split": "patient"},
            "line 2: column patient, dataset.split, has 'p00'; must be train or training; val, valid",
        ),
        ({"split": "one"}, "has '7'; must be .*dataset.folds=<how many>, .* dataset.group=one"),
        ({"split": "all"}, "column all, dataset.split, says train in every row, so it divides nothing"),
        ({"split": "tests"}, "column tests, dataset.split, has no row that says train"),
        (
            {"split": "part", "group": "patient"},
            r"dataset.group: 'p00' \(line 2\) is in the train part and 'p00' \(line",
        ),
        ({"split": "part", "folds": 3}, "dataset.folds=3: dataset.split=part says which rows validate"),
        (
            {"split": "part", "val_fraction": 0.1},
            "dataset.val_fraction=0.1: dataset.split=part says which rows validate",
        ),
        ({"split": "part", "test_fraction": 0.1}, "dataset.test_fraction=0.1: dataset.split=part says which rows test"),
        ({"split": "part", "time": "day"}, "dataset.time=day: dataset.split=part says which rows validate"),
        ({"folds": 3, "val_fraction": 0.3}, "dataset.folds=3 and dataset.val_fraction=0.3: a fold's size follows"),
        ({"time": "one"}, "dataset.test_fraction=0.2: all 80 rows to be divided have the same dataset.time"),
        (
            {"group": "patient", "val_fraction": 0.05, "drop": DROPPED},
            "dataset.val_fraction=0.05: is 3 of .* the smallest of 13 groups",
        ),
    ],
)
def test_what_cannot_be_divided_so_is_refused(of: Callable[..., Dataset], settings: dict[str, Any], said: str) -> None:
    columns = {
        "patient": PATIENTS,
        "part": ["train", "val", "test", "train", "train"] * 16,
        "gap": ["train", None] * 40,
        "one": 7,
        "all": "train",
        "tests": "test",
        "day": days(),
    }
    with pytest.raises(UserError, match=said):
        of(columns, **settings)


@pytest.mark.parametrize("key", ["group", "time", "split"])
def test_a_dividing_column_may_be_dropped_by_either_key(of: Callable[..., Dataset], key: str) -> None:
    columns = {"it": {"group": PATIENTS, "time": days(), "split": PART}[key]}
    for asked in ({"drop": ["it"]}, {"columns": {"it": "drop"}}, {"columns": ["it:drop"]}):
        assert of(columns, **{key: "it"}, **asked).input_shape == (1,)
    said = f"dataset.columns: (column it cannot be 'category', for it is|it is) dataset.{key}"
    with pytest.raises(UserError, match=said):
        of(columns, **{key: "it"}, columns={"it": "category"})


def test_columns_that_matter_are_told_once_with_their_key(tmp_path: Path) -> None:
    path = save(tmp_path, frame(patient_id=PATIENTS, visit=days(), born=days()))
    section: dict[str, Any] = {
        "_target_": "dropout_lab.datasets.table.table",
        "path": path,
        "target": "label",
        "drop": ["visit", "born"],
    }
    said = CohortTrainer(Builder()).data_warnings({"dataset": section})
    (group,) = [one for one in said if "dataset.group" in one]
    (time,) = [one for one in said if "dataset.time" in one]
    assert f"{path}: column patient_id has 16 different values in 80 rows, such as 'p00' (line 2)" in group
    assert group.endswith("keep them in one with dataset.group=patient_id")
    assert time.endswith("divide the rows in time with dataset.time=visit")
    assert table(**{key: value for key, value in section.items() if key != "_target_"}, keep=["patient_id"]).hints == [
        time
    ]
    grouped = table(path=path, target="label", drop=["visit", "born"], group="patient_id")
    assert grouped.hints == [time]


@pytest.mark.parametrize(
    "columns",
    [
        {"patient": [f"p{row}" for row in range(N)]},
        {"user": ["a", "b"] * 40},
        {"city": ["Oslo", "Rome", "Bonn", "Kyiv", "Lima"] * 16},
        {"paid": [10, 20, 30, 40, 50] * 16},
        {"day": ["2024-01-31"] * N},
        {"ratio": ["1/2", "3/4"] * 40},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_other_columns_are_not_told(columns: dict[str, Any]) -> None:
    found = divided(frame(**columns), "my.csv", str, Ways(), targets=["label"])
    assert found.hints == []


def test_texts_are_divided_likewise(tmp_path: Path) -> None:
    words = [f"word{row % 9} of {row % 5}" for row in range(N)]
    rows = frame(review=words, writer=PATIENTS).drop(columns="size")
    path = save(tmp_path, rows)
    dataset = labelled_text(path=path, target="label", text="review", group="writer", folds=4)
    for seed in range(4):
        split = dataset.split(seed)
        sides = [values(dataset, PATIENTS, part) for part in (split.train, split.val, dataset.test)]
        assert sum(map(len, sides)) == len(set.union(*sides))
    alone = labelled_text(path=path, target="label", group="writer")
    assert alone.vocabulary == dataset.vocabulary
    given = labelled_text(
        path=save(tmp_path, rows[:50], "a.csv"), val_path=save(tmp_path, rows[50:], "b.csv"), text="review"
    )
    assert given.split(1).val.tolist() == list(range(50, 80))
    assert len(given.test) == 10
    assert given.test.max() < 50
    with pytest.raises(UserError, match=r"dataset.text=writer: says how rows are divided, too"):
        labelled_text(path=path, target="label", text="writer", group="writer")
    with pytest.raises(UserError, match=r"dataset.test_path=b.csv: is a further file beside dataset.path=<a file>"):
        labelled_text(path=str(tmp_path), test_path="b.csv")


def test_sets_of_the_hub_are_divided_likewise(tmp_path: Path) -> None:
    rows = frame(patient=PATIENTS)
    rows[:60].to_parquet(tmp_path / "train.parquet")
    dataset = hub(path=str(tmp_path), target="label", group="patient", folds=3)
    assert dataset.input_shape == (1,)
    split = dataset.split(2)
    assert not values(dataset, PATIENTS, split.val) & values(dataset, PATIENTS, split.train)
    rows[60:70].to_parquet(tmp_path / "validation.parquet")
    rows[70:].to_parquet(tmp_path / "test.parquet")
    (joined,) = hub(path=str(tmp_path), target="label").notes
    assert joined.endswith(
        "validation split is joined with its training split, and validation parts are drawn from both"
    )
    with pytest.raises(UserError, match=r"dataset.test_fraction=0.1: .* has a test part of its own; leave it out"):
        hub(path=str(tmp_path), target="label", test_fraction=0.1)
    with pytest.raises(
        UserError,
        match=r"dataset.group: 'p10' \(split train, row 7\) is in the train part and .* in the test part",
    ):
        hub(path=str(tmp_path), target="label", group="patient")
