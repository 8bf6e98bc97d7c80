"""Pretraining: each seed's network is trained without dropout before the training that is compared.

It is always eager, so a seed's network is bitwise the same for any neighbours and in any process.
"""

from collections.abc import Sequence

import torch

from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.recipe import Pretraining, Recipe
from dropout_lab.cohort.width import Widths


def pretrain(pretraining: Pretraining, seeds: Sequence[int], widths: Widths, device: torch.device) -> None:
    """Trains the networks of these seeds, as many at a time as `widths` allows, and keeps them in `pretraining`.

    Exceptions of the training are not caught.
    """
    most = widths.eager * widths.processes
    for start in range(0, len(seeds), most):
        together = seeds[start : start + most]
        those = Widths.in_all(len(together), widths.processes)
        lanes = Lanes(pretraining.structure, those.eager, device, those.processes)
        for lane, seed in enumerate(together):
            lanes.load(lane, _recipe(pretraining, seed))
        try:
            for _ in range(pretraining.epochs):
                lanes.train_epoch()
        finally:
            lanes.close()
        pretraining.networks.update({seed: lanes.state.of_lane(lane) for lane, seed in enumerate(together)})


def _recipe(pretraining: Pretraining, seed: int) -> Recipe:
    return Recipe(
        id=f"pretraining-{seed}",
        seed=pretraining.seed(seed),
        rates={},
        schedule=lambda progress: 1.0,
        optimizer=pretraining.structure.optimizer,
        epochs=max(1, pretraining.epochs),
        patience=None,
    )
