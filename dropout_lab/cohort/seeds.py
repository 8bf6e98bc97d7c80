"""What a run's seed decides before its training: the split of the data and the initial network."""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from dropout_lab.cohort.recipe import Structure
from dropout_lab.cohort.step import Program
from dropout_lab.cohort.transfer import carry_over
from dropout_lab.core.seeding import generator
from dropout_lab.sites.site import install

SEEDS_KEPT = 64
"""Seeds whose split and initial network are kept for further runs."""


class Network(NamedTuple):
    """A network's tensors, without those that the lanes give to its sites."""

    params: Tensor
    """(size,), in the program's layout."""
    buffers: dict[str, Tensor]
    """Buffers and frozen parameters, by name."""


class Seeds:
    """Splits and initial networks of a structure's runs, by seed; runs of one seed share both, whatever their rates."""

    def __init__(self, structure: Structure, program: Program) -> None:
        self._structure, self._program = structure, program
        self.split = lru_cache(SEEDS_KEPT)(structure.split)
        self.network = lru_cache(SEEDS_KEPT)(self._network)

    def template(self) -> Network:
        """A network of the right shapes, which needs no pretraining."""
        return self._flattened(self._built(0))

    def _network(self, seed: int) -> Network:
        model = self._built(seed)
        if self._structure.pretraining is not None:
            carry_over(self._structure.pretraining.networks[seed], model, self._structure.dataset.outputs)
        return self._flattened(model)

    def _built(self, seed: int) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(generator(seed, "init").integers(2**63)))
            return self._structure.build()

    def _flattened(self, model: nn.Module) -> Network:
        install(model, self._structure.dropout)
        layout, sites = self._program.layout, self._program.sites.values()
        buffers = {name: value for name, value in layout.held(model).items() if name.rpartition(".")[0] not in sites}
        return Network(layout.flatten(dict(model.named_parameters())).detach(), buffers)
