"""nn.MultiheadAttention written out, with a site at its weights."""

from typing import Any

import torch
from torch import Tensor, nn

from dropout_lab.adoption.functional import softmax
from dropout_lab.sites.info import Own
from dropout_lab.sites.site import Site


class SitedAttention(nn.MultiheadAttention):
    """The same parameters and results; made of an existing module by `adopt`, never by itself."""

    weights_site: Site

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        is_batch = query.dim() == 3
        if not is_batch:
            query, key, value = query.unsqueeze(0), key.unsqueeze(0), value.unsqueeze(0)
            key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
        elif not self.batch_first:
            query, key, value = (one.transpose(0, 1) for one in (query, key, value))
        q, k, v = self._projected(query, key, value)
        if self.bias_k is not None and self.bias_v is not None:
            k = torch.cat([k, self.bias_k.expand(len(k), 1, -1)], 1)
            v = torch.cat([v, self.bias_v.expand(len(v), 1, -1)], 1)
        if self.add_zero_attn:
            k, v = (nn.functional.pad(one, (0, 0, 0, 1)) for one in (k, v))
        added = k.shape[1] - key.shape[1]  # keys that every query may see
        attn_mask, key_padding_mask = (
            mask if mask is None else nn.functional.pad(mask, (0, added)) for mask in (attn_mask, key_padding_mask)
        )
        q, k, v = (self._heads(one) for one in (q, k, v))
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)  # (batch, heads, queries, keys)
        if attn_mask is not None:
            mask = attn_mask if attn_mask.dim() == 2 else attn_mask.reshape(-1, self.num_heads, *attn_mask.shape[1:])
            scores = _masked(scores, mask)
        if key_padding_mask is not None:
            scores = _masked(scores, key_padding_mask[:, None, None, :])
        weights = self.weights_site(softmax(scores))
        output = self.out_proj((weights @ v).transpose(1, 2).flatten(2))
        if not is_batch:
            output, weights = output.squeeze(0), weights.squeeze(0)
        elif not self.batch_first:
            output = output.transpose(0, 1)
        if not need_weights:
            return output, None
        return output, weights.mean(-3) if average_attn_weights else weights

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        biases = (None, None, None) if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        if self._qkv_same_embed_dim:
            weights: Any = self.in_proj_weight.chunk(3)
        else:
            weights = self.q_proj_weight, self.k_proj_weight, self.v_proj_weight
        made = [
            nn.functional.linear(x, weight, bias)
            for x, weight, bias in zip((query, key, value), weights, biases, strict=True)
        ]
        return made[0], made[1], made[2]

    def _heads(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:-1], self.num_heads, -1).transpose(1, 2)


def _masked(scores: Tensor, mask: Tensor) -> Tensor:
    """What may not be seen is true in a mask of truths, and minus infinity in one of numbers."""
    return scores.masked_fill(mask, float("-inf")) if mask.dtype == torch.bool else scores + mask


def can_be_sited(module: nn.Module) -> bool:
    """Whether a module is an attention that is written out here: torch's own."""
    return type(module) is nn.MultiheadAttention


def site_attention(module: nn.MultiheadAttention, name: str) -> None:
    """Make it a `SitedAttention` with the site `name`."""
    site = Site(name, kind="weights")
    site.own = Own("attention", float(module.dropout), f"nn.MultiheadAttention(dropout={module.dropout:g})")
    site.train(module.training)
    module.__class__ = SitedAttention
    module.weights_site = site
