"""Networks of users are trained as a plain loop trains them, or refused before any training, with the reason."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.build.builder import Builder
from dropout_lab.build.checks import check_samples
from dropout_lab.build.network import network
from dropout_lab.cohort import loop
from dropout_lab.cohort.compilation.choice import prepare
from dropout_lab.cohort.keys import keys, mask_seed
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.loss import MultiSample
from dropout_lab.cohort.optim import SGD
from dropout_lab.cohort.own_draws import own_draws
from dropout_lab.cohort.recipe import Recipe, RunList, Structure
from dropout_lab.cohort.step import Program
from dropout_lab.cohort.width import Widths, lane_bytes
from dropout_lab.config.instantiate import instantiate, takes
from dropout_lab.core.errors import UserError
from dropout_lab.core.mask_streams import Noise
from dropout_lab.core.seeding import generator
from dropout_lab.core.tokens import SPECIAL_TOKENS
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.digits import digits
from dropout_lab.dropout.adversarial import Adversarial
from dropout_lab.dropout.controlled import Controlled
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.survey import site_infos
from dropout_lab.sites.method import objection_to
from dropout_lab.sites.site import CALLS, Site, calls_counted
from dropout_lab.sweeper.trainer_protocol import best_widths
from tests import users_networks
from tests.cohort.runs import Queue
from tests.rotate import rotated

DATASET: Any = {"_target_": "dropout_lab.datasets.digits.digits", "limit": 60}
DIGITS = digits(limit=60)
RATE = 0.4
TRAINED = ["Average", "TorchNorm", "Tied", "TwoNames", "Frozen", "Lazy", "TupleInside", "NoDropout", "Twice", "Tuples"]
RUN_BY_RUN = {
    "NotLifted": "cannot be trained side by side with others",
    "BranchOnInput": "(torch.func.vmap): a branch on a value",
    "BranchOnHidden": "(torch.func.vmap): a branch on a value",
    "BranchInEvaluation": "(torch.func.vmap): a branch on a value",
    "OwnNoise": "forward draws random numbers by itself, at its own forward (OwnNoise)",
    "OwnMask": "forward draws random numbers by itself, at its own forward (OwnMask)",
}
REFUSED = {
    "RandomInEvaluation": "forward draws random numbers by itself in evaluation mode",
    "PythonsDice": "forward draws random numbers by itself in evaluation mode, at its own forward (PythonsDice)",
    "Memory": "forward changes the attribute last",
    "Counter": "forward changes the attribute steps",
    "ChangedInEvaluation": "forward changes the buffer ema in evaluation mode",
    "GrowingBuffer": "forward makes the buffer ema (7,) float32, but it was registered as (6,) float32",
    "ChangedParameter": "forward changes the parameter first.weight",
    "DrawnOnce": "What its constructor draws",
    "Seeded": "its constructor sets torch's seed",
    "ChangedInPlace": "the gradient of its loss cannot be computed: RuntimeError: one of the variables",
    "misfit": "forward raises in training mode: RuntimeError: mat1 and mat2 shapes cannot be multiplied",
    "Double": "the parameter first.weight is float64",
    "NothingToTrain": "no parameters that require a gradient",
    "Narrow": "forward returns the shape (4, 9) (float32) for 4 examples",
    "RaisesInTraining": "forward raises in training mode: ValueError: not yet written",
    "ExitsInForward": "it ends the process (sys.exit(3))",
    "ExitsInConstructor": "it ends the process (sys.exit('no licence'))",
    "MoreInTraining": "calls the site hidden 2 times in training mode and 1 times in evaluation mode",
    "StateCalled": "the site hidden is of the kind state",
    "TwoShapes": "values of the shape (64,), then of (6,)",
    "SameNames": "two sites are named 'hidden'",
    "no_network": "makes a str; must be a torch.nn.Module",
}


def section(name: str) -> dict[str, str]:
    return {"_target_": f"tests.users_networks.{name}"}


def structure(name: str, **changes: Any) -> Structure:
    made = Structure(
        build=lambda: network(section(name), DIGITS),
        dataset=DIGITS,
        dropout={"hidden": Standard()},
        batch_size=20,
        optimizer=SGD(lr=0.0, momentum=0.0),
    )
    return replace(made, **changes)


def run(number: int, **changes: Any) -> Recipe:
    made = Recipe(
        id=str(number),
        seed=number,
        rates={"hidden": RATE * number},
        schedule=lambda progress: 1.0,
        optimizer=SGD(lr=0.3, momentum=0.9),
        epochs=3,
        patience=None,
    )
    return replace(made, **changes)


def masked(name: str, masks: list[Tensor]) -> Callable[[nn.Module, Tensor], Tensor]:
    """The network's forward in training, with the masks written out."""

    def once(model: Any, x: Tensor) -> Tensor:
        y: Tensor = model.head(masks[0] * model.hidden(x))
        return y

    def twice(model: Any, x: Tensor) -> Tensor:
        y: Tensor = model.head(masks[1] * torch.tanh(model.second(masks[0] * model.hidden(x))))
        return y

    return twice if name == "Twice" else once


