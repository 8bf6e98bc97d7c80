"""The contract of every method of conf/dropout/: a new file is tested as soon as it is there."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor, nn
from torch.func import vmap

from dropout_lab.config.instantiate import instantiate
from dropout_lab.core.mask_streams import Noise
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.activations import Activation
from dropout_lab.sites.info import Kind, SiteInfo
from dropout_lab.sites.method import AbstractDropout, AbstractUpdateDropout, objection_to
from dropout_lab.sites.reader import Reader
from dropout_lab.sites.site import Site

CONF = Path(__file__).resolve().parents[2] / "conf" / "dropout"
BETWEEN_STEPS = {"zoneout", "rnn_semeniuta", "weight_drop", "embedding_word", "adversarial_recurrent"}
"""Methods of tokens, and of what goes on from step to step; see test_recurrent_dropout.py."""
EVERY = sorted(path.stem for path in CONF.glob("*.yaml"))
METHODS = sorted(set(EVERY) - BETWEEN_STEPS)
RATES = [0.1, 0.5, 0.9]

SHAPES = {
    "vector": (64, 50),
    "signal": (64, 6, 7),
    "image": (64, 6, 9, 8),
    "steps": (64, 7, 50),
    "weights": (64, 4, 6, 6),
    "heads": (64, 4, 6, 7),
    "layer": (64, 6, 5),
}
"""(batch, ...) of what may stand at a site."""
KINDS: dict[str, Kind] = {"steps": "sequence", "weights": "weights", "heads": "heads", "layer": "layer"}
"""Of these shapes; the others are those of units."""

UNITS, ANYTHING = ("vector", "signal", "image"), ("vector", "signal", "image", "steps", "weights", "heads")
ACTS_ON: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("standard", "own", "classic", "gaussian", "uout", "stochastic_rate"), ANYTHING),
    **dict.fromkeys(("adversarial", "alpha", "concrete", "stochastic_depth"), (*UNITS, "steps")),
    "standout": UNITS,
    **dict.fromkeys(("spatial", "feature_alpha", "maxdrop_channel", "maxdrop_feature"), ("signal", "image")),
    **dict.fromkeys(("dropblock", "pattern", "max_pooling"), ("image",)),
    **dict.fromkeys(("rnn_naive", "rnn_variational", "rnn_zaremba"), ("steps",)),
    **dict.fromkeys(("controlled", "dropconnect", "mixout", "sparse_vd", "variational_gaussian"), ("vector",)),
    "attention": ("weights",),
    "drophead": ("heads",),
    "layerdrop": ("layer",),
}
"""What each method is defined for, by its paper; the readers below are layers of vectors."""

READERS: dict[str, Callable[[], nn.Module]] = {
    "dropconnect": lambda: nn.Linear(50, 20),
    "max_pooling": lambda: nn.MaxPool2d(2),
    "controlled": lambda: nn.Linear(50, 20),
    "variational_gaussian": lambda: nn.Linear(50, 20),
    "sparse_vd": lambda: nn.Linear(50, 20),
    "mixout": lambda: nn.Linear(50, 20),
}
"""What methods that act inside of it must be read by; the others are tested without a reader."""

UPDATES = {"layerdrop"}
"""Methods that choose between the old and the new, rather than change values."""
SHIFTS_THE_MEAN = {
    *("classic", "alpha", "feature_alpha", "maxdrop_feature", "maxdrop_channel", "standout", "concrete"),
    *READERS,
    *UPDATES,
}
"""Methods whose multiplier's mean is not 1 by their definition: see their own tests."""
DRAW_ONE_NUMBER = {"layerdrop"}
"""Methods that draw once for all examples: two keys may give the same."""
IS_STANDARDS_VARIANCE = {"standard", "own", "gaussian", "uout", "spatial"}
"""Methods whose multiplier has the variance r / (1 - r)."""
MULTIPLIES_BY_0 = set(METHODS) - {"alpha", "feature_alpha", "gaussian", "uout", "concrete", *READERS, *UPDATES}
"""The other methods set to another value, scale, or act on something else than the site's values."""


@cache
def section(name: str) -> Any:
    return OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))


def make(name: str, **changes: Any) -> Any:
    method: AbstractDropout = instantiate("dropout", {**section(name), **changes})
    return method


def noise(a: int = 1, b: int = 2) -> Noise:
    return Noise(torch.tensor([a, b], dtype=torch.int32))


def noises(count: int) -> list[Noise]:
    """Streams of different random keys, as the keys of steps are."""
    drawn = torch.randint(-(2**31), 2**31, (count, 2), generator=torch.Generator().manual_seed(5))
    return [Noise(key) for key in drawn.to(torch.int32)]


def rate(value: float) -> Tensor:
    return torch.tensor(value)


def reader(name: str) -> Reader:
    torch.manual_seed(1)
    made = (
        Reader(READERS[name](), Activation("relu") if name == "dropconnect" else None) if name in READERS else Reader()
    )
    made.learn(make(name).initial(made))
    made.remember(make(name).remembered(made))
    with torch.no_grad():
        for param in made.layer.parameters():
            param.add_(0.1 * torch.randn(param.shape))  # it has been trained since
    return made


def place(name: str, kind: str) -> SiteInfo:
    """A residual branch behind SELU, read by what the method wants, where every method can act."""
    fits = {"max_pooling": "image"}.get(name, "vector" if name in READERS else kind) == kind
    layer = type(reader(name).layer) if name in READERS and fits else None
    read_by = "relu" if name == "standout" else None
    of = KINDS.get(kind, "units")
    return SiteInfo("x", SHAPES[kind][1:], "selu", reader=layer, read_by=read_by, is_branch=True, kind=of)


