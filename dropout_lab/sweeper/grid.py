"""The grid as a sampler: it has its cells from the start and suggests nothing."""

from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial


class Grid(BaseSampler):
    """Marks a sweep whose configurations are an explicit list of cells, each trained exactly once.

    Optuna's GridSampler draws cells, so that parallel ones repeat and failed ones never come again.
    """

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        raise RuntimeError(f"a grid has no value to suggest for {param_name}")
