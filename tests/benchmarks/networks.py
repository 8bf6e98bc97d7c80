"""Networks of users for `tests.benchmarks.own`: one that is trained in lanes, and one that vmap cannot lift."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Net(nn.Module):
    """A convolution, a pooling, two dense layers, with dropout before the last."""

    def __init__(self, num_classes: int = 10, p: float = 0.5) -> None:
        super().__init__()
        self.conv, self.fc1, self.fc2 = nn.Conv2d(1, 16, 3, padding=1), nn.Linear(256, 64), nn.Linear(64, num_classes)
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1)
        x = F.dropout(F.relu(self.fc1(x)), self.p, self.training)
        y: Tensor = self.fc2(x)
        return y


class Branch(Net):
    """The same, with a Python branch on a value, which is always taken alike."""

    def forward(self, x: Tensor) -> Tensor:
        if not torch.isfinite(x.sum()):
            raise ValueError("the data are not finite")
        return super().forward(x)