def plain_loop(name: str, run: Recipe) -> tuple[list[float], float]:
    """Validation loss by epoch and test loss at the best one, as a tutorial would compute them."""
    made = structure(name)
    torch.manual_seed(int(generator(run.seed, "init").integers(2**63)))
    model = made.build()
    optimizer = torch.optim.SGD((param for param in model.parameters() if param.requires_grad), lr=0.3, momentum=0.9)
    split = DIGITS.split(run.seed)
    inputs = (DIGITS.inputs - split.mean) / split.std
    losses: list[float] = []
    step, test_loss = 0, float("nan")
    for epoch in range(run.epochs):
        model.train()
        order = torch.from_numpy(generator(run.seed, "order", epoch).permutation(len(split.train)))
        for batch in order.split(made.batch_size):
            key = torch.from_numpy(keys([mask_seed(run.seed)], np.array([[step]]), ("hidden",)))[0, 0, 0]
            rate, shape = run.rates["hidden"], (made.batch_size, users_networks.UNITS)
            drawn = [Noise(key).uniform(shape), Noise(key).stream(CALLS + 1).uniform(shape)]
            forward = masked(name, [(numbers >= rate).float() / (1 - rate) for numbers in drawn])
            optimizer.zero_grad()
            own = torch.from_numpy(keys([mask_seed(run.seed)], np.array([[step]]), ("/network",)))[0, 0, 0]
            with own_draws(own):
                F.cross_entropy(forward(model, inputs[split.train[batch]]), split.train_targets[batch]).backward()
            optimizer.step()
            step += 1
        model.eval()
        with torch.no_grad():
            losses.append(F.cross_entropy(model(inputs[split.val]), split.val_targets).item())
            if losses[-1] == min(losses):
                found = answers(model, inputs[DIGITS.test], len(split.val))
                test_loss = F.cross_entropy(found, split.test_targets).item()
    return losses, test_loss


def answers(model: torch.nn.Module, x: torch.Tensor, chunk: int) -> torch.Tensor:
    """In batches of one size, filled up with the first example: on them networks with a branch on the batch depend."""
    filled = torch.cat([x, x[:1].expand(-len(x) % chunk, *x.shape[1:])])
    return torch.cat([model(part) for part in filled.split(chunk)])[: len(x)]


