"""Self-attention in matrix products, with sites at its weights and at what its heads give.

It has the weights and equations of torch.nn.MultiheadAttention. torch's own product of attention has no batching rule
for lanes and no place for dropout but at the weights.
"""

from math import sqrt

import torch
from torch import Tensor, nn

from dropout_lab.sites.site import Site


class Attention(nn.Module):
    """`heads` heads that read `width / heads` features each (Vaswani et al., NeurIPS 2017, arXiv:1706.03762, 3.2).

    Sites: `attention.<k>` at the softmax weights, `heads.<k>` at what the heads give, before the product that mixes
    them. No step attends to `padding`, (batch, steps), and if `is_causal` none to later ones.

    Shape: (batch, steps, width) -> the same.
    """

    def __init__(self, width: int, heads: int, number: int, *, is_causal: bool) -> None:
        super().__init__()
        self.heads, self.is_causal = heads, is_causal
        self.project = nn.Linear(width, 3 * width)
        self.weights = Site(f"attention.{number}", kind="weights")
        self.given = Site(f"heads.{number}", kind="heads")
        self.mix = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.project.weight)  # as torch.nn.MultiheadAttention begins
        nn.init.zeros_(self.project.bias)
        nn.init.zeros_(self.mix.bias)

    def forward(self, x: Tensor, padding: Tensor | None) -> Tensor:
        # (batch, steps, 3 width) -> (batch, heads, steps, features), three times
        queries, keys, values = self.project(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (queries / sqrt(queries.shape[-1])) @ keys.transpose(-2, -1)
        hidden = self._hidden(x, padding)
        if hidden is not None:  # the least number rather than -inf: where nothing is seen, all would become NaN
            scores = scores + hidden * torch.finfo(scores.dtype).min
        given = self.given(self.weights(scores.softmax(-1)) @ values)
        y: Tensor = self.mix(given.transpose(1, 2).flatten(2))
        return y

    def _hidden(self, x: Tensor, padding: Tensor | None) -> Tensor | None:
        """Which steps (last axis) a step (last but one) does not attend to, broadcastable to the scores."""
        hidden = None if padding is None else padding[:, None, None, :]
        if self.is_causal:
            steps = torch.arange(x.shape[1], device=x.device)
            later = steps > steps.unsqueeze(1)
            hidden = later if hidden is None else hidden | later
        return hidden
