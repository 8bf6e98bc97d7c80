"""The author's own training loop, as a tutorial writes it, at masks that the test draws."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.adoption.adopt import answer
from dropout_lab.cohort.keys import keys, mask_seed
from dropout_lab.cohort.own_draws import own_draws
from dropout_lab.cohort.recipe import Recipe
from dropout_lab.core.mask_streams import Noise
from dropout_lab.core.seeding import generator
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.sites.site import CALLS

LOWEST = -1.7580993408473766
"""SELU's lowest value, to which alpha dropout sets units (Klambauer et al., 2017)."""

Uniform = Callable[[Sequence[int]], Tensor]
"""Uniform numbers of a shape, of the site that is called next."""


def trained(make: Callable[[], nn.Module], order: Sequence[str], called: Sequence[str], run: Recipe, data: Dataset,
            patch: pytest.MonkeyPatch) -> list[float]:  # fmt: skip
    """The validation loss by epoch of the untouched network at its author's rates, under SGD with momentum 0.9.

    order: the sites in the order in which masks are numbered; called: the site of each dropout of a forward.
    """
    torch.manual_seed(int(generator(run.seed, "init").integers(2**63)))
    model = make()
    with torch.no_grad():
        model.eval()(data.example())  # lazy layers draw their weights
    optimizer = torch.optim.SGD([one for one in model.parameters() if one.requires_grad], lr=0.1, momentum=0.9)
    split = data.split(run.seed)
    inputs = (data.inputs - split.mean) / split.std
    losses, step = [], 0
    for epoch in range(run.epochs):
        model.train()
        rows = torch.from_numpy(generator(run.seed, "order", epoch).permutation(len(split.train)))
        for batch in rows.split(20):
            streams = keys([mask_seed(run.seed)], np.array([[step]]), (*order, "/network"))
            *of_sites, own = torch.from_numpy(streams)[0, 0]
            optimizer.zero_grad()
            with _dropouts(_in_turn(dict(zip(order, of_sites, strict=True)), called), patch), own_draws(own):
                output = answer(model(inputs[split.train[batch]]))
            F.cross_entropy(output, split.train_targets[batch]).backward()
            optimizer.step()
            step += 1
        model.eval()
        with torch.no_grad():
            losses.append(F.cross_entropy(answer(model(inputs[split.val])), split.val_targets).item())
    return losses


def _in_turn(of_sites: dict[str, Tensor], called: Sequence[str]) -> Uniform:
    """Each call draws from the stream of the next site; the second call of a site from another one."""
    turn = iter(range(len(called)))

    def uniform(shape: Sequence[int]) -> Tensor:
        index = next(turn)
        times = called[:index].count(called[index])
        noise = Noise(of_sites[called[index]])
        return (noise.stream(CALLS + times) if times else noise).uniform(shape)

    return uniform


@contextmanager
def _dropouts(uniform: Uniform, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """While it lasts, torch draws the masks of all its dropouts from `uniform`."""

    def drop(x: Tensor, p: float, shape: Sequence[int]) -> Tensor:
        return x * (uniform(shape) >= p).float() / (1 - p)

    def dropout(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        return drop(x, p, x.shape) if training else x

    def dropout2d(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        return drop(x, p, (*x.shape[:2], *[1] * (x.dim() - 2))) if training else x

    def alpha(x: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
        scale = ((1 - p) * (1 + p * LOWEST**2)) ** -0.5
        kept = torch.where(uniform(x.shape) >= p, x, torch.tensor(LOWEST)) if training else x
        return kept * scale - scale * p * LOWEST if training else x

    def bernoulli(x: Tensor, p: float = 0.5) -> Tensor:
        return x.copy_((uniform(x.shape) >= 1 - p).float())

    def attention(q: Tensor, k: Tensor, v: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0,
                  is_causal: bool = False, scale: float | None = None, **more: Any) -> Tensor:  # fmt: skip
        scores = q @ k.mT / math.sqrt(q.shape[-1]) if scale is None else q @ k.mT * scale
        if is_causal:
            scores = scores.masked_fill(~torch.ones(scores.shape[-2:], dtype=torch.bool).tril(), float("-inf"))
        if attn_mask is not None:
            is_bool = attn_mask.dtype == torch.bool
            scores = scores.masked_fill(~attn_mask, float("-inf")) if is_bool else scores + attn_mask
        weights = scores.softmax(-1)
        return (drop(weights, dropout_p, weights.shape) if dropout_p else weights) @ v

    def recurrent(module: Any, x: Tensor, states: Any = None) -> Any:
        return _layers(module, x, drop)

    with patch.context() as context:
        for name, function in (("dropout", dropout), ("dropout2d", dropout2d), ("alpha_dropout", alpha),
                               ("scaled_dot_product_attention", attention)):  # fmt: skip
            context.setattr(F, name, function)
        context.setattr(Tensor, "bernoulli_", bernoulli)
        for kind in (nn.LSTM, nn.GRU):
            context.setattr(kind, "forward", recurrent)
        yield


def _layers(module: Any, x: Tensor, drop: Callable[[Tensor, float, Sequence[int]], Tensor]) -> Any:
    """torch's recurrent module, one layer after the other, with dropout between them."""
    is_lstm, directions = isinstance(module, nn.LSTM), 2 if module.bidirectional else 1
    weights, each = module._flat_weights, 4 * directions
    batch = x.shape[0] if module.batch_first else x.shape[1]
    zeros = torch.zeros(directions, batch, module.hidden_size)
    ends = []
    for layer in range(module.num_layers):
        if layer:
            first = x if module.batch_first else x.transpose(0, 1)  # masks are drawn for (batch, steps, features)
            x = drop(first, module.dropout, first.shape)
            x = x if module.batch_first else x.transpose(0, 1)
        own = weights[layer * each : (layer + 1) * each]
        run = torch.lstm if is_lstm else torch.gru
        states: Any = (zeros, zeros) if is_lstm else zeros
        x, *last = run(x, states, own, True, 1, 0.0, True, module.bidirectional, module.batch_first)
        ends.append(last)
    made = [torch.cat(parts) for parts in zip(*ends, strict=True)]
    return x, tuple(made) if is_lstm else made[0]
