"""`dropout-lab data`, and the same table in the report of a sweep."""

from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import SMALL, Command

WORDS = ("dataset=table", "dataset.path=t.csv", "dataset.target=y")


def write(folder: Path) -> None:
    rows = (f"{i % 7},5;{i % 3},50 €;Bemerkung {i};{i % 2}\n" for i in range(80))
    (folder / "t.csv").write_text("größe;preis;notiz;y\n" + "".join(rows), encoding="cp1252")


def test_what_is_understood_of_a_table_is_printed(command: Command, tmp_path: Path) -> None:
    write(tmp_path)
    done = command("data", *WORDS)
    assert done.code == 0, done.err
    rows = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "t: 80 examples of 2 numbers, classification" in rows
    assert "classes: 0 40, 1 40" in rows
    assert (
        "preis number 0 '0,50 €' (line 2) preis '€' left out; ',' is the decimal sign"
        " dataset.columns={preis:category}" in rows
    )
    assert any("is read with semicolons" in row for row in rows)
    again = command("data", *WORDS, "dataset.columns={preis:drop}", 'dataset.read={sep:";",encoding:cp1252}')
    assert "preis left out" in " ".join(again.out.split())
    assert "is read with" not in again.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dataset=digits",), "digits: 1,797 examples of 1 x 8 x 8 numbers, classification"),
        (("dataset=diabetes",), "diabetes: 442 examples of 10 numbers, regression"),
        (("dataset=copy", "dataset.examples=50"), "vocabulary: "),
    ],
)
def test_other_sets_are_described(words: tuple[str, ...], said: str, command: Command) -> None:
    done = command("data", *words)
    assert done.code == 0, done.err
    assert said in done.out


def test_a_column_that_can_be_read_in_two_ways_ends_the_command(command: Command, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("day,y\n" + "".join(f"0{i % 9 + 1}/04/2024,{i % 2}\n" for i in range(60)))
    done = command("data", *WORDS)
    assert done.code == 2
    assert "t.csv, line 2: column day has dates such as '01/04/2024'" in done.err


@pytest.mark.slow
def test_the_report_has_the_table(reported: Command, tmp_path: Path) -> None:
    write(tmp_path)
    done = reported("sweep", *WORDS, *SMALL[1:], "rate=0.1", "placement=hidden", "name=s")
    assert done.code == 0, done.err
    assert "t: column preis, such as '0,50 €' (line 2): read as number" in done.out
    folder = tmp_path / "outputs" / "s"
    table = pd.read_csv(folder / "tables" / "data_columns.csv")
    assert table["column"].tolist() == ["y", "größe", "preis", "notiz"]
    assert table["type"].tolist() == ["target: 2 classes", "number", "number", "left out"]
    assert "Something was guessed about 3 of 4 columns." in (folder / "report.md").read_text()
