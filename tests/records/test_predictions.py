"""Calibration, entropies and ensembles, against numbers worked out by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch

from dropout_lab.cohort.confidence import measure
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.core.metrics.answers import calibration_error, entropy, information, measures
from dropout_lab.records import predictions
from tests.cohort.runs import MODELS, recipe, structure, train
from tests.matrix import first


def test_the_calibration_error_of_three_bins() -> None:
    probs = np.array([[0.9, 0.1], [0.95, 0.05], [0.6, 0.4], [0.6, 0.4], [0.3, 0.7]])
    targets = np.array([0, 1, 0, 1, 1])
    # In ten bins: 0.9 and 0.95, half right; 0.6 twice, half right; 0.7, right.
    expected = (abs(0.9 + 0.95 - 1) + abs(1.2 - 1) + abs(0.7 - 1)) / 5
    assert calibration_error(probs, targets, bins=10) == pytest.approx(expected)
    sure = np.eye(3)[[0, 1, 2]]
    assert calibration_error(sure, np.array([0, 1, 2])) == 0
    assert calibration_error(sure, np.array([1, 2, 0])) == 1


def test_answers_and_entropy() -> None:
    probs = np.array([[0.5, 0.5], [0.8, 0.2]])
    found = measures(probs, np.array([0, 1]))
    assert found["loss"] == pytest.approx(-(np.log(0.5) + np.log(0.2)) / 2)
    assert found["accuracy"] == 0.5
    assert entropy(np.full((1, 4), 0.25)) == pytest.approx(np.log(4))
    assert entropy(np.array([[1.0, 0.0]])) == 0


def test_what_is_written_is_read_and_what_is_damaged_is_not(tmp_path: Path) -> None:
    probs = np.random.default_rng(0).dirichlet(np.ones(5), size=20)
    predictions.write(tmp_path, "run", np.log(probs), np.arange(20) % 5)
    found = predictions.read(tmp_path, "run")
    assert found is not None
    np.testing.assert_allclose(found[0], probs, atol=2e-3)
    assert found[1].tolist() == (np.arange(20) % 5).tolist()
    assert predictions.read(tmp_path, "other") is None
    path = tmp_path / "predictions" / "run.npz"
    path.write_bytes(path.read_bytes()[:50])
    assert predictions.read(tmp_path, "run") is None


@pytest.mark.parametrize("model", first(("mlp", "cnn_batch_norm"), MODELS))
def test_one_answer_is_that_of_the_evaluation_and_many_are_those_of_masks(model: str) -> None:
    made = structure(model, mc_samples=10)
    recipes = [recipe(number, epochs=2) for number in range(4)]
    results = train(made, recipes, 4)
    for run in recipes:
        result = results[run.id]
        assert result.answers is not None
        found = measures(result.answers.probs, result.answers.targets)
        assert found["loss"] == pytest.approx(result.test_loss, rel=1e-4)
        assert found["accuracy"] == pytest.approx(result.test_accuracy)
        assert result.metrics["test_ece"] == pytest.approx(found["ece"], abs=1e-6)
        assert result.metrics["entropy_mc"] >= result.metrics["information_mc"] >= 0
    # Where nothing is dropped, all masks are one and the networks agree.
    bare = train(made, [recipe(number, epochs=2, rates={}) for number in range(2)], 2)["0"]
    assert bare.metrics["information_mc"] == pytest.approx(0, abs=1e-6)
    assert bare.metrics["test_loss_mc"] == pytest.approx(bare.test_loss, rel=1e-4)
    assert results["3"].metrics["information_mc"] > 1e-5
    # In evaluation the batch norm stays in evaluation mode, and a lane is the run alone.
    pair = train(made, recipes[:2], 2)
    assert all(pair[run.id].metrics == results[run.id].metrics for run in recipes[:2])


def test_masks_of_an_evaluation_are_others_every_time_and_none_of_the_trainings() -> None:
    made = structure(mc_samples=2)
    lanes = Lanes(made, 2, torch.device("cpu"))
    lanes.load(0, recipe(3))
    lanes.train_epoch()
    lanes.keep_best([0])
    first, second = lanes.predict(sample=0)[0], lanes.predict(sample=1)[0]
    assert not torch.equal(first, second)
    assert torch.equal(first, lanes.predict(sample=0)[0])
    assert (information(measure(lanes, [0])[0]) or 0) > 0
