"""The network of a `model` section, made for a dataset."""

from typing import Any

import torch
from torch.nn.parameter import is_lazy

from dropout_lab.config.instantiate import instantiate, takes
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import Config
from dropout_lab.datasets.dataset import Dataset


def network(section: Config, dataset: Dataset) -> torch.nn.Module:
    """The network of a `model` section, with its initial weights drawn from torch's generator.

    Raises UserError if the target makes no module, or its constructor lacks an argument that the dataset needs.
    """
    given = {"input_shape": dataset.input_shape, "outputs": dataset.outputs, **_sequence_arguments(section, dataset)}
    model = instantiate("model", section, **given)
    if not isinstance(model, torch.nn.Module):
        raise UserError(f"model: {section['_target_']} makes a {type(model).__name__}; must be a torch.nn.Module")
    if any(is_lazy(value) for value in (*model.parameters(), *model.buffers())):
        with torch.no_grad():
            model.eval()(dataset.example())  # lazy modules take their shapes, and draw their weights
        model.train()
    return model


def is_of_this_package(section: Config) -> bool:
    """Whether a section's target is a class of dropout-lab."""
    return str(section.get("_target_", "")).startswith("dropout_lab.")


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
