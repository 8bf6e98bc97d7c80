"""Sequences in lanes: a text that is read on, words dropped by their rows, and the run alone in torch's own layers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.optim import SGD
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.core.tokens import PADDING, SPECIAL_TOKENS, UNKNOWN
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.models.rnn import RNN
from dropout_lab.sites.method import AbstractDropout
from tests.cohort.runs import outcome, recipe, structure, train
from tests.dropout.test_every_dropout import make

LENGTH, WORDS = 6, 9
VOCABULARY = (*SPECIAL_TOKENS, *"abcdefg")


def text(pieces: int = 90, length: int = LENGTH) -> Dataset:
    """A text in which every token but the last is followed by the next one, or by a random one."""
    drawn = torch.Generator().manual_seed(3)
    tokens = torch.randint(2, WORDS, (pieces * length + 1,), generator=drawn)
    for place in range(1, len(tokens)):
        if torch.rand((), generator=drawn) < 0.7:
            tokens[place] = 2 + (tokens[place - 1] - 1) % (WORDS - 2)
    tokens[10 * length : 11 * length] = 8  # in one piece alone, below
    return Dataset(
        name="text",
        task="token_classification",
        inputs=tokens[:-1].view(pieces, length),
        targets=tokens[1:].view(pieces, length),
        test=torch.arange(pieces - 15, pieces),
        outputs=WORDS,
        standardize="none",
        vocabulary=VOCABULARY,
        is_stream=True,
    )


def of(methods: Mapping[str, AbstractDropout], data: Dataset, **changes: Any) -> Structure:
    def build() -> nn.Module:
        return RNN(
            input_shape=data.input_shape,
            outputs=WORDS,
            vocabulary=WORDS,
            per_position=True,
            is_stream=data.is_stream,
            width=8,
            embedding=5,
            **changes,
        )

    return structure(build=build, dataset=data, dropout=methods, batch_size=8)


def runs(methods: Mapping[str, AbstractDropout], count: int = 4) -> list[Recipe]:
    return [recipe(number, rates=dict.fromkeys(methods, 0.1 * number), epochs=2) for number in range(count)]


METHODS = {
    "embedding": "embedding_word",
    "input": "rnn_variational",
    "recurrent.0": "weight_drop",
    "cell.0": "zoneout",
    "output": "rnn_zaremba",
}


def test_a_lane_of_four_is_the_lane_of_two() -> None:
    methods = {site: make(name) for site, name in METHODS.items()}
    made, recipes = of(methods, text()), runs(methods)
    four, two = train(made, recipes, 4), train(made, recipes[::-1], 2)
    for run in recipes:
        assert four[run.id].status == "complete", four[run.id].traceback
        assert outcome(two[run.id]) == outcome(four[run.id])


@pytest.mark.slow
@pytest.mark.usefixtures("built_here")
def test_compiled_lanes_are_eager_lanes() -> None:
    methods = {site: make(name) for site, name in METHODS.items()}
    made, recipes = of(methods, text(length=2)), runs(methods)  # a compiler takes longer with every step
    eager, compiled = train(made, recipes, 4), train(made, recipes, 4, compile="always")
    for run in recipes:
        for metric in ("running_loss", "val_loss", "val_accuracy"):
            found, expected = (torch.tensor(results[run.id].curves[metric]) for results in (compiled, eager))
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


class Plain(nn.Module):
    """What one would write by hand, with torch's LSTM."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        below, between = model.between[0].reader.layer, model.layers[0].recurrent.reader.layer
        self.embedding = nn.Embedding(WORDS, 5)
        self.embedding.weight.data = model.steps.lookup.reader.layer.weight.data.clone()
        self.lstm = nn.LSTM(5, 8, batch_first=True)
        self.lstm.weight_ih_l0.data, self.lstm.bias_ih_l0.data = below.weight.data.clone(), below.bias.data.clone()
        self.lstm.weight_hh_l0.data, self.lstm.bias_hh_l0.data = between.weight.data.clone(), between.bias.data.clone()
        self.head = nn.Linear(8, WORDS)
        self.head.load_state_dict(model.output.reader.layer.state_dict())

    def forward(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        y, state = self.lstm(self.embedding(x), state)
        return self.head(y), tuple(part.detach() for part in state)


def test_a_lane_is_truncated_backpropagation_by_hand() -> None:
    data = text()
    made = replace(of({}, data), optimizer=SGD(lr=0.2))
    lanes = Lanes(made, 2, torch.device("cpu"))
    lanes.load(0, replace(recipe(0, rates={}), optimizer=SGD(lr=0.2)))
    lanes.load(1, replace(recipe(4, rates={}), optimizer=SGD(lr=0.2)))
    split = data.split(0)
    initial, _ = lanes.seeds.network(0)
    model = made.build()
    model.load_state_dict(lanes.program.layout.unflatten(initial), strict=False)
    plain = Plain(model)
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.2)
    known = split.known
    assert known is not None
    steps = len(split.train) // 8
    for _ in range(3):
        state, losses = None, []
        for step in range(steps):
            rows = split.train[[part * steps + step for part in range(8)]]
            output, state = plain(known[data.inputs[rows]], state)
            loss = F.cross_entropy(output.flatten(0, 1), data.targets[rows].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        found = lanes.train_epoch()[0]
        torch.testing.assert_close(found, torch.stack(losses).mean(), rtol=1e-4, atol=1e-5)
    pieces = lanes.data.parts["val"].rows.shape[2]
    state, total, right = None, 0.0, 0.0
    length = -(-len(split.val) // pieces)
    for step in range(length):
        places = [part * length + step for part in range(pieces)]
        rows = split.val[[place if place < len(split.val) else 0 for place in places]]
        with torch.no_grad():
            output, state = plain(known[data.inputs[rows]], state)
        each = F.cross_entropy(output.movedim(-1, 1), data.targets[rows], reduction="none").mean(1)
        counted = torch.tensor([place < len(split.val) for place in places])
        total += float(each[counted].sum())
        right += float((output.argmax(-1) == data.targets[rows]).float().mean(1)[counted].sum())
    metrics = lanes.evaluate()
    assert float(metrics["val_loss"][0]) == pytest.approx(total / len(split.val), rel=1e-4)
    assert float(metrics["val_accuracy"][0]) == pytest.approx(right / len(split.val), rel=1e-4)


def test_parts_of_a_text_are_pieces_of_it_and_tokens_that_training_lacks_are_unknown() -> None:
    data = text()
    starts = set()
    for seed in range(8):
        split = data.split(seed)
        val = split.val.tolist()
        starts.add(val[0])
        assert val == list(range(val[0], val[0] + 15))
        assert split.train.tolist() == [row for row in range(75) if row not in val]
        assert split.known is not None
        there = set(data.inputs[split.train].flatten().tolist())
        for token in range(WORDS):
            assert split.known[token] == (token if token in there | {PADDING} else UNKNOWN)
    assert len(starts) > 3
    with pytest.raises(Exception, match="last rows"):
        replace(data, test=torch.arange(15))
