"""What the trainer can add to a step: penalties, smoothed labels, changed inputs, further passes."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import vmap
from torch.utils.flop_counter import FlopCounterMode

from dropout_lab.cohort.augment import augmented, noisy
from dropout_lab.cohort.loss import AbstractLoss, MultiSample, Plain, RDrop
from dropout_lab.cohort.recipe import Recipe, Result
from dropout_lab.cohort.step import Program, StepInputs
from dropout_lab.core.mask_streams import Noise
from dropout_lab.sites.site import SAMPLES
from tests.cohort.runs import MODELS, outcome, recipe, structure, train
from tests.dropout.test_every_dropout import noise
from tests.matrix import matrix

EVERY: Mapping[str, float] = {
    "l1": 1e-3,
    "label_smoothing": 0.1,
    "mixup": 0.4,
    "input_noise": 0.2,
    "shift": 1,
    "flip": 0.5,
    "rotate": 30,
    "crop": 0.5,
    "color": 0.4,
    "cutout": 3,
    "cutmix": 1.0,
    "max_norm": 0.3,
    "clip_norm": 0.1,
}
LOSSES: Mapping[str, AbstractLoss] = {"plain": Plain(), "rdrop": RDrop(1.0), "multi_sample": MultiSample(3)}


def runs(**options: Any) -> list[Recipe]:
    return [recipe(number, epochs=2, **options) for number in range(4)]


@cache
def without(model: str) -> Mapping[str, Result]:
    return train(structure(model), runs(), 4)


@pytest.mark.parametrize(("name", "model"), matrix([*EVERY, "all"], ["mlp", "cnn_batch_norm"]))
def test_a_lane_of_four_is_the_lane_of_two_and_0_is_nothing(name: str, model: str) -> None:
    options: dict[str, Any] = {**EVERY, "cutmix": 0.0} if name == "all" else {name: EVERY[name]}
    given: Any = dict.fromkeys(options, True)
    made = structure(model, **given)
    recipes = runs(**options)
    four, two = train(made, recipes, 4), train(made, recipes[:1:-1], 2)
    assert all(outcome(result) == outcome(four[run]) for run, result in two.items())
    for run, result in without(model).items():
        assert four[run].curves["running_loss"] != result.curves["running_loss"]
    if name not in ("all", "max_norm", "clip_norm"):
        nothing = train(made, runs(**{name: float(name == "crop")}), 4)
        for run, result in without(model).items():
            assert nothing[run].curves["val_loss"] == pytest.approx(result.curves["val_loss"], rel=1e-4)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lane_of_every_loss_is_the_run_alone_and_without_dropout_all_are_one(loss: str) -> None:
    made = structure(loss=LOSSES[loss])
    recipes = [recipe(number, epochs=1, rates={"input": 0.1, "hidden.1": 0.1 * number}) for number in range(1, 5)]
    four, two = train(made, recipes, 4), train(made, recipes[:1:-1], 2)
    plain = train(structure(), recipes, 4)
    assert all(outcome(result) == outcome(four[run]) for run, result in two.items())
    for run in recipes:
        assert (four[run.id].curves == plain[run.id].curves) == (loss == "plain")
    bare = [recipe(number, epochs=2, rates={}) for number in range(2)]
    ours, theirs = train(made, bare, 2), train(structure(), bare, 2)
    for run in bare:
        assert ours[run.id].curves["val_loss"] == pytest.approx(theirs[run.id].curves["val_loss"], rel=1e-3)


class Steps:
    """One step's loss of an MLP as a function of masks and options."""

    def __init__(self, loss: AbstractLoss | None = None, model: str = "mlp", **options: float) -> None:
        given: Any = dict.fromkeys(options, True)
        made = structure(model, loss=loss or Plain(), **given)
        self.program = Program(made)
        self.hyper = {name: torch.tensor(value) for name, value in options.items()}
        torch.manual_seed(0)
        self.model = MODELS[model]()
        self.params = self.program.layout.flatten(dict(self.model.named_parameters())).detach()
        self.x, self.y = torch.randn(16, 1, 8, 8), torch.arange(16) % 10
        self.keys = torch.arange(2 * len(self.program.streams), dtype=torch.int32).view(-1, 2)

    def loss(self, rate: float = 0.0, mix: float = 1.0) -> Tensor:
        rates = torch.full((len(self.program.sites),), rate)
        given = StepInputs(rates, torch.zeros(()), torch.tensor(mix), self.keys, self.x, self.y)
        return self.program.loss(self.params, {}, self.hyper, given)[0]

    def output(self, rate: float, keys: Tensor) -> Tensor:
        rates = torch.full((len(self.program.sites),), rate)
        return self.program._call(self.program._train, self.params, {}, rates, keys, self.x)


def test_label_smoothing_is_torchs() -> None:
    steps = Steps(label_smoothing=0.2)
    expected = F.cross_entropy(steps.model(steps.x), steps.y, label_smoothing=0.2)
    torch.testing.assert_close(steps.loss(), expected.detach())


def test_input_noise_is_added_to_what_is_mixed() -> None:
    steps = Steps(mixup=0.4, input_noise=0.3)
    mixed = 0.5 * steps.x + 0.5 * steps.x.roll(1, 0)
    output = steps.model(noisy(mixed, {"input_noise"}, steps.hyper, Noise(steps.keys[-1])))
    expected = (F.cross_entropy(output, steps.y) + F.cross_entropy(output, steps.y.roll(1, 0))) / 2
    torch.testing.assert_close(steps.loss(mix=0.5), expected.detach())


