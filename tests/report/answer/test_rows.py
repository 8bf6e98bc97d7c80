"""The rows of the first screen: their numbers are those of the tables, and their words those of the intervals."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_lab.report.answer.decision import Verdict
from dropout_lab.report.answer.rows import WORDS, word
from dropout_lab.report.spelling import difference, value
from tests.report.canned import Sweep, answer_of, evidence, grid, hump


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.5, -0.1, "better"), (0.1, 0.5, "worse"), (-0.5, 0.05, "no worse"), (-0.5, 0.1, "inconclusive"),
        (-0.5, 0.0, "better"), (0.0, 0.5, "worse"), (0.0, 0.0, "no worse"), (-0.05, 0.05, "no worse"),
        (np.nan, np.nan, "inconclusive"),
    ],
)  # fmt: skip
def test_words_of_a_loss_with_a_margin_of_a_tenth(low: float, high: float, expected: str) -> None:
    assert word(low, high, 0.1, maximised=False) == expected
    assert word(-high, -low, 0.1, maximised=True) == expected


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_a_word_agrees_with_its_interval(low: float, width: float, margin: float, maximised: bool) -> None:
    high = low + width
    found = word(low, high, margin, maximised=maximised)
    assert found in WORDS
    gain = (low, high) if maximised else (-high, -low)
    if found == "better":
        assert gain[0] >= 0
    if found == "worse":
        assert gain[1] <= 0
    if found == "no worse":
        assert gain[0] > -margin or gain == (0, 0)
    if found == "inconclusive":
        assert gain[0] <= -margin


def test_the_rows_of_a_clear_sweep(tmp_path: Path) -> None:
    found = evidence(Sweep(grid(("hidden",), (0.0, 0.1, 0.3, 0.5), hump)), tmp_path / "s")
    rows = {row.metric: row for row in answer_of(found).rows}
    assert list(rows) == ["test_loss", "test_accuracy", "val_loss", "epochs_to_convergence"]
    best, reference, gap = found.choice.best, found.choice.reference, found.choice.difference
    assert best is not None
    assert reference is not None
    assert gap is not None
    val = rows["val_loss"]
    assert val.chosen == value("val_loss", best["val_loss"])
    assert val.other == value("val_loss", reference["val_loss"])
    ends = [difference("val_loss", end) for end in (gap.mean, gap.low, gap.high)]
    assert val.difference == f"{ends[0]} [{ends[1]}, {ends[2]}]"
    assert val.word == "better"
    assert val.about == "optimistic: chosen by it"
    assert rows["test_accuracy"].difference.count("pp") == 1
    runs = found.frames.runs.pivot(index="seed", columns="trial", values="epochs_to_convergence")
    off = (runs[best["trial"]] - runs[0]).mean()
    assert rows["epochs_to_convergence"].difference.startswith(difference("epochs_to_convergence", off))


def test_an_objective_is_a_row_once(tmp_path: Path) -> None:
    for name in ("epochs_to_convergence", "seconds", "val_accuracy"):
        asked = {"objective": [name]}
        plan = grid(("hidden",), (0.0, 0.3), hump)
        rows = answer_of(evidence(Sweep(plan, seeds=3, session=asked), tmp_path / name)).rows
        assert [row.metric for row in rows].count(name) == 1
    assert rows[2].about == "optimistic: chosen by it; at the epoch of the lowest validation loss"


def test_a_regression_has_no_accuracy_and_no_nats(tmp_path: Path) -> None:
    found = evidence(Sweep(grid(("hidden",), (0.0, 0.3), hump), classification=False), tmp_path / "s")
    rows = answer_of(found).rows
    assert [row.label for row in rows] == ["test loss", "validation loss", "epochs to its own best"]


def test_without_a_reference_there_is_no_word(tmp_path: Path) -> None:
    found = evidence(Sweep(grid(("hidden",), (0.1, 0.3), hump)), tmp_path / "s")
    for row in answer_of(found).rows:
        assert (row.other, row.difference, row.word) == ("–", "–", "")


def test_every_objective_has_a_row(tmp_path: Path) -> None:
    asked = {"objective": ["val_loss", "gap_loss"]}
    found = evidence(Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=3, session=asked), tmp_path / "s")
    rows = {row.metric: row for row in answer_of(found).rows}
    means = found.frames.runs.groupby("trial")["gap_loss"].mean()
    best, other = found.choice.best, found.choice.beside
    assert best is not None
    assert other is not None
    assert rows["gap_loss"].chosen == value("gap_loss", means[best["trial"]])
    assert rows["gap_loss"].difference.startswith(difference("gap_loss", means[best["trial"]] - means[other["trial"]]))


def test_where_no_dropout_is_as_good_it_is_chosen_and_stands_first(tmp_path: Path) -> None:
    plan = grid(("hidden",), (0.0, 0.01), lambda placement, rate: 0.0)
    found = evidence(Sweep(plan, noise=0.0002, epochs=12), tmp_path / "s")
    answer = answer_of(found)
    assert answer.decision.verdict in (Verdict.AS_GOOD, Verdict.REFERENCE)
    assert (answer.heads.word, answer.heads.chosen) == ("chosen", "no dropout")
    (row,) = (row for row in answer.rows if row.metric == "val_loss")
    none = found.table.loc[found.table["baseline"], "val_loss"].iloc[0]
    assert row.chosen == value("val_loss", none)
    assert row.word in ("no worse", "better")
