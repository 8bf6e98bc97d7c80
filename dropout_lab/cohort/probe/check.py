"""Whether a user's network trains in lanes as it would alone: tried with a few examples, before any training.

What lanes cannot keep apart, or would silently get wrong, is refused with its place in the network and the remedy.
"""

import warnings

import torch
from torch import Tensor, nn

from dropout_lab.cohort.passes import inputs_of
from dropout_lab.cohort.probe.alone import Pass, alone
from dropout_lab.cohort.probe.side_by_side import check_side_by_side
from dropout_lab.cohort.recipe import Structure
from dropout_lab.core.errors import UserError
from dropout_lab.sites.site import Site

EXAMPLES = 4
"""Examples of the batch that a network is tried with."""


def check_network(structure: Structure, name: str) -> None:
    """Tries a network, the class `name`, alone and in two lanes.

    structure: one without dropout and without options.
    Raises UserError if the network would not be trained as written.
    """
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about speed; in training they are shown
        networks, states = [], []
        for seed in range(2):
            torch.manual_seed(seed)
            networks.append(structure.build())
            states.append(torch.get_rng_state())
        try:
            if torch.equal(*states):
                raise UserError(
                    "its constructor sets torch's seed, so every seed would begin with the same weights; leave that out"
                )
            _check(structure, networks)
        except UserError as error:
            raise type(error)(f"model ({name}): {error}") from error.__cause__


def _check(structure: Structure, networks: list[nn.Module]) -> None:
    x, y = _batch(structure)
    key = torch.zeros(2, dtype=torch.int32) if structure.engine == "loop" else None
    passes: list[dict[bool, Pass]] = []
    for network in networks:
        of_modes = {}
        for training in (False, True):
            network.train(training)
            of_modes[training] = alone(network, x, _shape(structure, len(x)), key if training else None)
        passes.append(of_modes)
    for site in (part for part in networks[0].modules() if isinstance(part, Site)):
        off, on = (passes[0][training].calls[site] for training in (False, True))
        if on != off and site.own is None:  # what an author wrote may drop in training mode alone
            raise UserError(
                f"forward calls the site {site.name} {on} times in training mode and {off} times in evaluation mode;"
                " the two must agree"
            )
    check_side_by_side(structure, networks, passes, x, y)


def _batch(structure: Structure) -> tuple[Tensor, Tensor]:
    """Examples of the training part, as inputs of a network, and their targets."""
    split = structure.dataset.split(0)
    reading = {name: value.unsqueeze(0) for name, value in split.reading().items()}
    rows = split.train[:EXAMPLES].unsqueeze(0)
    return inputs_of(rows, {"inputs": structure.dataset.inputs, **reading})[0], split.train_targets[:EXAMPLES]


def _shape(structure: Structure, examples: int) -> tuple[int, ...]:
    """The output's shape."""
    dataset = structure.dataset
    places = dataset.targets.shape[1:] if dataset.task == "token_classification" else ()
    return examples, *places, dataset.outputs
