"""The metrics against examples worked by hand and against plain loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dropout_lab.core.metrics import curves as of_curves
from dropout_lab.core.metrics.metric import Ended
from dropout_lab.core.metrics.summary import summary

CURVES = st.lists(st.floats(1e-3, 10), min_size=1, max_size=60)


def test_an_example_worked_by_hand() -> None:
    curves = {
        "train_loss": [1.0, 0.5, 0.2, 0.1],
        "train_accuracy": [0.5, 0.8, 0.9, 1.0],
        "val_loss": [1.1, 0.7, 0.6, 0.9],
        "val_accuracy": [0.4, 0.7, 0.8, 0.7],
        "running_loss": [2.0, 1.0, 0.5, 0.3],
    }
    found = summary(Ended(curves, horizon=4))
    assert found["best_epoch"] == 3
    assert found["val_loss"] == 0.6
    assert found["val_loss_last"] == 0.9
    assert np.isclose(found["gap_loss"], 0.4)  # type: ignore[arg-type]
    assert np.isclose(found["gap_loss_last"], 0.8)  # type: ignore[arg-type]
    assert np.isclose(found["gap_accuracy"], 0.1)  # type: ignore[arg-type]
    assert np.isclose(found["gap_accuracy_last"], 0.3)  # type: ignore[arg-type]
    assert found["epochs_to_convergence"] == 3
    assert found["still_improving"] is False


def test_regression_has_no_accuracy() -> None:
    nothing = [None, None]
    curves = {"train_loss": [1.0, 0.5], "val_loss": [1.0, 0.8], "running_loss": [1.0, 1.0]}
    found = summary(Ended({**curves, "train_accuracy": nothing, "val_accuracy": nothing}, horizon=2))
    assert found["gap_accuracy"] is None
    assert found["val_accuracy"] is None


@given(CURVES)
def test_the_best_epoch_is_the_first_lowest(values: list[float]) -> None:
    expected = next(epoch for epoch, value in enumerate(values, 1) if value == min(values))
    assert of_curves.best_epoch(np.array(values)) == expected


@given(CURVES, st.floats(0, 0.5))
def test_convergence_is_the_first_epoch_within_the_tolerance(values: list[float], tolerance: float) -> None:
    expected = next(epoch for epoch, value in enumerate(values, 1) if value <= (1 + tolerance) * min(values))
    assert of_curves.epochs_to_convergence(np.array(values), tolerance) == expected


@given(CURVES, st.floats(1e-3, 10))
def test_a_target_that_is_not_reached_is_none(values: list[float], target: float) -> None:
    expected = next((epoch for epoch, value in enumerate(values, 1) if value <= target), None)
    assert of_curves.epochs_to_target(np.array(values), target) == expected


def test_still_improving_is_a_best_epoch_in_the_last_tenth() -> None:
    falling = np.linspace(1, 0.1, 20)
    assert of_curves.still_improving(falling, horizon=20)
    assert of_curves.still_improving(falling[:19], horizon=20)
    assert not of_curves.still_improving(falling[:18], horizon=20)
