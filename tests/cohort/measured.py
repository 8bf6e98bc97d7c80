"""Trained runs with what was measured of them, and the same networks as plain modules."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dropout_lab.cohort import loop
from dropout_lab.cohort.keys import keys, mask_seed
from dropout_lab.cohort.measures.measure import AbstractMeasure
from dropout_lab.cohort.measures.trained import EXAMPLES, FIRST_MEASURE
from dropout_lab.cohort.recipe import Result, Structure
from dropout_lab.cohort.width import Widths
from dropout_lab.core.mask_streams import Noise
from tests.cohort.runs import Queue, recipe


@dataclass
class Alone:
    """A run's best network as a plain module, in evaluation mode, and the test set as it reads it."""

    result: Result
    model: nn.Module
    x: Tensor
    y: Tensor
    rows: Tensor

    def score(self, x: Tensor) -> Mapping[str, float]:
        with torch.no_grad():
            output = self.model(x)
        return {
            "loss": F.cross_entropy(output, self.y).item(),
            "accuracy": (output.argmax(1) == self.y).float().mean().item(),
        }

    def key(self, stream: str, number: int = 0) -> Tensor:
        step = torch.tensor([[FIRST_MEASURE + number]]).numpy()
        return torch.from_numpy(keys([mask_seed(self.result.recipe.seed)], step, [f"/measure/{stream}"])[0, 0, 0])

    def noise(self, stream: str, row: int) -> Noise:
        return Noise(self.key(stream)).stream(EXAMPLES + row)


def trained(
    measures: Mapping[str, AbstractMeasure], made: Structure, runs: int = 2, width: int = 2
) -> Mapping[str, Result]:
    recipes = [recipe(number, epochs=2, keep="best") for number in range(runs)]
    queue = Queue(recipes)
    loop.train(made, Widths.fixed(width), "never", queue, torch.device("cpu"), measures)
    return queue.results


def alone(made: Structure, result: Result) -> Alone:
    split = made.dataset.split(result.recipe.seed)
    model = made.build().eval()
    assert result.network is not None
    missing = model.load_state_dict(dict(result.network), strict=False)
    assert not missing.missing_keys
    x = (made.dataset.inputs[made.dataset.test] - split.mean) / split.std
    return Alone(result, model, x, split.test_targets, made.dataset.test)
