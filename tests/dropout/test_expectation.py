"""In the mean over masks, training is evaluation: every method, at every kind of site, over many steps.

Where a method differs by its definition, which its docstring states, the mean over masks has a closed form here.
"""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from omegaconf import OmegaConf
from torch import Tensor, nn
from torch.func import vmap

from dropout_lab.config.instantiate import instantiate
from dropout_lab.sites.info import Kind, SiteInfo
from dropout_lab.sites.method import AbstractDropout, objection_to
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.site import Site

CONF = Path(__file__).resolve().parents[2] / "conf" / "dropout"
P, KEEP = 0.3, 0.7
STEPS = 10
DRAWS = 4000
FORGET = 0.9
"""Of the cell, what is kept at every step."""
MIX = 0.6
"""Of the state, as a GRU's, what is kept at every step."""

SHAPES: dict[str, tuple[Kind, tuple[int, ...]]] = {
    "vector": ("units", (6,)),
    "map": ("units", (2, 3, 3)),
    "pooled": ("units", (2, 2, 2)),
    "sequence": ("sequence", (3, 6)),
    "tokens": ("tokens", (5,)),
    "state": ("state", (6,)),
    "cell": ("cell", (6,)),
    "weights": ("weights", (2, 3, 3)),
    "heads": ("heads", (3, 2, 4)),
    "layer": ("layer", (3, 4)),
}
CHANGES: dict[str, dict[str, Any]] = {
    "adversarial_recurrent": {"delta": 0.5},
    "dropblock": {"block_size": 2},
    "pattern": {"size": 1, "repeat": 1},
}
"""So that methods can act on what is so small."""
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("controlled", {"classic": True}),
    ("dropconnect", {"mask_per": "batch"}),
    ("embedding_word", {"mask_per": "batch"}),
    ("rnn_semeniuta", {"classic": True}),
    ("rnn_semeniuta", {"mask_per": "sequence"}),
    ("rnn_variational", {"tied": False}),
    ("stochastic_depth", {"classic": True, "per_example": False}),
    ("stochastic_rate", {"spread": 0.5}),
]
METHODS: list[tuple[str, dict[str, Any]]] = [*((path.stem, {}) for path in sorted(CONF.glob("*.yaml"))), *VARIANTS]


def make(name: str, changes: dict[str, Any]) -> AbstractDropout:
    section: Any = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
    method: AbstractDropout = instantiate("dropout", {**section, **CHANGES.get(name, {}), **changes})
    return instantiate("dropout", {**section, **changes, "rate": P}) if method.requirements.constant_rate else method


def layer_for(where: str) -> nn.Module:
    """Without an activation, so that what is right of the values is right of the answer."""
    if where in ("vector", "sequence"):
        return nn.Linear(6, 4)
    if where == "map":
        return nn.Conv2d(2, 3, 2)
    if where == "pooled":
        return nn.MaxPool2d(2)
    if where == "tokens":
        return nn.Embedding(7, 3)
    if where == "state":  # each unit reads itself alone
        between = nn.Linear(6, 6)
        with torch.no_grad():
            between.weight.copy_(torch.diag(torch.linspace(0.5, 1.2, 6)))
            between.bias.zero_()
        return between
    return nn.Identity()


def place_for(where: str, layer: nn.Module) -> SiteInfo:
    """Where everything fits together: a residual branch behind SELU, that a ReLU alone reads."""
    kind, shape = SHAPES[where]
    reader = None if isinstance(layer, nn.Identity) else type(layer)
    return SiteInfo("x", shape, "selu", reader=reader, read_by="relu", is_branch=True, kind=kind, keeps=True)


CASES: list[tuple[str, dict[str, Any], str]] = [
    (name, changes, where)
    for name, changes in METHODS
    for method in [make(name, changes)]
    for where in SHAPES
    if objection_to(method, place_for(where, layer_for(where))) is None
    and (where != "pooled" or name == "max_pooling")  # the mean of a maximum is that of a linear layer nowhere else
]


def test_every_method_and_every_kind_of_site_is_here() -> None:
    assert {name for name, _, _ in CASES} == {name for name, _ in METHODS}
    assert {where for _, _, where in CASES} == set(SHAPES)


