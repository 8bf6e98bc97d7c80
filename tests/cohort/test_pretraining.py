"""Training in two phases: what is shared by a seed's runs, what begins anew, and equality with a plain loop."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.optim import SGD, Adam
from dropout_lab.cohort.pretraining import pretrain
from dropout_lab.cohort.recipe import Pretraining, Structure
from dropout_lab.cohort.transfer import check
from dropout_lab.cohort.width import Widths
from dropout_lab.core.errors import UserError
from dropout_lab.core.seeding import generator
from dropout_lab.datasets.digits import digits
from dropout_lab.models.cnn import CNN
from dropout_lab.models.mlp import MLP
from dropout_lab.models.resnet import ResNet
from dropout_lab.models.rnn import RNN
from dropout_lab.models.transformer import Transformer
from tests.cohort.runs import outcome, recipe, structure, train
from tests.dropout.test_every_dropout import make

CPU = torch.device("cpu")
EPOCHS = 2
FIRST = digits(limit=160).of_classes([0, 1, 2, 3])
SECOND = digits(limit=96).of_classes([4, 5, 6, 7, 8, 9])
SMALL: Any = {"input_shape": (1, 8, 8)}
MODELS: Mapping[str, Any] = {
    "mlp": lambda outputs: MLP(**SMALL, outputs=outputs, hidden=[24, 16]),
    "mlp_before": lambda outputs: MLP(**SMALL, outputs=outputs, hidden=[24, 6], site_order="before"),
    "cnn_batch_norm": lambda outputs: CNN(**SMALL, outputs=outputs, channels=[4, 6], hidden=[], norm="batch"),
    "resnet": lambda outputs: ResNet(**SMALL, outputs=outputs, channels=[4, 6]),
    "lstm": lambda outputs: RNN(**SMALL, outputs=outputs, width=6),
    "transformer": lambda outputs: Transformer(**SMALL, outputs=outputs, width=8, heads=2, depth=1),
}


def made(model: str = "mlp", method: str = "mixout", sites: tuple[str, ...] = ("hidden.0", "hidden.1")) -> Structure:
    build = MODELS[model]
    before = structure(build=lambda: build(FIRST.outputs), dataset=FIRST, dropout={}, batch_size=64)
    before = replace(before, optimizer=SGD(lr=0.02, momentum=0.9))
    return structure(
        build=lambda: build(SECOND.outputs),
        dataset=SECOND,
        dropout=dict.fromkeys(sites, make(method)),
        pretraining=Pretraining(before, EPOCHS),
    )


def pretrained(structure: Structure) -> Pretraining:
    """That of a structure, done for seeds 0 and 1."""
    assert structure.pretraining is not None
    pretrain(structure.pretraining, [0, 1], Widths.fixed(8), CPU)
    return structure.pretraining


def fresh(structure: Structure, seed: int) -> Mapping[str, Tensor]:
    torch.manual_seed(int(generator(seed, "init").integers(2**63)))
    return structure.build().state_dict()


def plain(pretraining: Pretraining, seed: int) -> nn.Module:
    """A seed's pretraining as a tutorial would write it."""
    own, dataset = pretraining.seed(seed), pretraining.structure.dataset
    torch.manual_seed(int(generator(own, "init").integers(2**63)))
    model = pretraining.structure.build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    split = dataset.split(own)
    inputs = (dataset.inputs - split.mean) / split.std
    for epoch in range(EPOCHS):
        order = torch.from_numpy(generator(own, "order", epoch).permutation(len(split.train)))
        for batch in order.split(64):
            if len(batch) == 64:
                optimizer.zero_grad()
                F.cross_entropy(model(inputs[split.train[batch]]), split.train_targets[batch]).backward()
                optimizer.step()
    return model


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(model, marks=[] if model in ("mlp_before", "cnn_batch_norm") else pytest.mark.slow)
        for model in MODELS
    ],
)
def test_it_is_a_plain_loop_and_the_head_begins_anew(model: str) -> None:
    ours = made(model, "standard", ())
    pretraining = pretrained(ours)
    lanes = Lanes(ours, 2, CPU)
    for seed in range(2):
        lanes.load(seed, recipe(seed, seed=seed))
        trained, begun, untrained = plain(pretraining, seed).state_dict(), lanes.state.of_lane(seed), fresh(ours, seed)
        head = list(untrained)[-2:]
        assert [tuple(untrained[name].shape[:1]) for name in head] == [(6,), (6,)]  # weight and bias
        assert begun.keys() >= trained.keys()
        for name, value in trained.items():
            if name in head:
                assert torch.equal(begun[name], untrained[name])
            else:  # also a batch norm's statistics
                torch.testing.assert_close(begun[name], value, rtol=2e-3, atol=3e-4)
                assert not torch.equal(begun[name], untrained[name])


