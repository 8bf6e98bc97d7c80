"""What the models of sequences share: tokens, rows of images or steps as vectors, and which of them are padding."""

from collections.abc import Sequence
from math import prod

from torch import Tensor, nn

from dropout_lab.core.errors import UserError
from dropout_lab.core.tokens import PADDING
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.site import Site


class Steps(nn.Module):
    """Examples as sequences of vectors, (batch, steps, features).

    Tokens, (batch, steps), are looked up; the site `embedding` stands before that. Images, (batch, channel, height,
    width), are read row by row, and sequences of vectors as they are.
    """

    def __init__(self, model: str, input_shape: Sequence[int], vocabulary: int | None, embedding: int) -> None:
        super().__init__()
        self.is_image = len(input_shape) == 3
        if vocabulary is not None:
            self.count, self.features = input_shape[0], embedding
            self.lookup: Site | None = Site("embedding", Reader(nn.Embedding(vocabulary, embedding)), kind="tokens")
            return
        self.lookup = None
        if len(input_shape) < 2:
            raise UserError(
                f"model={model} reads sequences, but an example of this dataset is one vector of {prod(input_shape)}"
                " numbers: choose model=mlp, or a dataset of sequences or images"
            )
        self.count = input_shape[-2]
        self.features = input_shape[-1] * (input_shape[0] if self.is_image else 1)

    def forward(self, x: Tensor) -> Tensor:
        if self.lookup is not None:
            y: Tensor = self.lookup(x)
            return y
        return x.movedim(1, 2).flatten(2) if self.is_image else x

    def is_padding(self, x: Tensor) -> Tensor | None:
        """(batch, steps) bool of tokens; None if nothing can be padding."""
        return None if self.lookup is None else x == PADDING
