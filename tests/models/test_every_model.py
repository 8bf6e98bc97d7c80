"""Every model of conf/model/: what it is made of, what it refuses."""

from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor, nn

from dropout_lab.config.instantiate import instantiate
from dropout_lab.core.errors import UserError
from dropout_lab.models.activations import ACTIVATIONS, Activation, ActivationName, initialized
from dropout_lab.models.cnn import CNN
from dropout_lab.models.convolution import Conv2d
from dropout_lab.models.layers import NORMS, BatchNorm, LayerNorm, Norm, Order
from dropout_lab.models.mlp import MLP
from dropout_lab.models.resnet import Block, ResNet
from dropout_lab.models.survey import site_infos
from dropout_lab.sites.site import Site, sites

CONF = Path(__file__).resolve().parents[2] / "conf"
MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml") if path.stem not in ("own", "huggingface"))
"""The models of this package; tests/adoption/ is about others."""
SETTINGS = {name: OmegaConf.load(CONF / "model" / f"{name}.yaml").keys() for name in MODELS}
SHAPE: Any = {"input_shape": (1, 8, 8), "outputs": 10}


def make(name: str, **changes: Any) -> nn.Module:
    section: Any = OmegaConf.to_container(OmegaConf.load(CONF / "model" / f"{name}.yaml"))
    model: nn.Module = instantiate("model", {**section, **changes}, **SHAPE)
    return model


@pytest.mark.parametrize("name", MODELS)
def test_it_maps_a_batch_to_outputs(name: str) -> None:
    assert make(name)(torch.randn(5, 1, 8, 8)).shape == (5, 10)


@pytest.mark.parametrize(
    ("name", "activation"), [(name, one) for name in MODELS if "activation" in SETTINGS[name] for one in ACTIVATIONS]
)
def test_it_has_the_activation_that_is_asked_for(name: str, activation: str) -> None:
    model = make(name, activation=activation)
    assert {module.name for module in model.modules() if isinstance(module, Activation)} == {activation}
    assert model(torch.randn(5, 1, 8, 8)).shape == (5, 10)


@pytest.mark.parametrize("name", [name for name in MODELS if "norm" in SETTINGS[name]])
@pytest.mark.parametrize("norm", [None, "batch", "layer"])
def test_it_has_the_norm_that_is_asked_for(name: str, norm: Norm | None) -> None:
    model = make(name, norm=norm)
    assert {type(module) for module in model.modules()} & {BatchNorm, LayerNorm} == ({NORMS[norm]} if norm else set())
    assert model(torch.randn(5, 1, 8, 8)).shape == (5, 10)


@pytest.mark.parametrize("name", MODELS)
def test_its_first_site_is_the_input_and_the_last_stands_before_the_head(name: str) -> None:
    model = make(name)
    names, paths = zip(*sites(model).items(), strict=True)
    assert names[0] == "input"
    last = model.get_submodule(paths[-1])
    assert isinstance(last, Site)
    assert isinstance(last.reader.layer, nn.Linear)
    assert last.reader.layer.out_features == 10


def test_the_sites_of_an_mlp() -> None:
    assert list(sites(MLP(**SHAPE, hidden=[8, 8, 8]))) == ["input", "hidden.0", "hidden.1", "hidden.2"]


def test_the_sites_of_a_cnn() -> None:
    assert list(sites(CNN(**SHAPE))) == ["input", "conv.0", "pool.0", "conv.1", "pool.1", "hidden.0"]
    assert list(sites(CNN(**SHAPE, hidden=[]))) == ["input", "conv.0", "pool.0", "conv.1", "pool.1", "head"]
    twice = list(sites(CNN(**SHAPE, convolutions=2, channels=[4])))
    assert twice == ["input", "conv.0", "conv.1", "pool.0", "hidden.0"]


def test_the_sites_of_a_resnet() -> None:
    names = ["input", "conv.0", "residual.0", "conv.1", "residual.1", "head"]
    assert list(sites(ResNet(**SHAPE))) == names
    branches = [info.site for info in site_infos(ResNet(**SHAPE), torch.zeros(1, 1, 8, 8)) if info.is_branch]
    assert branches == ["residual.0", "residual.1"]


