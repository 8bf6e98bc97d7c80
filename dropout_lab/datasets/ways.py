"""The keys that say how rows are divided, and which of them say different things of the same rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from dropout_lab.core.errors import UserError

FoldCount = Annotated[int, Field(ge=2)]


@dataclass(frozen=True)
class Ways:
    """The keys of `dataset` that say how rows are divided; None where one is not given."""

    group: str | None = None
    time: str | None = None
    split: str | None = None
    val_path: str | None = None
    test_path: str | None = None
    folds: int | None = None
    val_fraction: float | None = None
    test_fraction: float | None = None

    def __post_init__(self) -> None:
        """Raises UserError, with both keys, for two that say different things of the same rows."""
        self._refuse("time", "group", "a cut in time divides groups that are on both sides of it")
        self._refuse("time", "folds", "the folds before a time differ in size, so their seeds would not be replicates")
        for file in ("val_path", "test_path"):
            self._refuse("split", file, "both say which rows are in a part")
        for key in ("time", "folds", "val_fraction"):
            self._refuse("val_path", key, "both say which rows validate")
        self._refuse("folds", "val_fraction", "a fold's size follows from the number of folds")
        self._refuse("test_path", "test_fraction", "both say which rows test")
        columns = [(key, getattr(self, key)) for key in ("group", "time", "split") if getattr(self, key) is not None]
        for at, (key, name) in enumerate(columns):
            for other, same in columns[:at]:
                if name == same:
                    raise UserError(f"dataset.{key}={name}: is dataset.{other}, too; must be another column")

    @property
    def columns(self) -> Mapping[str, str]:
        """Key -> name, of those that name a column."""
        found = {"group": self.group, "time": self.time, "split": self.split}
        return {key: name for key, name in found.items() if name is not None}

    def refuse_given(self, keys: Sequence[str], why: str) -> None:
        """Raises UserError where one of `keys` is given for a part that is fixed already, and why it is."""
        for key in keys:
            if (value := getattr(self, key)) is not None:
                raise UserError(f"dataset.{key}={value}: {why}")

    def _refuse(self, one: str, other: str, why: str) -> None:
        first, second = getattr(self, one), getattr(self, other)
        if first is not None and second is not None:
            raise UserError(f"dataset.{one}={first} and dataset.{other}={second}: {why}; give one of them")
