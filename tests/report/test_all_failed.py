"""A sweep whose runs have all failed says so, and shares are written as people write them."""

import re
from pathlib import Path

import pytest

from dropout_lab.core.errors import UserError
from dropout_lab.report.spelling import percent, value
from dropout_lab.report.write.compare.sweeps import sweeps
from tests.report.canned import Sweep, answer_of, evidence, grid


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (6, 6, "100 %"),
        (999, 1000, "99.9 %"),
        (9999, 10000, "99.9 %"),
        (1, 8, "12 %"),
        (1, 40, "2.5 %"),
        (1, 1000, "0.1 %"),
        (1, 10**6, "< 0.01 %"),
        (0, 6, "0 %"),
        (0.1 * 3 + 0.7 - 1e-12, 1, "100 %"),
    ],
)
def test_shares(part: float, whole: float, said: str) -> None:
    assert percent(part, whole) == said


def test_numbers_of_epochs_have_no_exponent() -> None:
    assert [value("epochs_to_convergence", number) for number in (28.5, 999.7, 1234.0)] == ["28.5", "1000", "1234"]


def test_all_failed_is_said_with_the_first_reason(tmp_path: Path) -> None:
    folder = tmp_path / "failed"
    said = answer_of(evidence(Sweep(grid(rates=(0.0, 0.3)), seeds=2, fate=lambda trial, seed: "failed"), folder))
    assert said.headline == (
        "All 8 recorded runs failed, so there is nothing to compare. The first failure, trial 0 with seed 0: the loss "
        "is not finite <nan>."
    )
    assert said.state.text == "Failed: 8 of 8 runs"
    assert not re.search(r"\byet\b|So far", " ".join(said.text))
    assert any("8 of 8 runs failed (100 %), in 4 of 4 configurations (100 %)" in text for text in said.warnings)
    assert said.next.rule == "failed runs"
    assert "fix its cause: the loss is not finite <nan>." in said.next.why
    assert said.next.command == "dropout-lab train --from outputs/canned 0"
    assert not said.rows
    other = Sweep(grid(rates=(0.0, 0.3)), seeds=2).write(tmp_path / "other")
    with pytest.raises(UserError, match="All 8 recorded runs failed"):
        sweeps([folder, other])


def test_some_failed_and_none_complete_is_not_all_failed(tmp_path: Path) -> None:
    fate = {0: "failed"}
    sweep = Sweep(grid(rates=(0.0, 0.3)), seeds=2, fate=lambda trial, seed: fate.get(trial, "pruned"))
    assert answer_of(evidence(sweep, tmp_path)).headline == "No run is complete, so there is nothing to compare."


def test_all_failed_with_an_accuracy_as_the_objective(tmp_path: Path) -> None:
    asked = {"objective": ["val_accuracy"]}
    sweep = Sweep(grid(rates=(0.0, 0.3)), seeds=2, fate=lambda trial, seed: "failed", session=asked)
    assert answer_of(evidence(sweep, tmp_path)).headline.startswith("All 8 recorded runs failed")
