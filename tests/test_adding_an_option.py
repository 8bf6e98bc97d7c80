"""Adding an option of the trainer is: the option where it acts, its key, its test.

Here is a toy: where it acts, a factor of the gradients, and its key. All else follows.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from pydantic import Field
from torch import Tensor

from dropout_lab.app.application import conf_folder
from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.build.description import describe
from dropout_lab.cohort.optim import SGD
from dropout_lab.cohort.recipe import RunList
from dropout_lab.cohort.width import ExecutionPlan, Widths
from dropout_lab.config import hydra_schema, roles
from dropout_lab.config.check import check
from dropout_lab.config.keys import KEYS, Key
from dropout_lab.config.refusals import wrong_value
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import Run

FACTOR = Key("trainer.factor", Annotated[float, Field(ge=0, lt=2)] | None, "option", None, "factor of the gradients")
CHOICES = {"placement": "hidden", "dropout": "standard", "schedule": "constant", "loss": "plain"}


@dataclass(frozen=True, kw_only=True)
class Scaled(SGD):
    """SGD whose gradients have the factor."""

    def update(
        self, params: Tensor, grads: Tensor, state: Mapping[str, Tensor], hyper: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return super().update(params, grads * hyper["factor"], state, hyper)


@pytest.fixture(autouse=True)
def key() -> Iterator[None]:
    """The key, in the table for one test."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(KEYS, FACTOR.name, FACTOR)
        hydra_schema.register()
        yield
    hydra_schema.register()


def composed(*overrides: str) -> dict[str, Any]:
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config: Any = OmegaConf.to_container(compose("config", list(overrides)), resolve=True)
    found: dict[str, Any] = config
    return found


def test_it_is_composed_with_its_default_and_its_help() -> None:
    config = composed()
    check(config)
    assert config["trainer"]["factor"] is None
    shown = OmegaConf.create({**config, "shown": "${keys_with_help:}"}).shown
    assert "\n  factor: null  # factor of the gradients\n" in shown


@pytest.mark.parametrize("value", [-0.1, 2.0, float("nan")])
def test_it_is_refused_out_of_its_bounds(value: float) -> None:
    config = composed()
    config["trainer"]["factor"] = value
    said = f"trainer.factor={value}: must be a finite number of at least 0 and below 2, or null"
    with pytest.raises(UserError, match=f"^{said}$"):
        check(config)
    assert wrong_value("trainer.factor", "50%") == (
        "trainer.factor=50%: must be a finite number of at least 0 and below 2, or null; write trainer.factor=0.5"
    )


def test_it_is_a_part_of_the_configuration_and_so_of_the_trials_key() -> None:
    plain, halved = (describe(Builder(), composed(*given), CHOICES) for given in ((), ("trainer.factor=0.5",)))
    assert halved.trial.config["trainer"]["factor"] == 0.5
    assert plain.trial.key != halved.trial.key
    assert plain.structure["options"] == []
    assert halved.structure["options"] == ["factor"]
    assert not roles.is_control("trainer.factor")
    assert not roles.is_dropout("trainer.factor")


def test_each_lane_has_its_own_value() -> None:
    given = ("dataset.limit=64", "trainer.epochs=3", "optimizer=sgd", "optimizer._target_=" + _name(Scaled))
    trainer = CohortTrainer(Builder())
    both = [trainer.describe(composed(*given, f"trainer.factor={factor}"), CHOICES) for factor in (0.0, 1.0)]
    runs = RunList([trainer.recipe(Run(one.trial, number, seed=0)) for number, one in enumerate(both)])
    trainer.train(both[0].structure, ExecutionPlan(Widths.fixed(2), "never", "cpu"), runs)
    still, moved = (result.curves["val_loss"] for result in sorted(runs.results.values(), key=_factor))
    assert len(set(still)) == 1
    assert len(set(moved)) == 3


def _factor(result: Any) -> float:
    return float(result.recipe.options["factor"])


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
