"""Which metrics a configuration measures; and that a trial is the same as before where none is asked for."""

from typing import Any

import pytest

from dropout_lab.build.builder import Builder
from dropout_lab.build.description import Described, describe
from tests.test_wrong_settings import composed

BUILDER = Builder()


def described(**changes: Any) -> Described:
    config, choices = composed("dataset=wine")
    trainer = {**config["trainer"], "best": changes.pop("best", None)}
    return describe(BUILDER, {**config, **changes, "trainer": trainer}, choices)


def test_the_default_has_no_trace_of_it() -> None:
    """The key of a trial, by which folders are continued, is that of records older than `metric` and `trainer.best`."""
    found = described()
    assert "best" not in found.trial.config["trainer"]
    assert "metrics" not in found.structure
    assert BUILDER.structure(found.structure).metrics == ()


@pytest.mark.parametrize(
    ("given", "measured"),
    [
        ({"metric": "auroc"}, ["auroc"]),
        ({"metric": ["auroc", "f1_macro"]}, ["f1_macro", "auroc"]),
        ({"objective": "val_mcc"}, ["mcc"]),
        ({"objective": ["val_mcc", "gap"], "metric": ["brier"]}, ["mcc", "brier"]),
        ({"best": "val_brier"}, ["brier"]),
        ({"best": "val_accuracy"}, []),
    ],
)
def test_what_metric_objective_and_trainer_best_name_is_measured(given: Any, measured: list[str]) -> None:
    found = described(**given)
    assert found.structure.get("metrics", []) == measured
    assert found.structure_without.get("metrics", []) == measured


def test_what_chooses_the_epoch_is_a_part_of_the_trial_and_what_is_measured_is_not() -> None:
    plain, measured, chosen = described(), described(metric="auroc"), described(best="val_auroc")
    assert plain.trial.key == measured.trial.key != chosen.trial.key
    assert chosen.trial.context != plain.trial.context
