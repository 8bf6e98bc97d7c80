"""The configurations that may be the best and those to avoid, in words that are exact."""

from pathlib import Path

import pandas as pd
import pytest

from dropout_lab.report.answer.sets import _grouped, avoided, confidence_set, spans
from tests.report.canned import Sweep, answer_of, evidence, grid, hump


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ([0.1], "0.1"), ([0.1, 0.2], "0.1 to 0.2"), ([0.1, 0.3], "0.1 and 0.3"),
        ([0.1, 0.2, 0.4, 0.5], "0.1 to 0.2 and 0.4 to 0.5"), ([0.1, 0.2, 0.3, 0.4, 0.5], "0.1 to 0.5"),
    ],
)  # fmt: skip
def test_neighbours_in_what_was_tried_are_a_span(chosen: list[float], expected: str) -> None:
    assert spans(chosen, [0.1, 0.2, 0.3, 0.4, 0.5]) == expected


def test_a_winner_alone(tmp_path: Path) -> None:
    found = evidence(Sweep(grid(effect=hump), noise=0.0005), tmp_path / "s")
    answer = answer_of(found)
    assert answer.plausible == "No other configuration: all others are significantly worse."
    assert len(confidence_set(found)) == 1
    assert "significantly worse than no dropout" in answer.avoid
    bad = avoided(found, answer.decision)
    worse = found.table[found.table["val_loss_diff"] > 0.02]
    assert set(worse["trial"]) <= bad
    assert not bad & confidence_set(found)


def test_many_are_grouped_by_rate_and_placement(tmp_path: Path) -> None:
    found = evidence(Sweep(grid(tuple("abcd"), (0.0, 0.1, 0.2, 0.3)), seeds=2, epochs=4), tmp_path / "s")
    table = found.table
    dropped = table[~table["baseline"]]

    def said(rows: pd.DataFrame) -> str:
        return _grouped(found, frozenset(int(trial) for trial in rows["trial"]))

    assert said(dropped) == "rates 0.1 to 0.3 at all 4 placements"
    assert said(table) == "rates 0.1 to 0.3 at all 4 placements, or no dropout"
    assert said(dropped[dropped["rate"] == 0.2]) == "rate 0.2 at all 4 placements"
    some = dropped[(dropped["rate"] == 0.1) | (dropped["placement"] == "a")]
    assert said(some) == "6 of the 12 with rates 0.1 to 0.3 at all 4 placements", "not all of them are meant"
    one = dropped[dropped["placement"] == "a"]
    assert said(one) == "a at 0.1 to 0.3"
    assert said(one[one["rate"] > 0.15]) == "a from 0.2 on"
    assert said(table[table["baseline"]]) == "no dropout"


def test_nothing_is_said_of_one_seed_or_one_configuration(tmp_path: Path) -> None:
    one = answer_of(evidence(Sweep(grid(("hidden",), (0.0, 0.3)), seeds=1), tmp_path / "seed"))
    alone = answer_of(evidence(Sweep(grid(("hidden",), (0.3,))), tmp_path / "alone"))
    for answer in (one, alone):
        assert (answer.plausible, answer.avoid) == ("", "")


def test_the_reference_is_in_the_set_exactly_where_its_test_does_not_reject(tmp_path: Path) -> None:
    """With three seeds, p = 0.086: two-sided for the difference, and so for the set."""
    for noise in (0.0005, 0.004, 0.02, 0.1):
        plan = grid(("hidden", "input"), (0.0, 0.2, 0.4, 0.6), hump)
        found = evidence(Sweep(plan, seeds=3, noise=noise, epochs=12), tmp_path / f"{noise}")
        best, reference = found.choice.best, found.choice.reference
        assert best is not None
        assert reference is not None
        if best["trial"] != reference["trial"]:
            assert (int(reference["trial"]) in confidence_set(found)) != found.choice.is_significant
