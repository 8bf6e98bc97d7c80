"""A run is told the chance level of its own split; one whose learning rate is absurd is complete, and has diverged."""

import math
from dataclasses import replace

import pytest

from dropout_lab.datasets.chance import chance_loss
from tests.cohort.runs import DATASET, OPTIMIZERS, recipe, structure, train


def test_a_finite_divergence_is_complete_and_told() -> None:
    absurd = replace(OPTIMIZERS["adam"], lr=1e6)
    results = train(structure(), [recipe(0), replace(recipe(1), optimizer=absurd)], 2)
    good, bad = results["0"], results["1"]
    for result in (good, bad):
        split = DATASET.split(result.recipe.seed)
        assert result.status == "complete"
        assert result.chance_loss == chance_loss(split, DATASET.task, DATASET.outputs)
        assert result.chance_loss == pytest.approx(math.log(10), rel=0.1)
    found = [result.metrics for result in (good, bad)]
    assert [one["diverged"] for one in found] == [False, True]
    assert found[1]["learned"] is False
