"""The transformer and the methods that act in it, against torch's own and by their properties."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dropout_lab.core.errors import UserError
from dropout_lab.core.mask_streams import Noise
from dropout_lab.core.tokens import PADDING
from dropout_lab.dropout.attention import Attention as AttentionDropout
from dropout_lab.dropout.drophead import DropHead
from dropout_lab.dropout.layerdrop import LayerDrop
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.attention import Attention
from dropout_lab.models.layers import Order, StepNorm
from dropout_lab.models.patches import Patches
from dropout_lab.models.survey import site_infos
from dropout_lab.models.transformer import Layer, Transformer
from dropout_lab.sites.method import AbstractDropout, objection_to
from dropout_lab.sites.site import Site, install, sites
from tests.made import made

WORDS: Any = {"vocabulary": 20, "outputs": 3, "width": 16, "heads": 4, "ffn": 24}
INNER = ["attention", "heads", "attention_out", "ffn_act", "ffn_out", "layer"]


def noise(number: int = 1) -> Noise:
    return Noise(torch.tensor([number, 7 * number], dtype=torch.int32))


def tokens(batch: int, steps: int) -> Tensor:
    return torch.randint(1, 20, (batch, steps), generator=torch.Generator().manual_seed(batch + steps))


def copy(theirs: nn.MultiheadAttention, ours: Attention) -> None:
    """Random biases, too, which begin at 0."""
    with torch.no_grad():
        for mine, other in (
            (ours.project.weight, theirs.in_proj_weight),
            (ours.project.bias, theirs.in_proj_bias),
            (ours.mix.weight, theirs.out_proj.weight),
            (ours.mix.bias, theirs.out_proj.bias),
        ):
            mine.copy_(other.copy_(torch.randn(other.shape) / 4))


@pytest.mark.parametrize("is_causal", [False, True])
@pytest.mark.parametrize("is_padded", [False, True])
def test_attention_is_torchs_with_its_gradients(is_causal: bool, is_padded: bool) -> None:
    torch.manual_seed(0)
    theirs, ours = nn.MultiheadAttention(16, 4, batch_first=True), Attention(16, 4, 0, is_causal=is_causal)
    copy(theirs, ours)
    x = torch.randn(5, 7, 16, requires_grad=True)
    twin = x.detach().clone().requires_grad_()
    lengths = torch.tensor([7, 4, 1, 6, 2])
    padding = torch.arange(7) >= lengths[:, None] if is_padded else None
    later = torch.ones(7, 7).triu(1).bool() if is_causal else None
    y = ours(x, padding)
    expected, _ = theirs(twin, twin, twin, key_padding_mask=padding, attn_mask=later, need_weights=False)
    torch.testing.assert_close(y, expected)
    y.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(x.grad, twin.grad, rtol=1e-4, atol=1e-5)
    assert theirs.in_proj_weight.grad is not None
    torch.testing.assert_close(ours.project.weight.grad, theirs.in_proj_weight.grad, rtol=1e-4, atol=1e-4)


def test_attention_begins_as_torchs() -> None:
    torch.manual_seed(0)
    theirs, ours = nn.MultiheadAttention(64, 4), Attention(64, 4, 0, is_causal=False)
    assert ours.project.weight.std().item() == pytest.approx(theirs.in_proj_weight.std().item(), rel=0.02)
    assert ours.mix.weight.std().item() == pytest.approx(theirs.out_proj.weight.std().item(), rel=0.05)
    assert not ours.project.bias.any()
    assert not ours.mix.bias.any()


@pytest.mark.parametrize("norm_order", ["before", "after"])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_a_layer_is_torchs_at_rate_0_in_training(norm_order: Order, activation: Any) -> None:
    torch.manual_seed(0)
    theirs = nn.TransformerEncoderLayer(
        16, 4, 24, dropout=0.0, activation=activation, batch_first=True, norm_first=norm_order == "before"
    )
    ours = Layer(16, 4, 24, 0, activation, norm_order, is_causal=False)
    copy(theirs.self_attn, ours.attention)
    contract = ours.ffn[2]
    assert isinstance(contract, Site)
    pairs = [
        (ours.ffn[0], theirs.linear1),
        (contract.reader.layer, theirs.linear2),
        (ours.attention_norm, theirs.norm1),
        (ours.ffn_norm, theirs.norm2),
    ]
    for mine, other in pairs:
        for param in other.parameters():
            nn.init.normal_(param)
        mine.load_state_dict(other.state_dict())
    methods: dict[str, AbstractDropout] = {name: Standard() for name in sites(ours)}
    install(ours, methods | {"attention.0": AttentionDropout(), "heads.0": DropHead(), "layer.0": LayerDrop()})
    x = torch.randn(5, 7, 16)
    padding = torch.arange(7) >= torch.tensor([7, 4, 1, 6, 2])[:, None]
    expected = theirs.train()(x, src_key_padding_mask=padding)
    torch.testing.assert_close(ours.train()(x, padding), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.eval()(x, padding), expected, rtol=1e-4, atol=1e-5)


def test_step_norm_is_torchs_layer_norm_of_the_last_axis() -> None:
    x = torch.randn(4, 5, 6) * 3 + 1
    torch.testing.assert_close(StepNorm(6)(x), nn.LayerNorm(6)(x))


@pytest.mark.parametrize("per_position", [False, True])
@pytest.mark.parametrize("norm_order", ["before", "after"])
def test_padding_changes_nothing_whatever_its_length(per_position: bool, norm_order: str) -> None:
    torch.manual_seed(0)
    kind: Any = {**WORDS, "per_position": per_position, "norm_order": norm_order}
    short, long = Transformer(input_shape=(6,), **kind), Transformer(input_shape=(9,), **kind)
    long.load_state_dict(short.state_dict() | {"position": torch.cat([short.position, torch.randn(3, 16)])})
    x = tokens(4, 6)
    x[1, 4:] = PADDING
    filled = torch.cat([x, torch.full((4, 3), PADDING)], 1)
    expected, found = short(x), long(filled)
    torch.testing.assert_close(found[:, :6] if per_position else found, expected)


def test_an_example_of_padding_alone_is_no_nan_and_has_no_nan_in_its_gradients() -> None:
    torch.manual_seed(0)
    for per_position in (False, True):
        model = Transformer(input_shape=(6,), per_position=per_position, **WORDS)
        x = tokens(3, 6)
        x[1] = PADDING
        y = model(x)
        y.square().sum().backward()
        assert y.isfinite().all()
        assert all(param.grad is not None and param.grad.isfinite().all() for param in model.parameters())


def test_a_decoder_sees_no_later_token_and_an_encoder_does() -> None:
    torch.manual_seed(0)
    decoder, encoder = (
        Transformer(input_shape=(8,), per_position=per_position, **WORDS) for per_position in (True, False)
    )
    x = tokens(2, 8)
    changed = x.clone()
    changed[:, 5] = x[:, 5] % 19 + 1
    before, after = decoder(x), decoder(changed)
    assert torch.equal(before[:, :5], after[:, :5])
    assert not torch.isclose(before[:, 5:], after[:, 5:]).all(-1).any()
    assert not torch.isclose(encoder(x), encoder(changed)).all(-1).any()


def test_images_are_read_patch_by_patch() -> None:
    x = torch.randn(2, 3, 8, 12)
    patches = Patches((3, 8, 12), 4)
    y = patches(x)
    assert y.shape == (2, patches.count, patches.features) == (2, 6, 48)
    for step, (row, column) in enumerate([(0, 0), (0, 4), (0, 8), (4, 0), (4, 4), (4, 8)]):
        assert torch.equal(y[:, step], x[:, :, row : row + 4, column : column + 4].flatten(1))


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (7, 5)])
def test_images_and_vectors_need_no_setting(shape: tuple[int, ...]) -> None:
    model = Transformer(input_shape=shape, outputs=10)
    assert model(torch.randn(2, *shape)).shape == (2, 10)


def test_the_sites_of_a_transformer() -> None:
    model = Transformer(input_shape=(8,), depth=2, **WORDS)
    found = site_infos(model, torch.ones(1, 8, dtype=torch.int64))
    names = ["embedding", "input", *(f"{name}.{layer}" for layer in range(2) for name in INNER), "output"]
    assert [place.site for place in found] == names == list(sites(model))
    kinds = ["weights", "heads", "sequence", "sequence", "sequence", "layer"]
    assert [place.kind for place in found] == ["tokens", "sequence", *kinds, *kinds, "units"]
    shapes = {place.site: place.shape for place in found}
    assert shapes["attention.0"] == (4, 8, 8)
    assert shapes["heads.0"] == (4, 8, 4)
    assert shapes["ffn_act.1"] == (8, 24)
    assert shapes["layer.1"] == (8, 16)
    assert [place.site for place in found if place.is_branch] == [
        f"{name}_out.{layer}" for layer in range(2) for name in ("attention", "ffn")
    ]
    assert {place.site: place.activation for place in found}["ffn_act.0"] == "relu"
    assert {place.site: place.reader for place in found}["ffn_act.0"] is nn.Linear


def test_each_method_acts_at_its_own_places_and_says_so_elsewhere() -> None:
    found = site_infos(Transformer(input_shape=(1, 8, 8), outputs=10, depth=1), torch.zeros(1, 1, 8, 8))
    methods: dict[str, AbstractDropout] = {"attention": AttentionDropout(), "heads": DropHead(), "layer": LayerDrop()}
    for name, method in methods.items():
        assert [place.site for place in found if objection_to(method, place) is None] == [f"{name}.0"]
    (at_input,) = [place for place in found if place.site == "input"]
    assert (
        objection_to(DropHead(), at_input) == "here are the units of a layer at every step; it acts on attention heads"
    )


def test_what_cannot_be_built_is_refused_by_key() -> None:
    for changes, said in (
        ({"patch": 3}, "model.patch=3: .* 8 x 8; allowed: 1, 2, 4, 8"),
        ({"heads": 5}, "model.heads=5: must divide model.width=64"),
        ({"norm_order": "pre"}, "model.norm_order=pre: must be one of before, after"),
        ({"ffn": 0}, "model.ffn"),
    ):
        with pytest.raises(UserError, match=said):
            made("model", Transformer, input_shape=(1, 8, 8), outputs=10, **changes)
    with pytest.raises(UserError, match="one vector of 13 numbers"):
        Transformer(input_shape=(13,), outputs=3)


def test_attention_dropout_keeps_the_mean_of_every_weight_and_not_the_sum_of_a_row() -> None:
    weights = torch.randn(5000, 2, 6, 6, generator=torch.Generator().manual_seed(0)).softmax(-1)
    y = AttentionDropout().train(weights, torch.tensor(0.3), noise())
    assert ((y == 0) | torch.isclose(y, weights / 0.7)).all()
    assert (y == 0).float().mean().item() == pytest.approx(0.3, abs=0.005)
    assert y.sum(-1).mean().item() == pytest.approx(1, abs=0.005)
    assert y.sum(-1).std().item() > 0.1
    # Equal weights of other heads, queries and examples are dropped independently of each other.
    dropped = (y == 0).float()
    for axis in (0, 1, 2, 3):
        pair = torch.stack([dropped.select(axis, 0).flatten(), dropped.select(axis, 1).flatten()])
        assert abs(torch.corrcoef(pair)[0, 1].item()) < 4 / pair.shape[1] ** 0.5


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9, 0.999])
def test_drophead_keeps_a_head_at_least_and_every_heads_mean(rate: float) -> None:
    size, heads = 200_000, 4
    multiplier = DropHead().train(torch.ones(size, heads, 1, 1), torch.tensor(rate), noise()).flatten(1)
    kept = (multiplier > 0).sum(1)
    assert kept.min() >= 1
    # What is kept grows by heads / kept, and so all multipliers of an example sum to the number of heads.
    torch.testing.assert_close(multiplier.sum(1), torch.full((size,), float(heads)))
    torch.testing.assert_close(multiplier.amax(1), heads / kept)
    # Each head has the mean 1, so none is preferred, and is dropped as often as the definition says.
    error = multiplier.std(0) / size**0.5
    assert ((multiplier.mean(0) - 1).abs() < 4 * error).all()
    expected = rate - rate**heads / heads
    error_of_rate = (expected * (1 - expected) / size) ** 0.5
    assert (((multiplier == 0).float().mean(0) - expected).abs() < 4 * error_of_rate).all()


def test_drophead_drops_whole_heads_of_single_examples() -> None:
    y = DropHead().train(torch.ones(64, 4, 3, 5), torch.tensor(0.5), noise())
    assert torch.equal(y, y[:, :, :1, :1].expand_as(y))
    assert len(y[:, :, 0, 0].unique(dim=0)) > 8


def test_layerdrop_skips_a_layer_for_the_batch_or_leaves_it_as_it_is() -> None:
    torch.manual_seed(0)
    model = Transformer(input_shape=(1, 8, 8), outputs=10, depth=1).train()
    site = model.layers[0].layer
    assert isinstance(site, Site)
    install(model, {"layer.0": LayerDrop()})
    x = torch.randn(6, 4, 64)
    whole = model.layers[0](x, None)
    site.rate = torch.tensor(0.3)
    skipped = 0
    for number in range(2000):
        site.key = torch.tensor([number, 5], dtype=torch.int32)
        y = site.update(x, whole)
        assert torch.equal(y, x) or torch.equal(y, whole)
        skipped += torch.equal(y, x)
    assert skipped / 2000 == pytest.approx(0.3, abs=4 * (0.21 / 2000) ** 0.5)
    assert torch.equal(model.eval().layers[0](x, None), whole)


def test_what_is_skipped_has_no_gradient() -> None:
    model = Transformer(input_shape=(1, 8, 8), outputs=10, depth=1).train()
    install(model, {"layer.0": LayerDrop()})
    site = model.layers[0].layer
    assert isinstance(site, Site)
    site.rate = torch.tensor(0.9999)
    model(torch.randn(2, 1, 8, 8)).sum().backward()
    assert all(param.grad is not None and not param.grad.any() for param in model.layers.parameters())
    assert model.position.grad is not None
    assert model.position.grad.any()