def in_order(block: nn.Module) -> list[str]:
    return [part.name if isinstance(part, Site) else type(part).__name__ for part in block.children()]


@pytest.mark.parametrize(
    ("norm_order", "end", "is_branch"),
    [("before", ["BatchNorm", "residual.1"], True), ("after", ["residual.1", "BatchNorm"], False)],
)
def test_the_order_of_norm_and_site_at_the_end_of_a_branch(norm_order: Order, end: list[str], is_branch: bool) -> None:
    model = ResNet(**SHAPE, norm_order=norm_order)
    last = [module for module in model.modules() if isinstance(module, Block)][-1]
    assert in_order(last.branch)[-2:] == end
    assert in_order(last.shortcut) == ["Conv2d", "BatchNorm"]
    found = {info.site: info for info in site_infos(model, torch.zeros(1, 1, 8, 8))}
    assert found["residual.1"].is_branch == is_branch


def test_what_gave_the_values_at_a_site() -> None:
    found = {info.site: info for info in site_infos(ResNet(**SHAPE), torch.zeros(1, 1, 8, 8))}
    assert {site: (place.activation, place.source) for site, place in found.items()} == {
        "input": (None, None),
        "conv.0": ("relu", Activation),
        "residual.0": (None, BatchNorm),
        "conv.1": ("relu", Activation),
        "residual.1": (None, BatchNorm),
        "head": (None, nn.AvgPool2d),
    }
    assert [site for site, place in found.items() if place.is_input] == ["input"]
    flat = site_infos(MLP(**SHAPE, site_order="before"), torch.zeros(1, 1, 8, 8))
    assert [(place.is_input, place.activation) for place in flat] == [(True, None), (False, None), (False, None)]


def test_selus_layers_begin_as_lecun_has_them_and_so_keep_mean_0_and_variance_1() -> None:
    torch.manual_seed(0)
    model = MLP(input_shape=(400,), outputs=10, width=400, depth=8, activation="selu")
    moments: dict[str, Tensor] = {}
    for module in model.modules():
        if isinstance(module, nn.Linear):
            assert module.weight.var().item() == pytest.approx(1 / module.in_features, rel=0.06)
            assert not module.bias.any()
        if isinstance(module, Site):
            module.register_forward_pre_hook(lambda site, arguments: moments.update({site.name: arguments[0]}))
    conv = initialized(nn.Conv2d(16, 64, 5), "selu")
    assert conv.weight.var().item() == pytest.approx(1 / (16 * 25), rel=0.06)
    model(torch.randn(1000, 400))
    assert len(moments) == 9
    for values in moments.values():
        assert values.mean().item() == pytest.approx(0, abs=0.08)
        assert values.var().item() == pytest.approx(1, abs=0.15)


def parts(**orders: Any) -> list[str]:
    """The modules of an MLP with one hidden layer, in the order in which an example meets them."""
    model, met = MLP(**SHAPE, hidden=[8], norm="batch", **orders), []
    for module in model.modules():
        name = module.name if isinstance(module, Site) else type(module).__name__
        if isinstance(module, Site | Activation | BatchNorm | nn.Linear):
            module.register_forward_pre_hook(lambda module, arguments, name=name: met.append(name))
    model(torch.randn(2, 1, 8, 8))
    return met


@pytest.mark.parametrize(
    ("site_order", "norm_order", "between"),
    [
        ("after", "before", ["BatchNorm", "Activation", "hidden.0"]),
        ("after", "after", ["Activation", "hidden.0", "BatchNorm"]),
        ("before", "before", ["BatchNorm", "hidden.0", "Activation"]),
        ("before", "after", ["hidden.0", "BatchNorm", "Activation"]),
    ],
)
def test_the_orders_of_site_activation_and_norm(site_order: str, norm_order: str, between: list[str]) -> None:
    met = parts(site_order=site_order, norm_order=norm_order)
    assert met == ["input", "Linear", *between, "Linear"]