@pytest.mark.parametrize("method", ["mixout", "standard"])
def test_a_lane_of_four_is_the_lane_of_two(method: str) -> None:
    recipes = [recipe(number, seed=number, rates={"hidden.0": 0.1 * number}, epochs=2) for number in range(4)]
    # Four networks are pretrained together, or two and then two others: in the lanes' order, and in the other one.
    four, two = train(made(method=method), recipes, 4), train(made(method=method), recipes[::-1], 2)
    for run in recipes:
        assert four[run.id].status == "complete"
        assert outcome(four[run.id]) == outcome(two[run.id])


def test_all_runs_of_a_seed_begin_with_the_same_network_and_it_is_trained_once() -> None:
    ours = made()
    pretraining = pretrained(ours)
    kept = dict(pretraining.networks)
    lanes = Lanes(ours, 4, CPU)
    others: list[dict[str, Any]] = [{"rates": {"hidden.0": 0.2}}, {"rates": {}}, {"optimizer": Adam(lr=0.1)}]
    for lane, changes in enumerate(others):
        lanes.load(lane, recipe(lane, seed=1) if not changes else replace(recipe(lane, seed=1), **changes))
    lanes.load(3, recipe(3, seed=0))
    assert torch.equal(lanes.state.params[0], lanes.state.params[1])
    assert torch.equal(lanes.state.params[0], lanes.state.params[2])
    assert not torch.equal(lanes.state.params[0], lanes.state.params[3])
    train(ours, [recipe(number, seed=number % 2, epochs=1) for number in range(4)], 2)
    assert all(pretraining.networks[seed] is network for seed, network in kept.items())


def test_mixout_remembers_the_pretrained_weights_and_training_leaves_them() -> None:
    ours = made()
    pretraining = pretrained(ours)
    lanes = Lanes(ours, 2, CPU)
    lanes.load(0, recipe(0, seed=0, rates={"hidden.0": 0.5}))
    lanes.train_epoch()
    network = lanes.state.of_lane(0)
    hidden, head = (name for name in network if ".remembered." in name)
    layer = hidden.replace("remembered", "layer")
    assert torch.equal(network[hidden], pretraining.networks[0][layer])
    assert not torch.equal(network[hidden], network[layer])
    assert torch.equal(network[head], fresh(ours, 0)[head.replace("remembered", "layer")])


def test_inputs_are_read_as_in_the_pretraining() -> None:
    ours = made()
    assert ours.pretraining is not None
    own, first, read = ours.dataset.split(3), ours.pretraining.split(3), ours.split(3)
    assert torch.equal(read.train, own.train)
    assert torch.equal(read.mean, first.mean)
    assert not torch.equal(read.mean, own.mean)
    cannot_tell = replace(first, std=torch.full_like(first.std, torch.inf))
    assert torch.equal(own.read_as(cannot_tell).std, own.std)


def test_tokens_are_known_that_either_part_has() -> None:
    own = SECOND.split(0)
    one, other = (replace(own, known=torch.tensor(known)) for known in ([0, 1, 2, 1, 1], [0, 1, 1, 3, 1]))
    assert cast(Tensor, one.read_as(other).known).tolist() == [0, 1, 2, 3, 1]


def test_a_model_whose_classes_reach_further_than_its_head_is_refused() -> None:
    def model(outputs: int) -> nn.Module:
        return nn.Sequential(nn.Linear(3, outputs + 1), nn.Linear(outputs + 1, outputs))

    check(nn.Linear(3, 4), nn.Linear(3, 2), 2)
    with pytest.raises(UserError, match=r"0\.weight of the model depends on the number of classes"):
        check(model(4), model(2), 2)
    with pytest.raises(UserError, match="no last layer"):
        check(nn.Linear(3, 4), nn.Linear(3, 4), 2)
