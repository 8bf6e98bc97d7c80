"""What a command means that leaves something out: where dropout goes, and what is swept."""

from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from dropout_lab.build import train
from dropout_lab.config.placement import matching
from dropout_lab.core.errors import UserError
from dropout_lab.records.folder import is_sweep
from dropout_lab.records.store import read
from dropout_lab.sweep.space import key_of
from dropout_lab.sweep.variants import Variants, resolve

PLACEMENTS = {"nonrecurrent": "recurrent", "vaswani": "attention_out.*", "everywhere": "*"}
"""Where dropout goes that was placed nowhere, in models without hidden layers, and the site that a model must have for
it: the first one at which the method can act."""

Composed = dict[tuple[str, ...], tuple[DictConfig, Mapping[str, str]]]
"""Members of the swept groups -> the composed config, and the names of all its members."""


def swept_there(
    config: DictConfig, arguments: Sequence[str], given: Container[str], default_params: Mapping[str, Any]
) -> list[str]:
    """The command's words with one value of a key as a sweep of that value, where its folder has swept the key.

    Nothing, if the folder is new, or swept what the default sweep would: else this would train placements there that
    nobody asked for.
    """
    folder = Path(str(config.hydra.sweep.dir)) if config.name else None
    if folder is None or not is_sweep(folder):
        return []
    sessions = read(folder, without=("curves", "learned", "lanes")).sessions
    swept = sessions[-1]["axes"] if sessions else {}
    if all(key in swept for key in default_params if key not in given):
        return []
    words = [(line, *line.partition("=")) for line in arguments]
    lines = [f"{key}=choice({value})" if key_of(line) in swept else line for line, key, _, value in words]
    return lines if lines != list(arguments) else []


def default_placement(
    composed: Composed, compose_all: Callable[[Sequence[str]], Composed], fixed: Sequence[str]
) -> tuple[list[str], Composed] | None:
    """The overrides with a placement, and what is composed of them, where the model lacks the config's default one.

    None where it has that, and where no other will do: then that one is refused, with its reason.
    """
    if all(map(_has_sites, composed.values())):
        return None
    sites = [_sites(resolve(whole)) for whole, _ in composed.values()]
    for name, pattern in PLACEMENTS.items():
        lines = [*fixed, f"placement={name}"]
        if all(matching(pattern, of_model) for of_model in sites) and _can_train(placed := compose_all(lines)):
            return lines, placed
    return None


def _has_sites(composed: tuple[DictConfig, Mapping[str, str]]) -> bool:
    """Whether the model has a site for every pattern of the placement."""
    config = resolve(composed[0])
    sites = _sites(config)
    return all(matching(pattern, sites) for pattern in config["placement"]["weights"])


def _sites(config: Mapping[str, Any]) -> Sequence[str]:
    return [place.site for place in train.places(config["model"], config["dataset"])]


def _can_train(composed: Composed) -> bool:
    try:
        for whole, choices in composed.values():
            train.describe(resolve(whole), choices)
    except UserError:
        return False
    return True


def fitting(compose: Variants, placements: Sequence[str]) -> Sequence[str]:
    """Those of the default sweep's placements at which the model can be trained; all, if that is none."""
    usable = []
    for placement in placements:
        try:
            train.describe(*compose({"placement": placement}))
        except UserError:
            continue
        usable.append(placement)
    return usable or placements


def lines_of(params: Mapping[str, Any], given: Container[str]) -> list[str]:
    """Parameters as override lines, without those that the command line gives itself."""
    return [f"{key}={value}" for key, value in params.items() if key not in given]
