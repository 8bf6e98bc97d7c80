"""What measures find, beside a plain computation with the run's network."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest
import torch

from dropout_lab.cohort.lift import Engine
from dropout_lab.cohort.measures.measure import AbstractMeasure
from dropout_lab.cohort.measures.noise import Noise
from dropout_lab.cohort.recipe import Result
from tests.cohort.measured import Alone, alone, trained
from tests.cohort.runs import structure

MEASURES: Mapping[str, AbstractMeasure] = {"noise": Noise([0.5, 2.0])}
MODELS: Mapping[str, str] = {"mlp": "lanes", "cnn_batch_norm": "lanes", "mlp_layer_norm": "loop"}
"""Model -> engine."""
every_model = pytest.mark.parametrize("model", MODELS)


@cache
def results(model: str, width: int = 2) -> Mapping[str, Result]:
    engine: Engine = "loop" if MODELS[model] == "loop" else "lanes"
    return trained(MEASURES, replace(structure(model), engine=engine), runs=3, width=width)


def of_last(model: str) -> Alone:
    """The run that trains with an idle lane beside it."""
    return alone(structure(model), results(model)["2"])


@every_model
def test_noise_is_added_to_every_standardized_input(model: str) -> None:
    run = of_last(model)
    z = torch.stack([run.noise("noise", int(row)).normal(run.x.shape[1:]) for row in run.rows])
    assert z.std().item() == pytest.approx(1, abs=0.02)
    assert abs(z.mean().item()) < 0.02
    for deviation in (0.5, 2.0):
        expected = run.score(run.x + deviation * z)
        for what, value in expected.items():
            assert run.result.measured[f"noise_{what}@{deviation:g}"] == pytest.approx(value, abs=2e-5)


def test_a_runs_values_do_not_depend_on_the_runs_beside_it() -> None:
    for run in ("0", "1", "2"):
        assert results("mlp", 4)[run].measured == results("mlp")[run].measured


def test_without_measures_a_run_is_bit_for_bit_the_same() -> None:
    without = trained({}, structure("mlp"), runs=3)
    for run, result in results("mlp").items():
        assert {**without[run].metrics, **result.measured} == result.metrics
        assert not without[run].measured
