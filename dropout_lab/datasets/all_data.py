"""A dataset whose training parts have the examples of the validation parts too: for a network that is to be used."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from dropout_lab.datasets.dataset import Dataset


@dataclass(frozen=True, eq=False)
class AllData(Dataset):
    """`split` gives the same validation parts as before, whose examples are now trained on: they validate nothing.

    Inputs are standardized by, and tokens are known from, all that is trained on. The test set is untouched.
    """

    own_limit: int | None = None
    """`limit` of the dataset that it is made of: so many examples of the former training part are trained on."""

    def _divided(self, seed: int) -> tuple[Tensor, Tensor]:
        # Without a limit, those too that a seed leaves out so that all seeds train on as many.
        train, val = self._sides(seed) if self.own_limit is None else super()._divided(seed)
        both = torch.cat([train[self._kept(train, self.own_limit)], val])
        return both.sort().values if self.is_stream else both, val  # a stream is read in its order


def all_data(dataset: Dataset) -> AllData:
    """The dataset with nothing held back for validation."""
    same = {field.name: getattr(dataset, field.name) for field in fields(Dataset) if field.name != "limit"}
    return AllData(**same, limit=None, own_limit=dataset.limit)
