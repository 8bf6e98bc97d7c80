"""Dropout in recurrent networks: equality with torch's, and what each method does at which step."""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dropout_lab.dropout.rnn_variational import RNNVariational
from dropout_lab.models.cells import CellName
from dropout_lab.models.fused import all_written_out
from dropout_lab.models.rnn import RNN
from dropout_lab.models.survey import site_infos
from dropout_lab.sites.method import AbstractDropout, objection_to
from dropout_lab.sites.site import Site, install, sites
from tests.dropout.test_every_dropout import make, noise, rate

CELLS: Mapping[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "elman": nn.RNN}
STEPS = 7


def rnn(cell: str = "lstm", **changes: Any) -> Any:
    torch.manual_seed(0)
    return RNN(**{"input_shape": (STEPS, 5), "outputs": 3, "cell": cell, "width": 6, **changes})


def dropping(model: nn.Module, methods: Mapping[str, AbstractDropout], p: float = 0.5) -> Any:
    install(model, methods)
    for number, path in enumerate(sites(model).values()):
        site = model.get_submodule(path)
        assert isinstance(site, Site)
        site.rate, site.key = rate(p), torch.tensor([number, 11], dtype=torch.int32)
    return model


def seen(model: nn.Module, site: str) -> list[Tensor]:
    """What the reader of a site is given in training, step by step."""
    given: list[Tensor] = []
    found = model.get_submodule(sites(model)[site])
    assert isinstance(found, Site)
    found.reader.register_forward_pre_hook(lambda _, values: given.append(values[0]))
    model(torch.randn(64, STEPS, 5, generator=torch.Generator().manual_seed(1)))
    return given


@pytest.fixture(params=["as it is", "written out"])
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    """An LSTM's layer in one call of the library, as where nothing acts between its steps; and all of its steps."""
    with all_written_out() if request.param == "written out" else nullcontext():
        yield


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.usefixtures("way")
def test_without_dropout_it_is_torchs_network(cell: str, depth: int) -> None:
    check_it_is_torchs(rnn(cell, depth=depth), cell, depth)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "name",
    ["rnn_zaremba", "rnn_naive", "rnn_variational", "rnn_semeniuta", "weight_drop", "zoneout", "adversarial_recurrent"],
)
def test_at_rate_0_every_method_is_torchs_network_in_training(name: str, cell: str) -> None:
    model = rnn(cell, depth=2)
    method = make(name, **({"delta": 0.5} if name == "adversarial_recurrent" else {}))
    found = site_infos(model, torch.zeros(1, STEPS, 5))
    acting = {place.site: method for place in found if objection_to(method, place) is None}
    assert acting or (name, cell) == ("rnn_semeniuta", "elman")  # it acts on what a cell keeps something of
    check_it_is_torchs(dropping(model, acting, 0.0).train(), cell, 2)


