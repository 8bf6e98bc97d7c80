"""The network that a result holds is the one that was measured, under its author's names."""

from collections.abc import Mapping
from typing import Any

import pytest
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.adoption.adopt import answer
from dropout_lab.build.builder import Builder
from dropout_lab.build.network import network
from dropout_lab.cohort import loop
from dropout_lab.cohort.optim import SGD
from dropout_lab.cohort.recipe import Compile, Keep, Recipe, Result, RunList
from dropout_lab.cohort.width import Widths
from dropout_lab.core.tensor_files import packed, unpacked
from dropout_lab.core.trial import Config
from dropout_lab.datasets.digits import digits
from tests.adoption import zoo
from tests.adoption.zoo import ZOO
from tests.rotate import rotated

DATASET: Any = {"_target_": "dropout_lab.datasets.digits.digits", "limit": 60}
DIGITS = digits(limit=60)
STANDARD = {"_target_": "dropout_lab.dropout.standard.Standard"}
MLP = {"_target_": "dropout_lab.models.mlp.MLP", "hidden": [12], "norm": "batch"}


def trained(
    model: Config, compile: Compile = "never", keep: Keep | None = "best", epochs: int = 4, lr: float = 0.3
) -> Result:
    """Run 1 of two lanes, at a learning rate so high that the last epoch need not be the best."""
    builder = Builder()
    places = {info.site: STANDARD for info in builder.site_infos(model, DATASET) if info.kind in ("units", "sequence")}
    spec = {
        **{
            "model": model,
            "dataset": DATASET,
            "dropout": places,
            "batch_size": 20,
            "pretraining": None,
            "options": [],
            "freeze": [],
        },
        **{
            "precision": "float32",
            "gap_examples": None,
            "mc_samples": None,
            "engine": builder.engine(model, DATASET)[0],
        },
        "optimizer": {"_target_": "dropout_lab.cohort.optim.SGD"},
        "loss": {"_target_": "dropout_lab.cohort.loss.Plain"},
    }
    rates, optimizer = dict.fromkeys(places, 0.2), SGD(lr=lr, momentum=0.9)
    runs = [Recipe(str(seed), seed, rates, _constant, optimizer, epochs, None, keep=keep) for seed in range(2)]
    queue = RunList(runs)
    loop.train(builder.structure(spec), Widths.fixed(2), compile, queue, torch.device("cpu"))
    result = queue.results["1"]
    assert result.status == "complete", result.traceback
    return result


def _constant(progress: float) -> float:
    return 1.0


def loss_of(network: nn.Module, part: str) -> float:
    """The author's network itself, in evaluation mode, on a part of run 1's data."""
    split = DIGITS.split(1)
    rows, targets = (split.val, split.val_targets) if part == "val" else (DIGITS.test, split.test_targets)
    with torch.no_grad():
        return F.cross_entropy(answer(network.eval()((DIGITS.inputs[rows] - split.mean) / split.std)), targets).item()


def loaded(network: nn.Module, held: Mapping[str, Tensor]) -> nn.Module:
    """The network with what is read back from a file."""
    with torch.no_grad():
        network.eval()(DIGITS.example())  # lazy layers take their shapes
    network.load_state_dict(unpacked(packed(held, {}), "file"), strict=True)
    return network


@pytest.mark.parametrize("name", rotated(ZOO, turn=2, of=4))
def test_it_loads_into_the_authors_network_strictly_and_answers_as_recorded(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoo, "chosen", ZOO[name].make, raising=False)
    result = trained({"_target_": "tests.adoption.zoo.chosen"}, lr=0.05)
    assert result.network is not None
    made = loaded(ZOO[name].make(), result.network)
    assert loss_of(made, "test") == pytest.approx(result.test_loss, rel=1e-4)
    assert loss_of(made, "val") == pytest.approx(result.metrics["val_loss"], rel=1e-4)


@pytest.mark.parametrize("keep", ["best", "last"])
def test_it_is_of_the_best_epoch_or_of_the_last(keep: Keep) -> None:
    result = trained(MLP, keep=keep, epochs=12, lr=1.0)
    assert result.network is not None
    assert result.metrics["best_epoch"] < 12, "else the two are one"
    recorded = result.metrics["val_loss" if keep == "best" else "val_loss_last"]
    made = loaded(network(MLP, DIGITS), result.network)
    assert loss_of(made, "val") == pytest.approx(recorded, rel=1e-5)


@pytest.mark.slow
def test_it_is_of_the_compiled_program_too() -> None:
    result = trained(MLP, compile="always")
    assert result.execution.compiled
    assert result.network is not None
    made = loaded(network(MLP, DIGITS), result.network)
    assert loss_of(made, "val") == pytest.approx(result.metrics["val_loss"], rel=1e-5)


def test_nothing_is_held_unless_it_is_asked_for() -> None:
    assert trained(MLP, keep=None, epochs=1).network is None


def test_tied_tensors_have_a_copy_for_each_name() -> None:
    one = torch.ones(3)
    content = packed({"a": one, "b": one, "c": one[:2]}, {"seed": "0"})
    assert {name: value.tolist() for name, value in safetensors.torch.load(content).items()} == {
        **{"a": [1.0] * 3, "b": [1.0] * 3},
        "c": [1.0] * 2,
    }
