"""The parameters of a network by name: which of them are frozen, and which have a learning rate of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from dropout_lab.cohort.stack import ties
from dropout_lab.config.patterns import check_matches, matching
from dropout_lab.core.errors import UserError


@dataclass(frozen=True)
class Parameters:
    """The names of a network's parameters."""

    first: Mapping[str, str]
    """Every name -> the first name of the same parameter, which other names may share."""
    trained: frozenset[str]
    """The first names of those that require a gradient."""

    @classmethod
    def of(cls, model: nn.Module) -> "Parameters":
        """Those of a model as its constructor has made it."""
        further = ties(model)
        names = [name for name, _ in model.named_parameters(remove_duplicate=False)]
        trained = frozenset(name for name, param in model.named_parameters() if param.requires_grad)
        return cls({name: further.get(name, name) for name in names}, trained)

    def named(self, pattern: str) -> set[str]:
        """The first names of the parameters that a pattern names."""
        return {self.first[name] for name in matching(pattern, self.first)}


def freeze(model: nn.Module, patterns: Sequence[str]) -> nn.Module:
    """The model, whose parameters that a pattern names require no gradient any more."""
    named = dict(model.named_parameters(remove_duplicate=False))
    for pattern in patterns:
        for name in matching(pattern, named):
            named[name].requires_grad_(False)
    return model


def check_frozen(parameters: Parameters, patterns: Sequence[str]) -> frozenset[str]:
    """The names of the parameters that are trained beside these frozen ones.

    Raises UserError for a pattern that names no parameter, and if none is left to train.
    """
    left = parameters.trained
    for pattern in patterns:
        check_matches(f"trainer.freeze={pattern}", pattern, parameters.first)
        left -= parameters.named(pattern)
    if not left:
        raise UserError(f"trainer.freeze=[{','.join(patterns)}]: leaves no parameter to train; freeze fewer")
    return left


def check_groups(parameters: Parameters, trained: frozenset[str], groups: Mapping[str, object]) -> None:
    """Raises UserError for a group without a parameter that is trained, and for a parameter in two groups."""
    seen: dict[str, str] = {}
    for pattern in groups:
        key = f"optimizer.groups.{pattern}"
        check_matches(key, pattern, parameters.first)
        own = parameters.named(pattern) & trained
        if not own:
            raise UserError(f"{key}: all parameters that it matches are frozen; leave it out, or freeze fewer")
        for name in sorted(own):
            if name in seen:
                raise UserError(f"{key}: {name} is in the group {seen[name]} too; must be in one group at most")
            seen[name] = pattern
