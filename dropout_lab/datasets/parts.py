"""Examples that come in parts: those to train on first, then those of a validation part, then the test set's."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.held_out import hold_out_test
from dropout_lab.datasets.split import Task


@dataclass(frozen=True)
class Parts:
    """How many examples each part has, in this order."""

    training: int
    validation: int
    """0: each seed draws its own from the training examples."""
    test: int
    """0: a test set is held out from the training examples, the same for every seed."""

    def require_no_fraction(self, val_fraction: float | None, test_fraction: float | None, where: str) -> None:
        """Raises UserError for the fraction of a part that is given."""
        for key, fraction, part, size in (
            ("val_fraction", val_fraction, "validation", self.validation),
            ("test_fraction", test_fraction, "test", self.test),
        ):
            if size and fraction is not None:
                raise UserError(f"dataset.{key}={fraction}: {where} a {part} part of their own; leave it out")

    def require_known(self, codes: Tensor, names: Sequence[str], where: str) -> None:
        """Raises UserError for a class that no example to train on has; `codes`: (n,) classes."""
        known = set(codes[: self.training].tolist())
        end = self.training + self.validation
        for part, rows in (("validation", codes[self.training : end]), ("test", codes[end:])):
            if strange := sorted(set(rows.tolist()) - known):
                raise UserError(
                    f"{where}: the {part} part has the class {names[strange[0]]}, which no training example has"
                )

    def validation_rows(self) -> Tensor | None:
        """The rows of a validation part that is the same for every seed."""
        return torch.arange(self.training, self.training + self.validation) if self.validation else None

    def test_rows(self, targets: Tensor, task: Task, fraction: float, names: Sequence[str] = ()) -> Tensor:
        """The rows of the test set; `targets`: (n,), by whose classes it is held out where none is given."""
        if self.test:
            return torch.arange(self.training + self.validation, len(targets))
        return hold_out_test(targets[: self.training], task, fraction, names)