@pytest.mark.parametrize("name", rotated([*TRAINED, *RUN_BY_RUN], turn=1, of=3))
def test_it_is_trained_as_a_plain_loop_trains_it(name: str) -> None:
    assert "hidden" in [place.site for place in Builder().site_infos(section(name), DATASET)]
    engine, why = Builder().engine(section(name), DATASET)
    assert engine == ("loop" if name in RUN_BY_RUN else "lanes")
    assert RUN_BY_RUN.get(name, "") in why
    runs = [run(0), run(1)]
    queue = RunList(runs)
    loop.train(structure(name, engine=engine), Widths.fixed(2), "never", queue, torch.device("cpu"))
    for one in runs:
        result = queue.results[one.id]
        losses, test_loss = plain_loop(name, one)
        assert result.status == "complete", result.traceback
        assert result.curves["val_loss"] == pytest.approx(losses, rel=1e-4)
        assert result.test_loss == pytest.approx(test_loss, rel=1e-4)


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_before_training_with_the_reason(name: str) -> None:
    with pytest.raises(UserError, match=re.escape(REFUSED[name])) as refused:
        Builder().site_infos(section(name), DATASET)
    assert "model" in str(refused.value)
    if name != "TwoShapes":
        assert f"tests.users_networks.{name}" in str(refused.value)


def test_a_place_in_the_users_code_is_named() -> None:
    with pytest.raises(UserError, match=r"users_networks\.py, line \d+"):
        Builder().site_infos(section("RaisesInTraining"), DATASET)


@pytest.mark.parametrize("name", ["BranchOnInput", "BranchInEvaluation"])
def test_the_place_that_keeps_runs_from_the_lanes_is_named(name: str) -> None:
    assert re.search(r"users_networks\.py, line \d+", Builder().engine(section(name), DATASET)[1])
    with pytest.raises(UserError, match=r"trainer\.engine=auto trains run by run"):
        Builder().engine(section(name), DATASET, "lanes")


@pytest.mark.parametrize("of_ours", ["probe.alone.functional_call", "step.correct"])
def test_a_failure_of_ours_is_not_told_as_the_users(of_ours: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"dropout_lab.cohort.{of_ours}", torch.relu)  # raises, for it takes one argument
    with pytest.raises(TypeError, match="relu"):
        Builder().site_infos(section("Plain"), DATASET)


def test_each_call_of_a_site_in_a_pass_draws_its_own_mask() -> None:
    site, x = Site("a"), torch.ones(4, 8)
    site.dropout, site.rate, site.key = Standard(), torch.tensor(0.5), torch.tensor([3, 4], dtype=torch.int32)
    alone = site(x)
    with calls_counted():
        first, second, third = site(x), site(x), site(x)
    with calls_counted():
        again = site(x), site(x)
    assert torch.equal(first, alone)
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)
    assert torch.equal(torch.stack(again), torch.stack([first, second]))


def test_methods_of_one_mask_a_pass_are_refused_at_a_site_that_is_called_twice() -> None:
    (twice,) = site_infos(network(section("Twice"), DIGITS).eval(), DIGITS.example())
    assert twice.calls == 2
    adversarial = Adversarial(delta=0.1, target="label", weight=1.0, ramp_up=0.0)
    for method in (adversarial, Controlled(classic=False)):
        assert "calls this site 2 times in a pass" in str(objection_to(method, replace(twice, reader=nn.Linear)))
    assert objection_to(Standard(), twice) is None
    config: Any = {"loss": {"_target_": "dropout_lab.cohort.loss.MultiSample", "samples": 2}}
    with pytest.raises(UserError, match="which the network calls 2 times in a pass"):
        check_samples(Builder(), config, "multi_sample", {"hidden": 0.5}, twice)


def test_several_masks_are_drawn_at_the_site_that_is_met_last() -> None:
    made = structure("OutOfOrder", loss=MultiSample(3))
    counts = {part.name: part.samples for part in Program(made)._train.modules() if isinstance(part, Site)}
    assert counts == {"hidden": 3, "input": 1}


@pytest.mark.parametrize("name", ["TorchNorm", "TupleInside", "Lazy"])
def test_a_lane_is_measured(name: str) -> None:
    assert lane_bytes(structure(name)) > lane_bytes(structure("Plain")) * 0.9


