"""Networks that another process can import by their names, and data so small that a sweep takes a second."""

from typing import Any

import numpy as np
from torch import Tensor, nn

SMALL: dict[str, Any] = {
    "trainer": {"epochs": 3, "batch_size": 16, "compile": "never"},
    "optimizer": {"lr": 0.03},
    "seeds": 2,
}
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 6)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(np.int64)
PARTS = (X[:90], Y[:90], X[90:], Y[90:])


class Net(nn.Module):
    """Six numbers, a hidden layer with a dropout of its author's, and the head."""

    def __init__(self, outputs: int, width: int = 8) -> None:
        super().__init__()
        self.first = nn.Linear(6, width)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.drop(self.first(x).relu()))
        return y


def make_net(outputs: int) -> Net:
    return Net(outputs, width=4)