@pytest.mark.parametrize(
    ("name", "changes", "where"), CASES, ids=["-".join([n, *map(str, c.values()), w]) for n, c, w in CASES]
)
def test_the_mean_over_masks_is_what_the_docstring_says(name: str, changes: dict[str, Any], where: str) -> None:
    site, x = site_and_values(name, changes, where)
    drawn = torch.randint(-(2**31), 2**31, (DRAWS, 2)).to(torch.int32)

    def trained(key: Tensor) -> Tensor:
        site.key = key
        return carried(site.train(), x, where)

    with torch.no_grad():
        values = vmap(trained)(drawn).double()
        evaluated = carried(site.eval(), x, where)
        in_training, in_evaluation = expected(name, changes, where, site, x)
    error = (values.mean(0) - in_training).abs()
    assert (error <= 5 * values.std(0) / DRAWS**0.5 + 1e-5).all()
    torch.testing.assert_close(evaluated.double(), in_evaluation.double(), rtol=1e-5, atol=1e-6)


def site_and_values(name: str, changes: dict[str, Any], where: str) -> tuple[Site, Tensor]:
    kind, shape = SHAPES[where]
    method, reader = make(name, changes), Reader(layer_for(where))
    site = Site("x", reader, kind=kind, is_branch=True, keeps=True)
    reader.remember({k: 0.5 * value for k, value in method.remembered(reader).items()})  # trained to twice that since
    reader.learn(method.initial(reader))
    site.dropout, site.rate = method, torch.tensor(P)
    x = torch.randint(7, (1, *shape)) if kind == "tokens" else torch.randn(1, *shape)
    return site, x.abs() if kind in ("cell", "weights") else x


def added(x: Tensor) -> list[Tensor]:
    """What the steps add to the cell."""
    return [x * (1 + 0.1 * step) for step in range(STEPS)]


def carried(site: Site, x: Tensor, where: str) -> Tensor:
    """What a site makes of values, where there are steps over all of them: of a layer, those of a stack of layers."""
    if where == "cell":
        cell = x
        for update, more in zip(site.updates(STEPS, x), added(x), strict=True):
            cell = update(cell, FORGET * cell, more)[0]
        return cell
    if where == "state":
        state = x
        for read, update in zip(site.steps(STEPS, x), site.updates(STEPS, x), strict=True):
            state = update(state, MIX * state, (1 - MIX) * read(state))[0]
        return state
    if where == "layer":
        for update in site.updates(STEPS, x):
            x = update(x, None, made(x))[0]
        return x
    y: Tensor = site(x)
    return y


def made(x: Tensor) -> Tensor:
    """Of a layer."""
    return 0.5 * x + 1


Expected = tuple[Tensor, Tensor]
"""The mean over masks in training, and evaluation."""


