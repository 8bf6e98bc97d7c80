"""The cautions: those that may change the answer are on the first screen."""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import stdtrit

from dropout_lab.report.answer.answer import FIRST
from dropout_lab.report.answer.cautions import cautions
from dropout_lab.report.spelling import amount, difference
from dropout_lab.report.statistics import detectable, power
from tests.report.canned import Sweep, answer_of, evidence, grid, hump
from tests.report.figures.odd import odd_evidence, sweeps

RATES = (0.0, 0.1, 0.3, 0.5)


def test_a_clean_sweep_has_no_warning(tmp_path: Path) -> None:
    answer = answer_of(evidence(Sweep(grid(("hidden",), RATES, hump)), tmp_path / "s"))
    assert list(answer.warnings) == []


def test_half_of_the_runs_failed_is_a_warning_and_some_are_a_caution(tmp_path: Path) -> None:
    plan = grid(("hidden",), RATES, hump)
    half = answer_of(evidence(Sweep(plan, fate=lambda t, s: "failed" if t > 1 else "complete"), tmp_path / "half"))
    assert any(
        text.startswith("10 of 20 runs failed (50 %), in 2 of 4 configurations (50 %).") for text in half.warnings
    )
    some = answer_of(evidence(Sweep(plan, fate=lambda t, s: "failed" if t > 2 else "complete"), tmp_path / "some"))
    assert not some.warnings
    assert any(text.startswith("5 of 20 runs failed (25 %), in 1 of 4 configurations") for text in some.cautions)


def test_runs_that_still_improve(tmp_path: Path) -> None:
    plan = grid(("hidden",), RATES, hump, epochs=6)
    short = answer_of(evidence(Sweep(plan, epochs=6), tmp_path / "s"))
    assert short.warnings[0].startswith("20 of 20 complete runs were still improving when training ended")
    assert short.warnings[0].endswith("More epochs may change the order.")


def test_missing_runs_and_absent_placements(tmp_path: Path) -> None:
    asked = {"axes": {"placement": ["hidden", "last"]}}
    plan = grid(("hidden",), RATES, hump)
    sweep = Sweep(plan, fate=lambda t, s: "absent" if (t, s) == (3, 4) else "complete", session=asked)
    answer = answer_of(evidence(sweep, tmp_path / "s"))
    assert "1 of 20 runs has no record, in 1 configuration: the sweep is not finished." in answer.cautions
    assert any(text.startswith("No trial has the placement last: ") for text in answer.cautions)


def test_a_small_test_set_is_named_with_what_it_can_show(tmp_path: Path) -> None:
    found = odd_evidence(sweeps()["three"], tmp_path / "s")
    table = found.tables["test_set"]
    row: dict[Any, Any] = table[table["metric"] == "test_accuracy"].iloc[0].to_dict()
    half = 100 * (row["difference_high"] - row["difference_low"]) / 2
    mine = [text for text in answer_of(found).warnings if "test examples" in text]
    assert bool(mine) == bool(half > 1.5 and row["difference_low"] <= 0 <= row["difference_high"])
    assert mine
    seen, least = difference("test_accuracy", float(row["difference"])), detectable(float(half), freedom=2)
    assert mine[0] == (
        "With 200 test examples and 3 seeds, the test set is too small to tell the difference in test accuracy "
        f"({seen}) from none: with 80 % power, it finds {amount('test_accuracy', least / 100)} or more."
    )


def test_a_detectable_difference_is_found_with_the_power_that_is_named() -> None:
    for seeds, tolerance in ((3, 0.04), (5, 0.01), (30, 0.001)):
        half_width = float(stdtrit(seeds - 1, 0.975)) / seeds**0.5  # of differences with a standard deviation of 1
        found = power(np.array(detectable(half_width, seeds - 1)), np.array(float(seeds)), 0.05)
        assert abs(float(found) - 0.8) < tolerance


def test_the_pruner_and_early_stopping(tmp_path: Path) -> None:
    plan = grid(("hidden",), RATES, hump)
    pruned = Sweep(plan, fate=lambda t, s: "pruned" if t == 2 else "complete", session={"pruner": "hyperband"})
    texts = answer_of(evidence(pruned, tmp_path / "named")).cautions
    assert any(text.startswith("The pruner (hyperband) ended 5 unpromising runs early.") for text in texts)
    nameless = Sweep(plan, fate=lambda t, s: "pruned" if t == 2 else "complete")
    texts = answer_of(evidence(nameless, tmp_path / "none")).cautions
    assert any(text.startswith("A pruner ended 5 unpromising runs early.") for text in texts)
    stopped = Sweep(grid(("hidden",), RATES, hump, patience=1), patience=1)
    texts = answer_of(evidence(stopped, tmp_path / "stopped")).cautions
    assert any("Dropout slows training down, so this favours low rates." in text for text in texts)


def test_the_first_screen_has_three_at_most_and_the_rest_is_kept(tmp_path: Path) -> None:
    plan = [p for value in (1, 2) for p in grid(("hidden",), RATES, hump, params={"dataset.classes": value}, epochs=6)]
    sweep = Sweep(plan, epochs=6, fate=lambda t, s: "failed" if t % 2 else "complete")
    found = evidence(sweep, tmp_path / "s")
    answer = answer_of(found)
    assert len(answer.warnings) <= FIRST
    every = [caution.sentence for caution in cautions(found)]
    assert sorted([*answer.warnings, *answer.cautions]) == sorted(every)