class Applied:
    """A method with its reader."""

    def __init__(self, name: str, **changes: Any) -> None:
        self._method, self._reader = make(name, **changes), reader(name)

    def bare(self, x: Tensor) -> Tensor:
        y: Tensor = self._reader(x)
        return y

    def train(self, x: Tensor, p: Tensor, stream: Noise) -> Tensor:
        if isinstance(self._method, AbstractUpdateDropout):
            return self._method.train_updates(p, stream, 1)[0](-x, None, x)[0]
        y: Tensor = self._method.train_reader(self._reader, x, p, stream)
        return y

    def evaluate(self, x: Tensor, p: Tensor) -> Tensor:
        if isinstance(self._method, AbstractUpdateDropout):
            return self._method.evaluate_update(-x, None, x, p)[0]
        y: Tensor = self._method.evaluate_reader(self._reader, x, p)
        return y


# A method without an entry is one that was added since: what it is defined for is to be written down above.
CASES = [
    (name, kind) for name in METHODS for kind in ACTS_ON.get(name, ()) if not make(name).requirements.constant_rate
]


@pytest.mark.parametrize("name", METHODS)
def test_it_acts_on_what_it_is_defined_for_and_says_where_it_cannot(name: str) -> None:
    objections = {kind: objection_to(make(name), place(name, kind)) for kind in SHAPES}
    assert tuple(kind for kind, objection in objections.items() if objection is None) == ACTS_ON[name]
    assert all(objection is None or len(objection) > 20 for objection in objections.values())


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_rate_0_is_the_identity_to_the_bit(name: str, kind: str) -> None:
    x, method = torch.randn(SHAPES[kind]), Applied(name)
    same: Any = torch.testing.assert_close if name == "dropconnect" else torch.equal  # its product is another one
    assert same(method.train(x, rate(0.0), noise()), method.bare(x)) in (True, None)
    assert same(method.evaluate(x, rate(0.0)), method.bare(x)) in (True, None)


@pytest.mark.parametrize("name", sorted(IS_STANDARDS_VARIANCE))
@pytest.mark.parametrize("p", RATES)
def test_the_multipliers_variance_is_that_of_standard_dropout(name: str, p: float) -> None:
    multiplier = make(name).train(torch.ones(1000, 1000, 1), rate(p), noise())
    assert multiplier.mean().item() == pytest.approx(1, abs=4 * (p / (1 - p)) ** 0.5 / 1000)
    assert multiplier.var().item() == pytest.approx(p / (1 - p), rel=0.015)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_equal_keys_are_equal_masks_and_others_others(name: str, kind: str) -> None:
    x, method = torch.randn(SHAPES[kind]), Applied(name)
    first = method.train(x, rate(0.5), noise())
    assert torch.equal(first, method.train(x, rate(0.5), noise()))
    keys = 30 if name in DRAW_ONE_NUMBER else 1
    assert not all(torch.equal(first, method.train(x, rate(0.5), noise(1, 3 + key))) for key in range(keys))
    assert not all(torch.equal(first, method.train(x, rate(0.5), noise(2 + key, 2))) for key in range(keys))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_lanes_of_different_rates_are_what_they_are_alone(name: str, kind: str) -> None:
    method, x = Applied(name), torch.randn(3, *SHAPES[kind])
    rates, keys = torch.tensor([0.0, 0.3, 0.8]), torch.tensor([[1, 2], [3, 4], [5, 6]], dtype=torch.int32)
    together = vmap(lambda x, p, key: method.train(x, p, Noise(key)))(x, rates, keys)
    for lane in range(3):
        alone = method.train(x[lane], rates[lane], Noise(keys[lane]))
        # Products of a stack of lanes are summed in another order than those of one.
        torch.testing.assert_close(together[lane], alone, rtol=1e-5 if name == "dropconnect" else 0, atol=1e-6)


@pytest.mark.parametrize(("name", "kind"), CASES)
@pytest.mark.parametrize("p", [0.0, *RATES])
def test_evaluation_is_deterministic_and_finite_as_training_is(name: str, kind: str, p: float) -> None:
    x, method = torch.randn(SHAPES[kind]), Applied(name)
    assert torch.equal(method.evaluate(x, rate(p)), method.evaluate(x, rate(p)))
    assert method.evaluate(x, rate(p)).isfinite().all()
    assert method.train(x, rate(p), noise()).isfinite().all()


@pytest.mark.parametrize("p", RATES)
def test_standard_multiplies_by_0_or_by_one_over_keep(p: float) -> None:
    multiplier = Standard().train(torch.ones(1000, 1000), rate(p), noise())
    assert multiplier.unique().tolist() == [0.0, pytest.approx(1 / (1 - p))]
    assert (multiplier == 0).float().mean().item() == pytest.approx(p, abs=0.002)


def test_standard_is_torchs_dropout_given_the_same_mask() -> None:
    x = torch.randn(50, 40, requires_grad=True)
    y = Standard().train(x, rate(0.3), noise())
    torch.testing.assert_close(y, torch.where(y != 0, x / 0.7, torch.zeros(())))
    y.sum().backward()
    assert x.grad is not None
    # The gradient into a dropped unit is exactly 0.
    assert torch.equal(x.grad == 0, y == 0)


def test_a_site_without_a_method_is_the_identity_and_one_with_it_drops_in_training_alone() -> None:
    site, x = Site("input"), torch.randn(20, 20)
    assert torch.equal(site(x), x)
    site.dropout, site.rate = Standard(), rate(0.5)
    assert (site(x) == 0).any()
    assert torch.equal(site.eval()(x), x)