def expected(name: str, changes: dict[str, Any], where: str, site: Site, x: Tensor) -> Expected:
    """By the equations of the docstrings, written out."""
    if where == "cell":
        return expected_cell(name, changes, x)
    if where == "state":
        return expected_state(name, changes, site, x)
    if where == "layer":
        train = evaluation = x
        for _ in range(STEPS):
            train, evaluation = KEEP * made(train) + P * train, made(evaluation)  # nothing is rescaled
        return train, evaluation
    reader: Callable[[Tensor], Tensor] = site.reader
    plain = reader(x)
    in_evaluation_alone = {"classic", "max_pooling", "standout", "dropconnect"}
    if name in in_evaluation_alone or changes.get("classic"):
        if where == "pooled" and name == "max_pooling":
            masks = torch.tensor(list(product([0, 1], repeat=4)), dtype=torch.float32)
            chances = KEEP ** masks.sum(1) * P ** (4 - masks.sum(1))
            largest = (x.view(1, 2, 1, 4) * masks).amax(-1)  # (1, channel, mask)
            both = (largest * chances).sum(-1).view(1, 2, 1, 1)
        elif name == "dropconnect":
            both = KEEP * plain  # the bias too
        elif name == "standout":
            odds_of_keeping = KEEP / P * torch.exp(1.0 * x)
            both = reader(x * odds_of_keeping / (1 + odds_of_keeping))
        else:
            both = reader(KEEP * x) if name != "controlled" else reader(x * 4 / 6)  # round(0.7 * 6) units
        return both, both
    if name in ("alpha", "feature_alpha"):
        lowest = -1.0507009873554805 * 1.6732632423543772
        scale = (KEEP * (1 + P * lowest**2)) ** -0.5
        return reader_mean(site, scale * KEEP * x), plain
    if name == "maxdrop_feature":
        largest = x.flatten(2) == x.flatten(2).amax(2, keepdim=True)
        pixels = largest.shape[2]
        share = (1 - P * (largest & (x.flatten(2) > 0)).float()) / (1 - P / pixels)
        return reader_mean(site, x * share.view_as(x)), plain
    if name == "maxdrop_channel":
        dropped = (x == x.amax(1, keepdim=True)) & (x > 0)
        return reader_mean(site, x * (1 - P * dropped.float())), plain
    if name == "dropblock":
        return reader_mean(site, x * torch.from_numpy(mean_of_blocks(x.shape)).float()), plain
    if name == "concrete":
        temperature = 2 / 3 if len(x.shape) > 3 else 0.1
        u = (np.arange(10**5) + 0.5) / 10**5
        kept = 1 / (1 + (P / KEEP * u / (1 - u)) ** (1 / temperature))
        return reader_mean(site, x * float(kept.mean() / KEEP)), plain
    if name == "sparse_vd":
        layer: Any = site.reader.layer
        weight = layer.weight
        noise = P / KEEP * weight.square().mean() / weight.square()  # alpha
        of_mere_noise = weight * (noise >= np.exp(3))
        return plain, plain - (F.linear if weight.dim() == 2 else F.conv2d)(x, of_mere_noise)
    return plain, plain


def reader_mean(site: Site, mean_of_values: Tensor) -> Tensor:
    """The mean of what the reader gives: it is linear."""
    y: Tensor = site.reader(mean_of_values)
    return y


def mean_of_blocks(shape: tuple[int, ...]) -> Any:
    """The mean of DropBlock's multiplier of squares of 2 x 2 on one example: over all corners that may be drawn."""
    _, channels, high, wide = shape
    corners = [(c, i, j) for c in range(channels) for i in range(high - 1) for j in range(wide - 1)]
    chance = P / 4 * high * wide / ((high - 1) * (wide - 1))
    total = np.zeros((channels, high, wide))
    for drawn in product([False, True], repeat=len(corners)):
        kept = np.ones((channels, high, wide))
        for (c, i, j), is_drawn in zip(corners, drawn, strict=True):
            if is_drawn:
                kept[c, i : i + 2, j : j + 2] = 0
        likely = np.prod(np.where(drawn, chance, 1 - chance))
        total += likely * kept * kept.size / max(1.0, kept.sum())
    return total


def expected_cell(name: str, changes: dict[str, Any], x: Tensor) -> Expected:
    cell = x
    for more in added(x):
        if name == "zoneout":
            cell = P * cell + KEEP * (FORGET * cell + more)
        elif name == "classic" or changes.get("classic"):
            cell = FORGET * cell + KEEP * more
        else:
            cell = FORGET * cell + more
    return cell, cell


def expected_state(name: str, changes: dict[str, Any], site: Site, x: Tensor) -> Expected:
    """A unit is multiplied by MIX + (1 - MIX) w, its own recurrent weight w, at every step."""
    layer: Any = site.reader.layer
    w = layer.weight.diagonal()
    plain = MIX + (1 - MIX) * w
    if name == "zoneout":
        both = x * (P + KEEP * plain) ** STEPS
        return both, both
    if name == "classic" or changes.get("classic"):
        both = x * (MIX + (1 - MIX) * KEEP * w) ** STEPS
        return both, both
    if name in ("rnn_variational", "adversarial_recurrent", "weight_drop", "mixout") or "sequence" in changes.values():
        # One mask for all steps.
        begun = 0.5 * w if name == "mixout" else torch.zeros_like(w)
        dropped, kept = (begun + share * (w - begun) for share in (0, 1 / KEEP))
        factors = ((MIX + (1 - MIX) * one) ** STEPS for one in (dropped, kept))
        of_dropped, of_kept = factors
        return x * (P * of_dropped + KEEP * of_kept), x * plain**STEPS
    return x * plain**STEPS, x * plain**STEPS
