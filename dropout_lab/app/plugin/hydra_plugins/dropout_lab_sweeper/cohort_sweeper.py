"""dropout-lab's Hydra sweeper. Hydra imports all plugins at every start: what is heavy is imported when sweeping."""

from collections.abc import Mapping
from typing import Any

from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class CohortSweeper(Sweeper):
    """Trains the runs of a sweep together, as lanes of one program.

    `params` maps swept keys to their values, as strings of the override grammar; the command line wins over them.
    If neither sweeps anything, `default_params` do. `command` is sweep, train, sites or data: a train command has
    one configuration, and sites and data train nothing.
    """

    def __init__(self, params: Mapping[str, Any] | None, default_params: Mapping[str, Any], command: str) -> None:
        self.params, self.default_params, self.command = params or {}, default_params, command

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context, self.config = hydra_context, config

    def sweep(self, arguments: list[str]) -> Any:
        from dropout_lab.sweeper.command import Command

        assert self.hydra_context is not None  # Hydra has called setup
        assert self.config is not None
        command = Command(self.command, arguments, self.params, self.default_params)
        if self.command == "data":
            from dropout_lab.app.data import run_data as run
        elif self.command == "sites":
            from dropout_lab.app.sites import run_sites as run
        else:
            from dropout_lab.app.command import run_sweep as run
        return run(self.hydra_context, self.config, command)