def check_it_is_torchs(ours: Any, cell: str, depth: int) -> None:
    """Answers and gradients, with the same weights."""
    theirs = CELLS[cell](5, 6, depth, batch_first=True)
    pairs: dict[str, Any] = {}
    for k in range(depth):
        below, between = ours.between[k].reader.layer, ours.layers[k].recurrent.reader.layer
        pairs |= {f"weight_ih_l{k}": below.weight, f"bias_ih_l{k}": below.bias}
        pairs |= {f"weight_hh_l{k}": between.weight, f"bias_hh_l{k}": between.bias}
    for name, weight in pairs.items():
        getattr(theirs, name).data = weight.detach().clone()
    x = torch.randn(4, STEPS, 5)
    mine, yours = ours(x), ours.output.reader.layer(theirs(x)[0][:, -1])
    torch.testing.assert_close(mine, yours)
    mine.square().sum().backward()
    yours.square().sum().backward()
    for name, weight in pairs.items():
        torch.testing.assert_close(weight.grad, getattr(theirs, name).grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.usefixtures("way")
def test_padding_changes_nothing(cell: CellName) -> None:
    torch.manual_seed(0)
    model = RNN(input_shape=(9,), outputs=3, vocabulary=11, depth=2, cell=cell)
    tokens = torch.randint(1, 11, (4, 6))
    padded = torch.cat([tokens, torch.zeros(4, 3, dtype=torch.int64)], 1)
    torch.testing.assert_close(model(tokens), model(padded))


@pytest.mark.parametrize(
    "name", ["standard", "rnn_naive", "rnn_variational", "weight_drop", "zoneout", "rnn_semeniuta"]
)
@pytest.mark.usefixtures("way")
def test_padding_is_never_a_unit_to_drop(name: str) -> None:
    """Of an example of nothing but padding, the state is what it was, whatever is dropped."""
    torch.manual_seed(0)
    model = RNN(input_shape=(6,), outputs=3, vocabulary=11, depth=2, width=24)
    found = site_infos(model, torch.zeros(1, 6, dtype=torch.int64))
    acting = {place.site: make(name) for place in found if objection_to(make(name), place) is None}
    acting = {site: method for site, method in acting.items() if site != "output"} | {
        "embedding": make("embedding_word")
    }
    model = dropping(model, acting, 0.9).train()
    model.state += 0.5
    tokens = torch.randint(1, 11, (4, 6))
    tokens[1] = 0
    torch.testing.assert_close(model(tokens)[1], model.output.reader.layer(torch.full((24,), 0.5)))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.usefixtures("way")
def test_a_text_is_read_on_from_batch_to_batch(cell: CellName) -> None:
    torch.manual_seed(0)
    whole = RNN(input_shape=(12,), outputs=7, vocabulary=7, per_position=True, cell=cell)
    pieces = RNN(input_shape=(4,), outputs=7, vocabulary=7, per_position=True, is_stream=True, cell=cell)
    pieces.load_state_dict(whole.state_dict())
    tokens = torch.randint(2, 7, (5, 12))
    pieces.state = torch.zeros(5, *pieces.state.shape[1:])
    read = torch.cat([pieces(tokens[:, start : start + 4]) for start in (0, 4, 8)], 1)
    torch.testing.assert_close(read, whole(tokens))
    assert not pieces.state.requires_grad


def test_naive_dropout_draws_a_mask_for_every_step_and_variational_one_for_all() -> None:
    for method, masks in (("rnn_naive", STEPS), ("rnn_variational", 1)):
        steps = seen(dropping(rnn(), {"recurrent.0": make(method)}), "recurrent.0")
        assert len(steps) == STEPS
        gone = torch.stack([step == 0 for step in steps[1:]])  # the first state is zero
        assert len(gone.flatten(1).unique(dim=0)) == min(masks, STEPS - 1)
        assert gone.float().mean().item() == pytest.approx(0.5, abs=0.08)
        assert not torch.equal(gone[0, 0], gone[0, 1])  # examples have masks of their own
    (below,) = seen(dropping(rnn(), {"input": make("rnn_variational")}), "input")
    gone = below == 0
    assert torch.equal(gone, gone[:, :1].expand_as(gone))
    assert not torch.equal(gone[0], gone[1])


def test_untied_variational_dropout_has_a_mask_for_each_gate() -> None:
    layer = rnn().between[0]
    x, weight = torch.ones(2, STEPS, 5), layer.reader.layer.weight
    tied, untied = (RNNVariational(tied).train_reader(layer.reader, x, rate(0.5), noise()) for tied in (True, False))
    assert tied.shape == untied.shape == (2, STEPS, 24)
    keep = (noise().uniform((4, 2, 1, 5)) >= 0.5).float() * 2
    for gate in range(4):
        rows = slice(6 * gate, 6 * gate + 6)
        expected = (x * keep[gate]) @ weight[rows].t() + layer.reader.layer.bias[rows]
        torch.testing.assert_close(untied[..., rows], expected)
    same = RNNVariational(tied=False).train_reader(layer.reader, x, rate(0.0), noise())
    torch.testing.assert_close(same, layer.reader(x))


def test_two_passes_with_weight_drop_agree_at_the_first_step_and_differ_from_the_second() -> None:
    passes = []
    for key in (1, 2):
        model = dropping(rnn(per_position=True), {"recurrent.0": make("weight_drop")})
        model.get_submodule(sites(model)["recurrent.0"]).key = torch.tensor([key, 0], dtype=torch.int32)
        passes.append(model(torch.ones(3, STEPS, 5)))
    assert torch.equal(passes[0][:, 0], passes[1][:, 0])
    assert not torch.isclose(passes[0][:, 1], passes[1][:, 1]).all()
    model.eval()
    expected = rnn(per_position=True)(torch.ones(3, STEPS, 5))
    torch.testing.assert_close(model(torch.ones(3, STEPS, 5)), expected)


def test_weight_drop_is_the_layer_with_some_weights_at_zero() -> None:
    site = rnn().layers[0].recurrent
    layer, h = site.reader.layer, torch.randn(3, 6)
    keep = (noise().uniform(layer.weight.shape) >= 0.3).float() / 0.7
    for step in make("weight_drop").train_steps(site.reader, rate(0.3), noise(), 2):
        torch.testing.assert_close(step(h), h @ (layer.weight * keep).t() + layer.bias)


def test_an_adversarial_mask_is_one_for_all_steps_and_so_is_one_that_is_given() -> None:
    method = make("adversarial_recurrent", delta=0.5)
    for site in ("recurrent.0", "cell.0"):
        model = dropping(rnn(), {site: method})
        steps = seen(model, site)
        gone = torch.stack([step == 0 for step in steps[1:]]) if site == "recurrent.0" else None
        if gone is not None:
            assert len(gone.flatten(1).unique(dim=0)) == 1
            assert gone.float().mean().item() == pytest.approx(0.5, abs=0.08)
        mask = torch.randint(2, (64, 6)).float()
        model.get_submodule(sites(model)[site]).mask = mask
        given = seen(model, site)
        assert all((step[mask == 0] == 0).all() for step in given)
        assert (given[-1][mask == 1] != 0).all()
        x = torch.randn(64, STEPS, 5)
        torch.testing.assert_close(model.eval()(x), rnn()(x))


@pytest.mark.parametrize(("delta", "p"), [(0.5, 0.3), (0.1, 0.1), (1.0, 0.5)])
def test_adversarial_recurrent_drops_the_live_units_that_raise_the_distance_most(delta: float, p: float) -> None:
    method = make("adversarial_recurrent", delta=delta, iterations=2)
    mask, gradient = method.mask((30, 40), rate(p), noise()), torch.randn(30, 40)
    alive, most = mask > 0, int(delta * 40) // 2
    first = method.chosen(mask, gradient, rate(p))
    dropped = alive & (first == 0)
    assert not (~alive & (first != 0)).any()  # none comes back
    assert torch.equal(dropped.sum(1), ((gradient < 0) & alive).sum(1).clamp(max=most))
    candidates = torch.where(alive, -gradient, -1.0)
    worst = torch.where(dropped, candidates, torch.inf).amin(1)
    assert (worst > torch.where(dropped, -1.0, candidates).amax(1))[dropped.sum(1) == most].all()
    assert (gradient[dropped] < 0).all()
    second = method.chosen(first, torch.randn(30, 40), rate(p))
    for changed in (first, second):
        torch.testing.assert_close(changed.sum(1), mask.sum(1))
    assert ((second > 0).sum(1) >= alive.sum(1) - int(delta * 40)).all()
    assert torch.equal(method.chosen(mask, gradient, rate(0.0)), mask)


def test_zoneout_at_1_freezes_and_at_0_is_the_plain_cell() -> None:
    x = torch.randn(5, STEPS, 5)
    zone = {"recurrent.0": make("zoneout"), "cell.0": make("zoneout")}
    for mode in (True, False):
        frozen = dropping(rnn(per_position=True), zone, 1.0).train(mode)
        assert torch.equal(frozen(x), frozen(torch.zeros_like(x)))
        torch.testing.assert_close(dropping(rnn(), zone, 0.0).train(mode)(x), rnn()(x))


def test_zoneouts_evaluation_is_what_training_does_on_average() -> None:
    old, kept, added = torch.randn(3, 4), torch.randn(3, 4), torch.randn(3, 4)
    method = make("zoneout")
    drawn = [step(old, kept, added)[0] for step in method.train_updates(rate(0.3), noise(), 4000)]
    values = torch.stack(drawn)
    assert ((values == old) | (values == kept + added)).all()
    expected = method.evaluate_update(old, kept, added, rate(0.3))[0]
    torch.testing.assert_close(values.mean(0), expected, atol=0.1, rtol=0)
    # What an LSTM gives is made of its cell before it is zoned out.
    assert torch.equal(method.train_updates(rate(1.0), noise(), 1)[0](old, kept, added)[1], kept + added)


@pytest.mark.parametrize("classic", [False, True])
def test_semeniuta_drops_what_is_added_and_never_the_memory(classic: bool) -> None:
    old, kept, added = torch.randn(3, 200), torch.randn(3, 200), torch.randn(3, 200)
    method = make("rnn_semeniuta", classic=classic)
    updates = method.train_updates(rate(0.4), noise(), 2)
    masks = [(step(old, kept, added)[0] - kept) / added for step in updates]
    scale = 1.0 if classic else 1 / 0.6
    for mask in masks:
        close = torch.isclose(mask, torch.zeros(()), atol=1e-3) | torch.isclose(mask, torch.tensor(scale), rtol=1e-2)
        assert close.float().mean() > 0.99  # others: added about 0
    assert not torch.allclose(*masks)
    same = make("rnn_semeniuta", mask_per="sequence", classic=classic).train_updates(rate(0.4), noise(), 2)
    assert torch.equal(same[0](old, kept, added)[0], same[1](old, kept, added)[0])
    expected = kept + (0.6 if classic else 1.0) * added
    torch.testing.assert_close(method.evaluate_update(old, kept, added, rate(0.4))[0], expected)
    found = {info.site: objection_to(method, info) for info in site_infos(rnn(), torch.zeros(1, STEPS, 5))}
    assert found["cell.0"] is None
    assert "of an LSTM" in str(found["recurrent.0"])
    gru = {info.site: objection_to(method, info) for info in site_infos(rnn("gru"), torch.zeros(1, STEPS, 5))}
    assert gru["recurrent.0"] is None


@pytest.mark.parametrize("mask_per", ["example", "batch"])
def test_a_word_is_dropped_at_all_its_places(mask_per: str) -> None:
    model: Any = RNN(input_shape=(20,), outputs=3, vocabulary=9)
    reader = model.get_submodule(sites(model)["embedding"]).reader
    tokens = torch.randint(1, 9, (300, 20))
    vectors = make("embedding_word", mask_per=mask_per).train_reader(reader, tokens, rate(0.3), noise())
    gone = (vectors == 0).all(-1)
    torch.testing.assert_close(vectors[~gone], reader(tokens)[~gone] / 0.7)
    for word in range(1, 9):
        share = gone[tokens == word].float().mean()
        if mask_per == "batch":
            assert share in (0, 1)
        else:
            assert share.item() == pytest.approx(0.3, abs=0.1)
    for example in range(300):
        of_words = {(int(token), bool(is_gone)) for token, is_gone in zip(tokens[example], gone[example], strict=True)}
        assert len(of_words) == len({token for token, _ in of_words})


def test_steps_draw_independent_numbers_and_streams_of_theirs() -> None:
    steps = noise().steps(50)
    drawn = torch.stack([step.uniform((400,)) for step in steps])
    assert len(drawn.unique()) > 19_900
    assert drawn.mean().item() == pytest.approx(0.5, abs=0.01)
    others = torch.stack([step.stream(3).uniform((400,)) for step in steps])
    at = torch.stack([step.uniform_at(torch.arange(400)) for step in steps])
    for one, other in ((drawn, others), (drawn, at), (drawn[1:], drawn[:-1])):
        assert abs(torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1].item()) < 0.03
    assert torch.equal(noise().uniform_at(torch.tensor([5, 2])), noise().uniform((9,))[[5, 2]])


def test_adversarial_recurrent_is_refused_where_it_would_drop_no_unit() -> None:
    found = {info.site: info for info in site_infos(rnn(), torch.zeros(1, STEPS, 5))}
    refused = str(objection_to(make("adversarial_recurrent"), found["recurrent.0"]))
    assert "dropout.delta=0.04 of 6 units in 2 rounds is none in a round: take at least dropout.delta=0.34" in refused
    assert objection_to(make("adversarial_recurrent", delta=0.34), found["recurrent.0"]) is None


def test_methods_of_units_are_refused_between_steps() -> None:
    found = {info.site: info for info in site_infos(rnn(), torch.zeros(1, STEPS, 5))}
    for method, site in (
        ("spatial", "input"),
        ("dropblock", "recurrent.0"),
        ("rnn_zaremba", "cell.0"),
        ("zoneout", "input"),
    ):
        assert objection_to(make(method), found[site])
