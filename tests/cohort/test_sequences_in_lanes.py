"""A lane of padded tokens is the run alone: in an encoder and in a decoder, with every method of a transformer."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from dropout_lab.cohort.example_losses import losses
from dropout_lab.cohort.recipe import Recipe, Structure
from dropout_lab.core.tokens import NO_CLASS, PADDING, SPECIAL_TOKENS
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.dropout.attention import Attention
from dropout_lab.dropout.drophead import DropHead
from dropout_lab.dropout.layerdrop import LayerDrop
from dropout_lab.dropout.standard import Standard
from dropout_lab.dropout.stochastic_depth import StochasticDepth
from dropout_lab.models.layers import carried_buffers
from dropout_lab.models.transformer import Transformer
from dropout_lab.sites.method import AbstractDropout
from dropout_lab.sites.site import sites
from tests.cohort.runs import outcome, recipe, structure, train
from tests.matrix import matrix

METHODS: dict[str, AbstractDropout] = {
    "attention": Attention(),
    "heads": DropHead(),
    "layer": LayerDrop(),
    "attention_out": StochasticDepth(per_example=True, classic=False),
    "ffn_out": StochasticDepth(per_example=False, classic=True),
}
"""By family; the other sites have standard dropout."""


def sentences(per_position: bool) -> Dataset:
    """Random tokens, 2 to 9 of them; the class is the first token's, or at every place its own."""
    drawn = torch.Generator().manual_seed(3)
    inputs = torch.randint(2, 15, (160, 9), generator=drawn)
    padding = torch.arange(9) >= torch.randint(2, 10, (160, 1), generator=drawn)
    inputs[padding] = PADDING
    words = (*SPECIAL_TOKENS, *map(str, range(13)))
    last = torch.arange(130, 160)
    if per_position:
        targets = torch.where(padding, NO_CLASS, inputs % 4)
        return Dataset("places", "token_classification", inputs, targets, last, 4, "none", vocabulary=words)
    return Dataset("sentences", "classification", inputs, inputs[:, 0] % 3, last, 3, "none", vocabulary=words)


def of(per_position: bool, **changes: Any) -> Structure:
    data = sentences(per_position)

    def build() -> Transformer:
        kind: Any = {"width": 10, "heads": 2, "ffn": 7, "depth": 2, **changes}
        return Transformer(
            input_shape=data.input_shape, outputs=data.outputs, vocabulary=15, per_position=per_position, **kind
        )

    methods = {site: METHODS.get(site.partition(".")[0], Standard()) for site in sites(build()) if site != "embedding"}
    return structure(build=build, dataset=data, batch_size=16, dropout=methods)


def runs(made: Structure, count: int) -> list[Recipe]:
    return [recipe(number, rates=dict.fromkeys(made.dropout, 0.08 * number), epochs=1) for number in range(count)]


@pytest.mark.parametrize(
    ("per_position", "changes"),
    matrix([False, True], [{}, {"norm_order": "after", "activation": "gelu", "heads": 5, "depth": 1}]),
)
def test_a_lane_of_six_is_the_lane_of_two(per_position: bool, changes: dict[str, Any]) -> None:
    made = of(per_position, **changes)
    recipes = runs(made, 6)
    six, two, three = train(made, recipes, 6), train(made, recipes[:1:-1], 2), train(made, recipes[3:], 3)
    assert {result.status for result in six.values()} == {"complete"}
    for fewer in (two, three):
        assert all(outcome(result) == outcome(six[run]) for run, result in fewer.items())


def test_a_decoder_reads_a_text_in_pieces_and_carries_nothing_on() -> None:
    made = of(per_position=True)
    text = made.dataset.inputs.clamp(min=2)  # without padding
    made = replace(made, dataset=replace(made.dataset, inputs=text, targets=text % 4, is_stream=True))
    assert not carried_buffers(made.build())
    recipes = runs(made, 4)
    four, two = train(made, recipes, 4), train(made, recipes[::-1], 2)
    for run in recipes:
        assert four[run.id].status == "complete"
        assert outcome(four[run.id]) == outcome(two[run.id])


def test_the_loss_of_a_sequence_is_the_mean_over_its_places_with_a_class() -> None:
    output, targets = torch.randn(2, 3, 4), torch.tensor([[1, 2, NO_CLASS], [3, NO_CLASS, NO_CLASS]])
    by_hand = [F.cross_entropy(output[row, :known], targets[row, :known]) for row, known in ((0, 2), (1, 1))]
    torch.testing.assert_close(losses(output, targets, "token_classification"), torch.stack(by_hand))


@pytest.mark.slow
@pytest.mark.usefixtures("built_here")
def test_compiled_lanes_are_eager_lanes_and_the_same_to_the_bit_wherever_they_are() -> None:
    made = of(per_position=True, depth=1)
    recipes = runs(made, 6)
    eager = train(made, recipes, 4)
    compiled, again = (train(made, order, 4, compile="always") for order in (recipes, recipes[::-1]))
    for run in recipes:
        assert compiled[run.id].execution.compiled
        assert outcome(again[run.id]) == outcome(compiled[run.id])
        for name in ("running_loss", "val_loss"):
            found = np.array([compiled[run.id].curves[name], eager[run.id].curves[name]], dtype=float)
            np.testing.assert_allclose(found[0], found[1], rtol=2e-5, atol=2e-5)
