"""What of a training's settings do not go together, and why."""

from collections.abc import Mapping

from dropout_lab.build.builder import Builder
from dropout_lab.build.parameters import check_frozen, check_groups
from dropout_lab.cohort.optim import AbstractOptimizer
from dropout_lab.config import momentum_schedule
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import Config


def check_training(builder: Builder, config: Config, choices: Mapping[str, str]) -> None:
    """Raises UserError for patterns that fit no parameter, and schedules that do not go with the optimizer.

    `choices` are the names of the members of the config groups.
    """
    builder.made("lr_schedule", config["lr_schedule"])
    parameters = builder.parameters(config["model"], config["dataset"])
    trained = check_frozen(parameters, config["trainer"]["freeze"])
    check_groups(parameters, trained, config["optimizer"]["groups"])
    optimizer: AbstractOptimizer = builder.made("optimizer", config["optimizer"])
    schedule = builder.made("momentum_schedule", config["momentum_schedule"])
    if "momentum" not in optimizer.numbers() and not isinstance(schedule, momentum_schedule.Constant):
        raise UserError(
            f"momentum_schedule={choices['momentum_schedule']}: optimizer={choices['optimizer']} has no momentum; take"
            " momentum_schedule=constant, or optimizer=sgd or rmsprop"
        )
