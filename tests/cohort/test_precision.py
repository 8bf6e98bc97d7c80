"""bfloat16 is the precision of the products alone."""

import pytest
import torch

from dropout_lab.cohort.compilation.compiler import Compilable
from dropout_lab.cohort.lanes import Lanes
from tests.cohort.runs import MODELS, outcome, recipe, structure, train
from tests.matrix import first

QUICK = ("mlp_batch_norm", "cnn")
"""A product of matrices and a convolution."""


@pytest.mark.parametrize("model", first(QUICK, MODELS))
def test_products_are_in_bfloat16_and_all_that_is_kept_in_float32(model: str) -> None:
    lanes = Lanes(structure(model, precision="bfloat16"), 2, torch.device("cpu"))
    graph = Compilable(lanes.executor.train_step, lanes.executor.examples()[0])._graph
    products = [node for node in graph.graph.nodes if str(node.target).split(".")[1:2] in (["bmm"], ["convolution"])]
    assert products
    assert {node.meta["val"].dtype for node in products} == {torch.bfloat16}
    before = [tensor.dtype for tensor in lanes.executor.train_step.fixed]
    lanes.load(0, recipe(0))
    lanes.train_epoch()
    assert [tensor.dtype for tensor in lanes.executor.train_step.fixed] == before
    assert torch.bfloat16 not in before


@pytest.mark.parametrize("model", first(QUICK, MODELS))
def test_bfloat16_differs_by_its_rounding_and_is_as_independent_of_lanes(model: str) -> None:
    recipes = [recipe(number, epochs=2) for number in range(6)]
    full, half = train(structure(model), recipes, 6), train(structure(model, precision="bfloat16"), recipes, 6)
    two = train(structure(model, precision="bfloat16"), recipes[:1:-1], 2)
    assert all(outcome(result) == outcome(half[run]) for run, result in two.items())
    for run in recipes:
        assert half[run.id].curves != full[run.id].curves
        for ours, theirs in zip(half[run.id].curves["val_loss"], full[run.id].curves["val_loss"], strict=True):
            assert ours == pytest.approx(theirs, rel=0.1)
