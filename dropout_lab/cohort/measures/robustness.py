"""Loss and accuracy on the test set as something is made worse, level by level."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from torch import Tensor

from dropout_lab.cohort.measures.measure import AbstractMeasure, Subject
from dropout_lab.cohort.measures.trained import Batch, Trained


def at(level: float | str) -> str:
    """The end of a field's name that says of which level it is."""
    return f"@{level:g}" if isinstance(level, float | int) else f"@{level}"


class AbstractRobustness(AbstractMeasure):
    """A measure of networks whose inputs are changed: NAME_loss@LEVEL and NAME_accuracy@LEVEL."""

    name: ClassVar[str]
    needs_images: ClassVar[bool] = False

    def __init__(self, levels: Sequence[float]) -> None:
        self._levels = levels

    @abstractmethod
    def changed(self, trained: Trained, batch: Batch, level: float) -> Tensor:
        """The inputs that the networks are given instead of the batch's."""

    def __call__(self, trained: Trained) -> Mapping[str, Tensor]:
        found: dict[str, Tensor] = {}
        for level in self._levels:
            change = partial(self._changed, trained, level)
            found |= {f"{self.name}_{what}{at(level)}": values for what, values in trained.score(change).items()}
        return found

    def _changed(self, trained: Trained, level: float, batch: Batch) -> Tensor:
        return self.changed(trained, batch, level)

    def objection(self, subject: Subject) -> str | None:
        dataset = subject.dataset
        if dataset.vocabulary:
            return f"{dataset.name} has tokens as inputs; it works with numbers, of tables or images"
        if self.needs_images and len(dataset.input_shape) != 3:
            shape = " x ".join(map(str, dataset.input_shape))
            return f"examples of {dataset.name} are no images ({shape}); it works with images"
        return None
