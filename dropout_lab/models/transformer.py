"""A transformer for sequences and images, with sites wherever the literature drops."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from dropout_lab.config.bounds import Count
from dropout_lab.core.errors import UserError
from dropout_lab.models.activations import Activation, ActivationName, initialized
from dropout_lab.models.attention import Attention
from dropout_lab.models.layers import Order, StepNorm
from dropout_lab.models.patches import Patches
from dropout_lab.models.sequences import Steps
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.site import Site


class Layer(nn.Module):
    """Self-attention and a feed-forward network, each with a shortcut around it, as torch.nn.TransformerEncoderLayer.

    Sites: those of `Attention`, `attention_out.<k>` and `ffn_out.<k>` at the ends of the branches, `ffn_act.<k>` behind
    the activation, and `layer.<k>`, which chooses between what the layer is given and what it makes of it.

    norm_order: each branch reads the norm of what it is given (`before`), or the sums are normalised (`after`).

    Shape: (batch, steps, width) -> the same.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        ffn: int,
        number: int,
        activation: ActivationName,
        norm_order: Order,
        *,
        is_causal: bool,
    ) -> None:
        super().__init__()
        self.is_before = norm_order == "before"
        self.attention_norm = StepNorm(width)
        self.attention = Attention(width, heads, number, is_causal=is_causal)
        self.attention_out = Site(f"attention_out.{number}", kind="sequence", is_branch=True)
        self.ffn_norm = StepNorm(width)
        self.ffn = nn.Sequential(
            initialized(nn.Linear(width, ffn), activation),
            Activation(activation),
            Site(f"ffn_act.{number}", Reader(initialized(nn.Linear(ffn, width), activation)), kind="sequence"),
            Site(f"ffn_out.{number}", kind="sequence", is_branch=True),
        )
        self.layer = Site(f"layer.{number}", kind="layer")

    def forward(self, x: Tensor, padding: Tensor | None) -> Tensor:
        if self.is_before:
            attended = x + self.attention_out(self.attention(self.attention_norm(x), padding))
            made = attended + self.ffn(self.ffn_norm(attended))
        else:
            attended = self.attention_norm(x + self.attention_out(self.attention(x, padding)))
            made = self.ffn_norm(attended + self.ffn(attended))
        return self.layer.update(x, made)


class Transformer(nn.Module):
    """`depth` layers over tokens, patches of images or vectors, each step's with a learned position added; and a head.

    Positions begin as tokens do, from N(0, 1): from N(0, 0.02^2), as in BERT and ViT, a network had not learned to copy
    the token three steps before in ten epochs, which are enough now, and it learned digits no better.

    Sites: `embedding` at tokens, `input` behind the sum with the position, those of every `Layer`, and `output` before
    the head. The head reads every place if `per_position`, and then no place sees later ones; else the mean over all
    that are no padding: it needs no token of its own, and every place gets its gradient directly (Beyer, Zhai &
    Kolesnikov, 2022, arXiv:2205.01580, find it no worse than a class token). Each piece of a text in pieces
    (`is_stream`) is read by itself: no state is carried on.

    `width` is that of the residual stream, `ffn` that of the feed-forward layers, 4 x width without. `patch` is the
    side of an image's patches.

    Shape: (batch, *input_shape) -> (batch, outputs), or (batch, steps, outputs).
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int],
        outputs: int,
        vocabulary: int | None = None,
        per_position: bool = False,
        is_stream: bool = False,
        width: Count = 64,
        depth: Count = 2,
        heads: Count = 4,
        ffn: Count | None = None,
        patch: Count = 4,
        activation: ActivationName = "relu",
        norm_order: Order = "before",
    ) -> None:
        super().__init__()
        ffn = 4 * width if ffn is None else ffn
        if width % heads:
            raise UserError(f"model.heads={heads}: must divide model.width={width}, for every head reads an equal part")
        self.per_position = per_position
        if vocabulary is None and len(input_shape) == 3:
            self.steps: Steps | Patches = Patches(input_shape, patch)
        else:
            self.steps = Steps("transformer", input_shape, vocabulary, width)
        # Tokens are looked up in this width.
        self.project = nn.Linear(self.steps.features, width) if vocabulary is None else nn.Identity()
        self.position = nn.Parameter(torch.randn(self.steps.count, width))
        self.input = Site("input", kind="sequence")
        self.layers = nn.ModuleList(
            Layer(width, heads, ffn, number, activation, norm_order, is_causal=per_position) for number in range(depth)
        )
        self.norm = StepNorm(width) if norm_order == "before" else nn.Identity()
        self.output = Site("output", Reader(nn.Linear(width, outputs)), kind="sequence" if per_position else "units")

    def forward(self, x: Tensor) -> Tensor:
        padding = self.steps.is_padding(x)
        y = self.input(self.project(self.steps(x)) + self.position)
        for layer in self.layers:
            y = layer(y, padding)
        y = self.norm(y)
        return cast(Tensor, self.output(y if self.per_position else mean_of_steps(y, padding)))


def mean_of_steps(x: Tensor, padding: Tensor | None) -> Tensor:
    """(batch, steps, features) -> (batch, features), over the steps that are no padding; 0 if all are."""
    if padding is None:
        return x.mean(1)
    there = (~padding).to(x.dtype).unsqueeze(2)
    return (x * there).sum(1) / there.sum(1).clamp(min=1)