def test_without_annotations_it_is_the_names_that_count() -> None:
    assert takes(section("Words"), "vocabulary")
    assert not takes(section("Plain"), "vocabulary")
    assert takes(section("Heir"), "outputs")
    assert not takes(section("Heir"), "vocabulary")
    words = Dataset(
        name="w",
        task="classification",
        inputs=torch.tensor([[2, 2, 2, 0, 0]] * 60),
        targets=torch.arange(60) % 3,
        test=torch.arange(6),
        outputs=3,
        standardize="none",
        vocabulary=(*SPECIAL_TOKENS, "a"),
    )
    assert isinstance(network(section("Words"), words), users_networks.Words)
    words = replace(words, task="token_classification", targets=words.inputs % 3)
    with pytest.raises(UserError, match=r"the constructor of dropout_lab\.models\.mlp\.MLP takes no vocabulary"):
        network({"_target_": "dropout_lab.models.mlp.MLP"}, words)


def test_any_section_that_ends_the_process_is_told() -> None:
    with pytest.raises(UserError, match=r"dataset \(sys\.exit\): it ends the process \(sys\.exit\(None\)\)"):
        instantiate("dataset", {"_target_": "sys.exit"})


def test_runs_whose_training_ends_the_process_fail_with_the_reason() -> None:
    queue = Queue([run(0), run(1)])
    loop.train(structure("ExitsInBatches"), Widths.fixed(2), "never", queue, torch.device("cpu"))
    assert [result.status for result in queue.results.values()] == ["failed", "failed"]
    assert {result.reason for result in queue.results.values()} == {
        "the network's code ended the training: sys.exit(3)"
    }


def test_runs_whose_last_measurement_fails_have_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def test(lanes: Lanes) -> None:
        raise RuntimeError("no test")

    monkeypatch.setattr(Lanes, "test", test)
    queue = Queue([run(0, epochs=1), run(1, epochs=1)])
    loop.train(structure("Plain"), Widths.fixed(2), "never", queue, torch.device("cpu"))
    assert {result.reason for result in queue.results.values()} == {"RuntimeError: no test"}


def test_lanes_that_do_not_fit_while_they_are_made_become_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def too_large(made: Structure, widths: Widths, *more: Any) -> Any:
        tried.append(widths.eager)
        if widths.eager > 2:
            raise MemoryError
        return prepare(made, widths, *more)

    monkeypatch.setattr("dropout_lab.cohort.loop.prepare", too_large)
    queue = Queue([run(0, epochs=1), run(1, epochs=1)])
    loop.train(structure("Plain"), Widths.fixed(8), "never", queue, torch.device("cpu"))
    assert tried == [8, 4, 2]
    assert queue.said[:2] == ["out of memory: on with half as many lanes"] * 2
    assert all(result.status == "complete" for result in queue.results.values())


def test_runs_for_which_the_least_lanes_are_too_many_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(*given: Any) -> Any:
        raise MemoryError("all is full")

    monkeypatch.setattr("dropout_lab.cohort.loop.prepare", too_large)
    queue = Queue([run(0), run(1)])
    loop.train(structure("Plain"), Widths.fixed(4), "never", queue, torch.device("cpu"))
    reason = "out of memory, with as few lanes as there can be: MemoryError: all is full"
    assert [result.reason for result in queue.results.values()] == [reason, reason]


class NoWidth:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def best_widths(self, spec: object, device: str) -> Widths:
        raise self.error


@pytest.mark.parametrize("error", [MemoryError("all is full"), RuntimeError("can't allocate memory"), SystemExit(3)])
def test_where_no_width_can_be_found_it_is_the_least(error: BaseException) -> None:
    trainer: Any = NoWidth(error)
    said: list[str] = []
    assert best_widths(trainer, {}, "cpu", said.append) == Widths.fixed(2)
    reason = f"{type(error).__name__}: {error}"
    assert said == [f"what a lane needs could not be found out ({reason}): on with two lanes"]


@pytest.mark.parametrize("error", [UserError("the user's"), KeyError("ours")])
def test_another_reason_why_no_width_can_be_found_is_raised(error: Exception) -> None:
    trainer: Any = NoWidth(error)
    with pytest.raises(type(error)):
        best_widths(trainer, {}, "cpu", print)
