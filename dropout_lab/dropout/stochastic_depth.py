"""Stochastic depth: whole residual branches are dropped with probability `rate`.

    training: x + f(x) b / (1 - r),   b = [u >= r],   u ~ U[0, 1) for every example, or for the batch
    classic:  x + f(x) b in training,   x + f(x) (1 - r) in evaluation

Huang, Sun, Liu, Sedra and Weinberger, "Deep Networks with Stochastic Depth", ECCV 2016, arXiv:1603.09382, section 3:
one gate per branch and batch, classic scaling, and rates that grow linearly with depth (placement=depth).
"""

from torch import Tensor

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.info import STEPWISE, SiteInfo
from dropout_lab.sites.method import AbstractValueDropout
from dropout_lab.sites.requirements import Requirements


class StochasticDepth(AbstractValueDropout):
    """per_example: a gate for every example, or one for the batch. classic: scaled in evaluation, as in the paper."""

    requirements = Requirements(STEPWISE)

    def __init__(self, per_example: bool, classic: bool) -> None:
        self._per_example, self._classic = per_example, classic

    def train(self, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        gates = (x.shape[0] if self._per_example else 1, *[1] * (x.dim() - 1))
        open_ = (noise.uniform(gates) >= rate).to(x.dtype)
        return x * (open_ if self._classic else open_ / (1 - rate))

    def evaluate(self, x: Tensor, rate: Tensor) -> Tensor:
        return x * (1 - rate).to(x.dtype) if self._classic else x

    def objection(self, info: SiteInfo) -> str | None:
        if info.is_branch:
            return None
        return (
            "it drops residual branches: take model=resnet, its sites residual.*, and model.norm_order=before; or"
            " model=transformer, its sites attention_out.* and ffn_out.*"
        )
