"""A sweep whose runs have all failed says so, and shares are written as people write them."""

from pathlib import Path

import pytest
from dropout_lab.report.prose import prose

from dropout_lab.core.errors import UserError
from dropout_lab.report.spelling import percent, value
from dropout_lab.report.write.compare.sweeps import sweeps
from tests.report.canned import Sweep, evidence, grid


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
    found = prose(evidence(Sweep(grid(rates=(0.0, 0.3)), seeds=2, fate=lambda trial, seed: "failed"), folder))
    said = " ".join(found.all())
    assert "All 8 recorded runs failed" in said
    assert "trial 0 with seed 0: the loss is not finite <nan>." in said
    assert "No run is complete yet" not in said
    assert "8 of 8 runs failed (100 %), in 4 of 4 configurations (100 %)" in said
    other = Sweep(grid(rates=(0.0, 0.3)), seeds=2).write(tmp_path / "other")
    with pytest.raises(UserError, match="All 8 recorded runs failed"):
        sweeps([folder, other])


def test_some_failed_and_none_complete_is_not_all_failed(tmp_path: Path) -> None:
    fate = {0: "failed"}
    found = prose(
        evidence(Sweep(grid(rates=(0.0, 0.3)), seeds=2, fate=lambda trial, seed: fate.get(trial, "pruned")), tmp_path)
    )
    assert "No run is complete yet" in " ".join(found.all())
