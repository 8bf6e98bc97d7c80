"""The tables of a sweep, each made when it is first read: most tests read few of them."""

from collections.abc import Iterator, Mapping

import pandas as pd

from dropout_lab.report.frames.load import Frames
from dropout_lab.report.topics.outline import tables


class OnDemand(Mapping[str, pd.DataFrame]):
    """Every table of the outline, as `make_all` has them."""

    def __init__(self, frames: Frames, table: pd.DataFrame) -> None:
        self.frames, self.table = frames, table
        self._made: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._made:
            self._made[name] = self.make(name)
        return self._made[name]

    def make(self, name: str) -> pd.DataFrame:
        return tables()[name].make(self.frames, self.table)

    def __iter__(self) -> Iterator[str]:
        return iter(tables())

    def __len__(self) -> int:
        return len(tables())
