"""One run in a lane, as the host sees it."""

from dataclasses import dataclass, field

from torch import Tensor

from dropout_lab.cohort.recipe import Recipe
from dropout_lab.datasets.split import Split


@dataclass
class Lane:
    """A run in a lane, and its training so far."""

    recipe: Recipe
    split: Split
    rates: Tensor
    """(site,): the recipe's rates, before any schedule, in the order of the program's sites."""
    mask_seed: int
    steps: int = 0
    seconds: float = 0.0
    best: float = float("inf")
    """The best value of the recipe's `best_by`, negated if it is maximised."""
    since_best: int = 0
    """Epochs since the best value."""
    epoch: int = 0
    """Finished epochs."""
    curves: dict[str, list[float | None]] = field(default_factory=dict)
