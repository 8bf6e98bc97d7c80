"""The network of a `model` section, made for a dataset."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.nn.parameter import is_lazy

from dropout_lab.adoption.adopt import adopt, discover
from dropout_lab.adoption.recorder import Seen
from dropout_lab.adoption.unmet import unmet
from dropout_lab.build.state_names import named, state
from dropout_lab.build.weights import load
from dropout_lab.cohort.own_draws import own_draws
from dropout_lab.cohort.passes import inputs_of
from dropout_lab.config.instantiate import instantiate, named_arguments, takes
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import INSERT, WEIGHTS, Config
from dropout_lab.datasets.dataset import Dataset

TRIED, BATCHES, SEEDS = 4, 2, 2
"""The examples of a batch, the batches and the networks by whose passes functional dropouts are found."""

MARK = "data:"
"""What `${data:NAME}` becomes in a config, until the dataset is known."""


def network(section: Config, dataset: Dataset, found: Seen | None = None) -> torch.nn.Module:
    """The network of a `model` section, with its initial weights drawn from torch's generator.

    A network from outside this package is adopted: its dropouts become sites (`adoption.adopt`). found: what `tried`
    has given for its section, if it was tried before. Raises UserError if the target makes no module, or its
    constructor lacks an argument that the dataset needs.
    """
    model = constructed(section, dataset)
    own = state(model)
    if is_of_this_package(section):
        if section.get(INSERT):
            raise UserError("sites.insert: the models of dropout-lab have their sites; placements name them")
        return named(model, own)
    found = found or tried(section, dataset)
    try:
        return named(adopt(model, dataset.example(), section.get(INSERT, ()), found), own)
    except UserError as error:
        raise UserError(f"model ({section['_target_']}): {error}") from error.__cause__


def tried(section: Config, dataset: Dataset) -> Seen:
    """What passes of real examples show of the networks of the first seeds.

    Every network of the section has the sites that these have met, whatever its own weights would meet.
    """
    split = dataset.split(0)
    given = {"inputs": dataset.inputs, **{name: value.unsqueeze(0) for name, value in split.reading().items()}}
    rows = split.train[: TRIED * BATCHES]
    batches = [inputs_of(rows[None, at : at + TRIED], given)[0] for at in range(0, len(rows), TRIED)]
    with own_draws(torch.zeros(2, dtype=torch.int32)):
        networks = []
        for seed in range(SEEDS):
            torch.manual_seed(seed)
            networks.append(constructed(section, dataset))
        try:
            return discover(networks, batches)
        except UserError as error:
            raise UserError(f"model ({section['_target_']}): {error}") from error.__cause__


def unmet_dropouts(section: Config, dataset: Dataset, found: Seen) -> Sequence[str]:
    """Where a user's network calls dropouts that `tried` has not met; see `adoption.unmet`."""
    return unmet(constructed(section, dataset), found)


def constructed(section: Config, dataset: Dataset) -> torch.nn.Module:
    """The network as its author wrote it, before it is adopted, with the weights of its file if it has one."""
    plain = {key: _filled(value, dataset) for key, value in section.items() if key not in (INSERT, WEIGHTS)}
    given = _arguments(plain, dataset) if is_of_this_package(section) else _taken(plain, dataset)
    model = instantiate("model", plain, **given)
    if not isinstance(model, torch.nn.Module):
        raise UserError(f"model: {section['_target_']} makes a {type(model).__name__}; must be a torch.nn.Module")
    if any(is_lazy(value) for value in (*model.parameters(), *model.buffers())):
        with torch.no_grad():
            model.eval()(dataset.example())  # lazy modules take their shapes, and draw their weights
        model.train()
    if WEIGHTS in section:
        load(model, section[WEIGHTS], str(section["_target_"]))
    return model


def is_of_this_package(section: Config) -> bool:
    """Whether a section's target is a class of dropout-lab, whose networks have their sites."""
    target = str(section.get("_target_", ""))
    return target.startswith("dropout_lab.") and not target.startswith("dropout_lab.adoption.")


def facts(dataset: Dataset) -> Mapping[str, Any]:
    """What a constructor may need of the data: the names behind `${data:...}`."""
    shape = dataset.input_shape
    known = {"input_shape": list(shape), "outputs": dataset.outputs, "features": shape[-1], "channels": shape[0]}
    known["size"] = shape[-1]
    if len(shape) > 1:
        known["steps"] = shape[-2]
    if dataset.vocabulary:
        known["vocabulary"], known["steps"] = len(dataset.vocabulary), shape[0]
    return known


def _filled(value: Any, dataset: Dataset) -> Any:
    """A value of a section with the data's facts in the place of their marks."""
    if isinstance(value, Mapping):
        return {key: _filled(one, dataset) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(one, dataset) for one in value]
    if not isinstance(value, str) or not value.startswith(MARK):
        return value
    known, name = facts(dataset), value.removeprefix(MARK)
    if name not in known:
        raise UserError(f"model: ${{{value}}}: {dataset.name} has no {name}; allowed: {', '.join(known)}")
    return known[name]


def _arguments(section: Config, dataset: Dataset) -> dict[str, Any]:
    """What the models of this package get."""
    return {"input_shape": dataset.input_shape, "outputs": dataset.outputs, **_sequence_arguments(section, dataset)}


def _taken(section: Config, dataset: Dataset) -> dict[str, Any]:
    """What a constructor of the user's names in its signature, and the section does not give."""
    known: dict[str, Any] = {"input_shape": dataset.input_shape, "outputs": dataset.outputs}
    if dataset.vocabulary:
        known["vocabulary"] = len(dataset.vocabulary)
    known |= {"per_position": dataset.task == "token_classification", "is_stream": dataset.is_stream}
    named = named_arguments(section)
    return {name: value for name, value in known.items() if name in named and name not in section}


def _sequence_arguments(section: Config, dataset: Dataset) -> dict[str, Any]:
    """What models of sequences get besides: the number of tokens, and whether every position is classified."""
    per_position = dataset.task == "token_classification"
    if not dataset.vocabulary and not per_position:
        return {}
    more = {"vocabulary": len(dataset.vocabulary) or None, "per_position": per_position, "is_stream": dataset.is_stream}
    taken = [name for name in more if takes(section, name)]
    if missing := [name for name in ("vocabulary", "per_position") if more[name] and name not in taken]:
        raise UserError(
            f"model: {dataset.name} is a set of sequences, and the constructor of {section['_target_']} takes no"
            f" {missing[0]}; choose model=rnn or model=transformer, or add that argument"
        )
    return {name: more[name] for name in taken}
