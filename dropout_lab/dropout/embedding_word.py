"""Word dropout: all occurrences of a word are zeroed together, with probability `rate`, by its row of the embedding.

    y_t = E[w_t] * [u_{w_t} >= r] / (1 - r),   u_w ~ U[0, 1) for every word w of the vocabulary

Gal and Ghahramani, NeurIPS 2016, arXiv:1512.05287, section 4.2: a mask over words for every sequence. Merity, Keskar
and Socher, ICLR 2018, arXiv:1708.02182, section 4.3: one mask for the whole batch.
"""

from typing import Literal, cast

import torch
from torch import Tensor, nn

from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.method import AbstractDropout
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.requirements import Requirements


class EmbeddingWord(AbstractDropout):
    """mask_per: `example` or `batch`."""

    requirements = Requirements(frozenset({"tokens"}))

    def __init__(self, mask_per: Literal["example", "batch"]) -> None:
        self._per_example = mask_per == "example"

    def train_reader(self, reader: Reader, x: Tensor, rate: Tensor, noise: Noise) -> Tensor:
        words = x
        if self._per_example:
            words = x + cast(nn.Embedding, reader.layer).num_embeddings * torch.arange(
                x.shape[0], device=x.device
            ).unsqueeze(1)
        keep = (noise.uniform_at(words) >= rate).float() / (1 - rate)
        y: Tensor = reader(x)
        return y * keep.unsqueeze(-1).to(y.dtype)

    def evaluate_reader(self, reader: Reader, x: Tensor, rate: Tensor) -> Tensor:
        y: Tensor = reader(x)
        return y
