"""Every seed begins with the weights of a file, or with what the constructor loads; what does not fit is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from dropout_lab.build.builder import Builder
from dropout_lab.build.network import network
from dropout_lab.build.scope import scope
from dropout_lab.cohort.seeds import Seeds
from dropout_lab.cohort.step import Program
from dropout_lab.config.pretrained import check_reinit, with_weights
from dropout_lab.core.errors import UserError
from dropout_lab.core.tensor_files import read
from dropout_lab.core.trial import WEIGHTS, Config

DATASET: Any = {"_target_": "dropout_lab.datasets.digits.digits", "limit": 60}
HERE = "tests.build.test_pretrained_weights"


class Net(nn.Module):
    """Batch norm, whose statistics are buffers, and a head."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.3))
        self.head = nn.Linear(6, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.body(x))
        return y


class LoadsItself(Net):
    """Its body is pretrained; its head is not."""

    def __init__(self, path: str) -> None:
        super().__init__()
        held = torch.load(path, weights_only=True)
        self.body.load_state_dict({name[5:]: value for name, value in held.items() if name.startswith("body.")})


class Tied(nn.Module):
    """One matrix under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(64, 64, bias=False), nn.Linear(64, 64, bias=False)
        self.two.weight = self.one.weight
        self.head = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.two(torch.relu(self.one(x.flatten(1)))))
        return y


class Untied(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.two = nn.Linear(64, 64, bias=False)


def trained(make: Callable[[], nn.Module] = Net) -> dict[str, Tensor]:
    """A state whose every number differs from any that a constructor gives."""
    torch.manual_seed(99)
    return {name: value + 3 if value.is_floating_point() else value + 7 for name, value in make().state_dict().items()}


def saved(path: Path, held: Any) -> str:
    safetensors.torch.save_file(held, path) if path.suffix == ".safetensors" else torch.save(held, path)
    return str(path)


def section(path: str, reinit: tuple[str, ...] = (), target: str = "Net", **arguments: Any) -> Config:
    return with_weights({"_target_": f"{HERE}.{target}", "weights": path, **arguments}, reinit)


def begun(model: Config, seed: int) -> dict[str, Tensor]:
    """A run's initial network, by the author's names."""
    builder = Builder()
    spec = {
        **{"model": model, "dataset": DATASET, "dropout": {}, "batch_size": 20, "pretraining": None, "options": []},
        **{"precision": "float32", "gap_examples": None, "mc_samples": None},
        **{"optimizer": {"_target_": "dropout_lab.cohort.optim.Adam"}},
        "loss": {"_target_": "dropout_lab.cohort.loss.Plain"},
    }
    structure = builder.structure(spec)
    program = Program(structure)
    found = Seeds(structure, program).network(seed)
    held = {**program.layout.unflatten(found.params), **found.buffers}
    assert structure.author_names is not None
    return {name: held[now] for name, now in structure.author_names().items()}


@pytest.mark.parametrize("suffix", ["pt", "pth", "safetensors"])
def test_every_seed_begins_with_the_file(suffix: str, tmp_path: Path) -> None:
    held = trained()
    model = section(saved(tmp_path / f"net.{suffix}", held))
    for seed in range(2):
        found = begun(model, seed)
        assert found.keys() == held.keys()
        assert all(torch.equal(found[name], held[name]) for name in held)


def test_what_is_named_begins_anew_with_each_seed(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.pt", trained(lambda: Net(4)))
    model = section(path, ("head.*",))
    one, other = begun(model, 0), begun(model, 1)
    assert [name for name in one if not torch.equal(one[name], other[name])] == ["head.weight", "head.bias"]
    plain = begun({"_target_": f"{HERE}.Net"}, 0)
    assert torch.equal(one["head.weight"], plain["head.weight"]), "as the constructor draws it"


def test_what_the_constructor_loads_is_kept_and_the_rest_is_drawn(tmp_path: Path) -> None:
    held = trained()
    model = {"_target_": f"{HERE}.LoadsItself", "path": saved(tmp_path / "net.pt", held)}
    one, other = begun(model, 0), begun(model, 1)
    for found in (one, other):
        assert all(torch.equal(found[name], held[name]) for name in held if name.startswith("body."))
    assert not torch.equal(one["head.weight"], other["head.weight"])


def test_the_scope_counts_what_a_seed_draws(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.pt", trained())
    models = section(path), section(path, ("head.*",)), {"_target_": f"{HERE}.LoadsItself", "path": path}
    found = [scope(Builder(), {"model": model, "dataset": DATASET}) for model in models]
    assert [(one["drawn"], one["weights"]) for one in found] == [(0, path), (70, path), (70, None)]


def test_a_tied_tensor_needs_one_of_its_names(tmp_path: Path) -> None:
    held = trained(Tied)
    del held["two.weight"]
    found = begun(section(saved(tmp_path / "net.safetensors", held), target="Tied"), 0)
    assert torch.equal(found["two.weight"], held["one.weight"])


REFUSED: dict[str, tuple[Callable[[], Any], tuple[str, ...], str, tuple[str, ...]]] = {
    "other shapes": (
        *(lambda: trained(lambda: Net(4)), (), "Net"),
        ("head.weight: (4, 6) in the file, (10, 6)", "[head.*]"),
    ),
    "missing": (
        *(lambda: {name: value for name, value in trained().items() if name != "body.2.running_mean"}, (), "Net"),
        ("not in the file: body.2.running_mean", "[body.2.*]"),
    ),
    "unexpected": (lambda: {**trained(), "aux.weight": torch.ones(2)}, (), "Net", ("not in the network: aux.weight",)),
    "another kind of number": (
        *(lambda: {**trained(), "head.bias": torch.ones(10, dtype=torch.int64)}, (), "Net"),
        ("head.bias: (10) int64 in the file, (10) in the network",),
    ),
    "a wrapper": (
        *(lambda: {f"module.{name}": value for name, value in trained().items()}, (), "Net"),
        ("No name agrees", "module."),
    ),
    "an idle pattern": (trained, ("fc.*",), "Net", ("weights.reinit=fc.*: names nothing", "body.1, body.2, head")),
    "two tensors of one": (lambda: trained(Untied), (), "Tied", ("one tensor for one.weight and two.weight",)),
    "half a tie": (lambda: trained(Tied), ("two.*",), "Tied", ("two.weight is the same tensor as one.weight",)),
    "a checkpoint": (lambda: {"epoch": 3, "state_dict": trained()}, (), "Net", ("epoch, state_dict is no tensor",)),
    "a network": (Net, (), "Net", ("weights_only=True", "can run code", "state_dict()")),
    "a list": (lambda: [torch.ones(2)], (), "Net", ("holds a list",)),
    "NaN": (lambda: {**trained(), "head.bias": torch.full((10,), torch.nan)}, (), "Net", ("head.bias has NaN",)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_by_name(case: str, tmp_path: Path) -> None:
    held, reinit, target, said = REFUSED[case]
    model = section(saved(tmp_path / "net.pt", held()), reinit, target)
    with pytest.raises(UserError) as refused:
        network(model, Builder().dataset(DATASET))
    assert all(part in str(refused.value) for part in said), refused.value


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_a_damaged_file_is_refused(suffix: str, tmp_path: Path) -> None:
    path = Path(saved(tmp_path / f"net.{suffix}", trained()))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UserError, match=r"net\."):
        network(section(str(path)), Builder().dataset(DATASET))


def test_another_content_is_not_taken_for_the_recorded_one(tmp_path: Path) -> None:
    path = saved(tmp_path / "net.pt", trained())
    recorded = section(path)[WEIGHTS]
    assert read(path, recorded["sha256"]).keys() == trained().keys()
    saved(tmp_path / "net.pt", Net().state_dict())
    with pytest.raises(UserError, match="the file has changed"):
        read(path, recorded["sha256"])


def test_a_value_that_names_no_file_is_the_constructors_or_refused() -> None:
    own = {"_target_": "tests.build.test_pretrained_weights.LoadsItself", "path": "x"}
    takes = {"_target_": "builtins.dict", "weights": "DEFAULT"}
    assert with_weights(takes, ()) == takes
    assert with_weights({**own, "weights": None}, ("head.*",)) == own
    check_reinit({**own, "weights": None}, ("head.*",))  # as a value beside a file in a sweep
    with pytest.raises(UserError, match=r"model\.weights=net\.bin: must be a file whose name ends in \.pt"):
        with_weights({**own, "weights": "net.bin"}, ())
    for model in (own, takes):
        with pytest.raises(UserError, match=r"weights\.reinit=\[head\.\*\]: there is nothing to leave out"):
            check_reinit(model, ("head.*",))
    with pytest.raises(UserError, match=r"model\.weights: nowhere\.pt cannot be read"):
        with_weights({**own, "weights": "nowhere.pt"}, ())
