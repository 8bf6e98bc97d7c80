"""The interface of a measure, and how measures are taken of runs that have ended."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.measures.trained import Trained
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.sites.info import SiteInfo


class Subject(NamedTuple):
    """What is known, before the training, of the networks that are to be measured."""

    dataset: Dataset
    infos: Sequence[SiteInfo]
    """What stands at their sites."""
    batch_size: int


class AbstractMeasure(ABC):
    """Something that is measured once, of trained networks."""

    @abstractmethod
    def __call__(self, trained: Trained) -> Mapping[str, Tensor]:
        """Field -> a value for each lane, (lane,).

        A field is the name of a metric in `core.metrics.measured`, or `NAME@LEVEL`: of one level, or of one site.
        """

    def objection(self, subject: Subject) -> str | None:
        """Why it cannot be measured of these networks, and of which it can; None if it can."""
        return None


def measure(
    measures: Mapping[str, AbstractMeasure], lanes: Lanes, wanted: Sequence[int]
) -> tuple[Mapping[int, Mapping[str, float | None]], Mapping[str, Exception]]:
    """Lane -> field -> what these measures find in the lane's best network, None where the value is not finite; and by
    name what those raised that failed: the networks are trained, and lack these values alone."""
    found: dict[int, dict[str, float | None]] = {lane: {} for lane in wanted}
    failed: dict[str, Exception] = {}
    if not wanted:
        return found, failed
    trained = Trained(lanes, wanted)
    for name, one in measures.items():
        try:
            measured = one(trained)
        except Exception as error:
            failed[name] = error
            continue
        for field, values in measured.items():
            for lane, value in zip(wanted, values.tolist(), strict=False):  # a single lane is there twice
                found[lane][field] = value if math.isfinite(value) else None
    return found, failed
