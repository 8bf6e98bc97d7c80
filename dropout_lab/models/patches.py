"""Images as sequences of square patches."""

from collections.abc import Sequence

from torch import Tensor, nn

from dropout_lab.core.errors import UserError


class Patches(nn.Module):
    """Squares of `side` pixels, row by row, all channels of each as one vector (Dosovitskiy et al., ICLR 2021,
    arXiv:2010.11929, section 3.1).

    Shape: (batch, channel, height, width) -> (batch, steps, features).
    """

    def __init__(self, input_shape: Sequence[int], side: int) -> None:
        super().__init__()
        channels, height, width = input_shape
        if height % side or width % side:
            fitting = [str(size) for size in range(1, min(height, width) + 1) if not (height % size or width % size)]
            raise UserError(
                f"model.patch={side}: the side of a patch must divide height and width of the images, {height} x"
                f" {width}; allowed: {', '.join(fitting)}"
            )
        self.side = side
        self.count = (height // side) * (width // side)
        self.features = channels * side**2

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        rows = x.reshape(batch, channels, height // self.side, self.side, width // self.side, self.side)
        return rows.permute(0, 2, 4, 1, 3, 5).reshape(batch, self.count, self.features)

    def is_padding(self, x: Tensor) -> None:
        """Always None: patches are never padding."""