def test_what_reads_from_a_site() -> None:
    found = {info.site: info for info in site_infos(CNN(**SHAPE), torch.zeros(1, 1, 8, 8))}
    assert [place.reader for place in found.values()] == [
        Conv2d,
        nn.MaxPool2d,
        Conv2d,
        nn.MaxPool2d,
        None,
        nn.Linear,
    ]
    assert [place.next_activation for place in found.values()] == ["relu", None, "relu", None, None, None]
    assert found["conv.1"].shape == (32, 4, 4)
    assert found["hidden.0"].shape == (64,)


def test_depth_and_width_are_short_for_hidden() -> None:
    def shapes(model: nn.Module) -> list[torch.Size]:
        return [param.shape for param in model.parameters()]

    assert shapes(MLP(**SHAPE, width=6, depth=3)) == shapes(MLP(**SHAPE, width=1, depth=1, hidden=[6, 6, 6]))


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("mlp", {"hidden": []}, "model.hidden"),
        ("mlp", {"hidden": [8, 0]}, "model.hidden"),
        ("mlp", {"width": 0}, "model.width"),
        ("mlp", {"depth": -1}, "model.depth=-1: must be a whole number of at least 1"),
        ("mlp", {"activation": "rleu"}, "relu"),
        ("cnn", {"channels": []}, "model.channels"),
        ("cnn", {"channels": [4, 4, 4, 4]}, "at most 3 layers"),
        ("cnn", {"kernel_size": 2}, "model.kernel_size=2"),
        (
            "mlp",
            {"hidden": 8},
            "model.hidden=8: must be a list of at least one item, each a whole number of at least 1, or null",
        ),
        ("mlp", {"hidden": [8.5]}, r"model.hidden=\[8.5\]: must be a list of at least one item, each a whole number"),
        ("mlp", {"norm": "bath"}, "model.norm=bath: must be one of batch, layer, or null"),
        ("mlp", {"norm_order": "behind"}, "model.norm_order=behind: must be one of before, after"),
        ("cnn", {"site_order": True}, "model.site_order=true: must be one of before, after"),
        ("resnet", {"blocks": 0}, "model.blocks"),
        (
            "mlp",
            {"activation": ["relu"]},
            r"model.activation=\[relu\]: must be one of relu, .* dropout-lab sweep model.activation=relu$",
        ),
        ("cnn", {"hidden": None}, "model.hidden=null: must be a list, each item a whole number of at least 1$"),
        ("cnn", {"kernel_size": True}, "model.kernel_size=true: must be a whole number"),
    ],
)
def test_what_cannot_be_built_is_refused_by_key(name: str, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        make(name, **changes)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_torchs(name: ActivationName) -> None:
    x = torch.linspace(-30, 30, 1001, requires_grad=True)
    twin = x.detach().clone().requires_grad_()
    theirs = getattr(torch.nn.functional, name)(twin)
    ours = ACTIVATIONS[name](x)
    torch.testing.assert_close(ours, theirs)
    ours.sum().backward()
    theirs.sum().backward()
    torch.testing.assert_close(x.grad, twin.grad)


@pytest.mark.parametrize(("shape", "theirs"), [((16, 6), nn.BatchNorm1d), ((8, 6, 4, 4), nn.BatchNorm2d)])
def test_batch_norm_is_torchs(shape: tuple[int, ...], theirs: type[nn.Module]) -> None:
    torch.manual_seed(0)
    ours, twin = BatchNorm(6), theirs(6)
    for _ in range(3):
        x = torch.randn(shape) * 3 + 1
        torch.testing.assert_close(ours(x), twin(x))
    torch.testing.assert_close(ours.mean, twin.running_mean)
    torch.testing.assert_close(ours.var, twin.running_var)
    x = torch.randn(shape)
    torch.testing.assert_close(ours.eval()(x), twin.eval()(x))


@pytest.mark.parametrize("shape", [(16, 6), (8, 6, 4, 4)])
def test_layer_norm_is_torchs_layer_norm_or_its_group_norm_of_one_group(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape) * 3 + 1
    torch.testing.assert_close(LayerNorm(6)(x), nn.GroupNorm(1, 6)(x))
    if len(shape) == 2:
        torch.testing.assert_close(LayerNorm(6)(x), nn.LayerNorm(6)(x))


def test_two_sites_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two sites are named 'a'"):
        sites(nn.Sequential(Site("a"), nn.Linear(2, 2), Site("a")))
