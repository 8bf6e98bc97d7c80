"""The metrics of `measure=`: each is measured once, with the weights of the best epoch, if a command asks for it.

A run's record has the field `NAME@LEVEL` for each level, or site, of a metric that has levels, else the field NAME.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dropout_lab.core.metrics.metric import CLASSES, FRACTION, LOSS, SECONDS, AtEnd, Shown, Unit

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


def _of_units(name: str, title: str, meaning: str, **more: Any) -> Measured:
    return Measured(name=name, title=title, meaning=meaning, measure="coadaptation", level="site", **more)


_CHANGED = (
    *_robustness("noise", "noise", "standard deviation of the noise"),
    *_robustness("pixel_drop", "pixel drop", "share of pixels or features dropped"),
    *_robustness("occlusion", "occlusion", "edge of the square (pixels)"),
    *_robustness("ablation", "ablation", "share of hidden units zeroed"),
    *_robustness("fgsm", "FGSM", "epsilon (standard deviations of the input)"),
    *_robustness("pgd", "PGD", "epsilon (standard deviations of the input)"),
)

_UNITS = (
    _of_units(
        "unit_correlation",
        "correlation of hidden units",
        "mean absolute correlation of different units at a site, on the test set",
        low=0,
        high=1,
    ),
    _of_units(
        "effective_rank",
        "effective rank of hidden units",
        "exp of the entropy of the normalised singular values of a site's centred values, on the test set",
        unit=Unit("units", "units"),
        low=1,
    ),
    _of_units(
        "activation_sparsity",
        "sparsity of activations",
        "share of a site's values that are 0, on the test set",
        unit=FRACTION,
        low=0,
        high=1,
    ),
    _of_units("mean_activation", "mean activation", "mean of a site's values, on the test set"),
)

_OTHERS = (
    Measured(
        name="ood_auroc",
        title="AUROC out of distribution",
        meaning="with which the maximum probability tells the test set from another data set's",
        measure="ood",
        unit=FRACTION,
        low=0,
        high=1,
        direction="maximize",
        tasks=CLASSES,
    ),
    Measured(
        name="gradient_norm_variance",
        title="variance of the gradient's norm",
        meaning="over batches of the training part, with dropout on",
        measure="gradient_noise",
        low=0,
    ),
    Measured(
        name="gradient_cosine",
        title="cosine between gradients",
        meaning="mean over pairs of batches of the training part, with dropout on",
        measure="gradient_noise",
        low=-1,
        high=1,
        direction="maximize",
    ),
    Measured(
        name="sharpness",
        title="sharpness",
        meaning="mean rise of the train loss under random changes of the weights in proportion to their size",
        measure="sharpness",
        level="standard deviation of the changes (sizes of the weights)",
        unit=LOSS,
    ),
    Measured(
        name="inference_seconds",
        title="inference time of an example",
        meaning="median seconds per example of the network alone, by the size of the batch",
        measure="inference_time",
        level="examples in a batch",
        unit=SECONDS,
        low=0,
    ),
)

MEASURED: Sequence[Measured] = (*_CHANGED, *_UNITS, *_OTHERS)
