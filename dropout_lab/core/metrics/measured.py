"""The metrics of `measure=`: each is measured once, with the weights of the best epoch, if a command asks for it.

A run's record has the field `NAME@LEVEL` for each level, or site, of a metric that has levels, else the field NAME.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dropout_lab.core.metrics.metric import CLASSES, FRACTION, LOSS, AtEnd, Shown

LEVEL = "@"
"""Between a metric and the level, or the site, at which it was measured."""


@dataclass(frozen=True, kw_only=True)
class Measured(AtEnd):
    """A metric that a measure finds."""

    measure: str
    """The member of the group `measure` that finds it."""
    level: str = ""
    """What its levels are, for an axis; empty without levels."""
    at_zero: str | None = None
    """The metric whose value it has at level 0; None where level 0 means nothing."""
    shown: Shown = "listed"
    optional: bool = True

    @property
    def field(self) -> str:
        """Its field in the records, for the documentation."""
        return f"{self.name}{LEVEL}<level>" if self.level else self.name


def _robustness(measure: str, under: str, level: str) -> Sequence[Measured]:
    """Loss and accuracy on the test set under something."""
    return (
        Measured(
            name=f"{measure}_loss",
            title=f"loss under {under}",
            meaning=f"test loss under {under}, by its {level}",
            measure=measure,
            level=level,
            at_zero="test_loss",
            unit=LOSS,
            low=0,
        ),
        Measured(
            name=f"{measure}_accuracy",
            title=f"accuracy under {under}",
            meaning=f"test accuracy under {under}, by its {level}",
            measure=measure,
            level=level,
            at_zero="test_accuracy",
            unit=FRACTION,
            low=0,
            high=1,
            direction="maximize",
            tasks=CLASSES,
        ),
    )


MEASURED: Sequence[Measured] = (*_robustness("noise", "noise", "standard deviation of the noise"),)