def test_mixup_mixes_inputs_and_losses_of_neighbours() -> None:
    steps = Steps(mixup=0.4)
    output = steps.model(0.7 * steps.x + 0.3 * steps.x.roll(1, 0))
    expected = 0.7 * F.cross_entropy(output, steps.y) + 0.3 * F.cross_entropy(output, steps.y.roll(1, 0))
    torch.testing.assert_close(steps.loss(mix=0.7), expected.detach())


def test_l1_is_the_gradient_of_the_weights_absolute_values_and_spares_biases() -> None:
    steps = Steps(l1=0.01)
    hyper = {**steps.hyper, "lr": torch.tensor(1.0), "weight_decay": torch.tensor(0.0)}
    made = structure(optimizer="sgd", l1=True)
    program = Program(made)
    state = made.optimizer.init(steps.params)
    moved, _ = program.update(
        steps.params, torch.zeros_like(steps.params), state, {**hyper, "momentum": torch.tensor(0.0)}
    )
    for name, change in program.layout.unflatten(moved - steps.params).items():
        before = program.layout.unflatten(steps.params)[name]
        expected = -0.01 * before.sign() if name.endswith("weight") else torch.zeros_like(before)
        torch.testing.assert_close(change, expected, atol=1e-7, rtol=0)


def test_rdrop_is_two_passes_and_their_distance() -> None:
    steps = Steps(RDrop(3.0))
    first = steps.output(0.5, steps.keys)
    second = steps.output(0.5, steps.program._other_keys(steps.keys, 1))
    assert not torch.equal(first, second)
    p, q = F.log_softmax(first, -1), F.log_softmax(second, -1)
    distance = F.kl_div(p, q, reduction="batchmean", log_target=True)
    distance = distance + F.kl_div(q, p, reduction="batchmean", log_target=True)
    expected = (F.cross_entropy(first, steps.y) + F.cross_entropy(second, steps.y)) / 2 + 3 * distance / 2
    torch.testing.assert_close(steps.loss(0.5), expected)


def test_multi_sample_varies_the_last_site_alone() -> None:
    steps = Steps(MultiSample(3))
    others = [steps.keys.clone() for _ in range(2)]
    for number, keys in enumerate(others, start=1):
        keys[-1] = Noise(keys[-1]).stream(SAMPLES + number).key
    one = Steps(Plain())
    losses = [F.cross_entropy(one.output(0.5, keys), one.y) for keys in (steps.keys, *others)]
    assert len(set(map(float, losses))) == 3
    torch.testing.assert_close(steps.loss(0.5), torch.stack(losses).mean())


def test_what_precedes_the_last_site_is_computed_once() -> None:
    layers = [2 * 16 * rows * columns for rows, columns in ((64, 24), (24, 16), (16, 10))]
    expected = {"plain": sum(layers), "rdrop": 2 * sum(layers), "multi_sample": sum(layers) + 2 * layers[-1]}
    for name, loss in LOSSES.items():
        steps = Steps(loss)
        with FlopCounterMode(display=False) as counted:
            steps.loss(0.5)
        assert counted.get_total_flops() == expected[name]


@pytest.mark.parametrize("loss", LOSSES)
def test_running_statistics_are_those_of_the_first_pass(loss: str) -> None:
    def buffers(chosen: AbstractLoss) -> Mapping[str, Tensor]:
        steps = Steps(chosen, model="mlp_batch_norm")
        given = {
            name: buffer for name, buffer in steps.model.named_buffers() if name.rpartition(".")[2] in ("mean", "var")
        }
        rates = torch.full((len(steps.program.sites),), 0.5)
        start, whole = torch.zeros(()), torch.ones(())
        inputs = StepInputs(rates, start, whole, steps.keys, steps.x, steps.y)
        return steps.program.loss(steps.params, given, {}, inputs)[1]

    ours, theirs = buffers(LOSSES[loss]), buffers(Plain())
    assert ours
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def changed(x: Tensor, **options: float) -> Tensor:
    return augmented(x, options, {name: torch.tensor(float(value)) for name, value in options.items()}, noise())


def test_shift_moves_whole_images_and_repeats_their_border() -> None:
    image = torch.arange(25.0).view(1, 1, 5, 5)
    y = changed(image.expand(2000, 2, 5, 5), shift=2)
    padded = F.pad(image, [2] * 4, mode="replicate")[0, 0]
    possible = {(dy, dx): padded[dy : dy + 5, dx : dx + 5] for dy in range(5) for dx in range(5)}
    counts = dict.fromkeys(possible, 0)
    for moved in y:
        assert torch.equal(moved[0], moved[1])  # the channels move together
        (which,) = [place for place, expected in possible.items() if torch.equal(moved[0], expected)]
        counts[which] += 1
    assert min(counts.values()) > 40  # of 80 on average


def test_flip_mirrors_so_many_images() -> None:
    x = torch.randn(2000, 1, 3, 4)
    mirrored = (changed(x, flip=0.3) == x.flip(3)).flatten(1).all(1)
    kept = (changed(x, flip=0.3) == x).flatten(1).all(1)
    assert bool((mirrored ^ kept).all())
    assert mirrored.float().mean().item() == pytest.approx(0.3, abs=0.04)


def test_input_noise_has_its_deviation_and_lanes_their_own_numbers() -> None:
    x = torch.zeros(3, 5000, 4)
    keys = torch.tensor([[1, 2], [3, 4], [5, 6]], dtype=torch.int32)
    numbers = torch.tensor([0.0, 0.5, 2.0])
    y = vmap(lambda x, number, key: noisy(x, {"input_noise"}, {"input_noise": number}, Noise(key)))(x, numbers, keys)
    assert y.flatten(1).std(1).tolist() == pytest.approx([0.0, 0.5, 2.0], rel=0.02)
