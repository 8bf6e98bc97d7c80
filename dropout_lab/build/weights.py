"""Pretrained weights: the tensors of a file in a network, and which of its parameters begin anew."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

import torch
from torch import Tensor, nn

from dropout_lab.core import tensor_files
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import Config

SHOWN = 6
"""Names of each kind that a message lists."""


class Misfits(NamedTuple):
    """What a file and a network do not share."""

    missing: Sequence[str]
    """In the network alone."""
    unexpected: Sequence[str]
    """In the file alone."""
    reshaped: Mapping[str, str]
    """In both, with another shape or kind of number: name -> both."""

    @property
    def names(self) -> Sequence[str]:
        return [*self.missing, *self.unexpected, *self.reshaped]


def load(network: nn.Module, spec: Config, target: str) -> None:
    """Copy the tensors of a file into a network; those that `reinit` names keep the values of the constructor.

    spec: what `model._weights_` holds. Raises UserError, with the names, unless all others agree in name and shape.
    """
    path, patterns = str(spec["path"]), [str(pattern) for pattern in spec["reinit"]]
    held = tensor_files.read(path, str(spec["sha256"]))
    own = {name: value for name, value in network.state_dict(keep_vars=True).items() if isinstance(value, Tensor)}
    _check_patterns(patterns, own, held, path)
    taken = {name: value for name, value in held.items() if not is_named(name, patterns)}
    wanted = {name: value for name, value in own.items() if not is_named(name, patterns)}
    misfits = _misfits(taken, wanted)
    if misfits.names:
        raise UserError(_refusal(misfits, path, target, own, held))
    _check_ties(taken, wanted, path)
    _check_reinit(own, wanted)
    try:
        with torch.no_grad():
            network.load_state_dict(taken, strict=False)
    except RuntimeError as error:
        raise UserError(f"model.weights={path}: {target} does not load it: {error}") from error


def is_named(name: str, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns is the name's."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def reinitialised(spec: Config, names: Sequence[str]) -> Sequence[str]:
    """Those of a network's names whose tensors the file does not set."""
    return [name for name in names if is_named(name, spec["reinit"])]


def _check_patterns(patterns: Sequence[str], own: Iterable[str], held: Iterable[str], path: str) -> None:
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in (*own, *held)):
            raise UserError(
                f"weights.reinit={pattern}: names nothing in the network, and nothing in {path}; the network's layers"
                f" are {_some(_layers(own), most=40)}"
            )


def _layers(names: Iterable[str]) -> Sequence[str]:
    """The layers that these tensors are of, or a tensor's own name where it is of none."""
    return list(dict.fromkeys(name.rpartition(".")[0] or name for name in names))


def _misfits(taken: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Misfits:
    """A missing name of a tied tensor is none, if the file has another of its names."""
    set_by_another = {id(wanted[name]) for name in taken.keys() & wanted.keys()}
    both = [name for name in wanted if name in taken]
    return Misfits(
        missing=[name for name, value in wanted.items() if name not in taken and id(value) not in set_by_another],
        unexpected=[name for name in taken if name not in wanted],
        reshaped={
            name: f"{_described(taken[name])} in the file, {_described(wanted[name])} in the network"
            for name in both
            if taken[name].shape != wanted[name].shape
            or taken[name].is_floating_point() != wanted[name].is_floating_point()
        },
    )


def _check_ties(taken: Mapping[str, Tensor], wanted: Mapping[str, Tensor], path: str) -> None:
    """Raises UserError where the network ties what the file has as two different tensors."""
    first: dict[int, str] = {}
    for name in (name for name in wanted if name in taken):
        other = first.setdefault(id(wanted[name]), name)
        if not torch.equal(taken[name], taken[other]):
            raise UserError(
                f"model.weights={path}: the network has one tensor for {other} and {name}, which differ in the file;"
                " name both in weights.reinit, or load the file into a network without that tie"
            )


def _check_reinit(own: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Raises UserError where a name that shall begin anew is tied to one that the file sets."""
    by_tensor = {id(value): name for name, value in wanted.items()}
    for name in own.keys() - wanted.keys():
        if (other := by_tensor.get(id(own[name]))) is not None:
            raise UserError(
                f"weights.reinit: {name} is the same tensor as {other}, which the file sets; name both, or neither"
            )


def _refusal(misfits: Misfits, path: str, target: str, own: Mapping[str, Tensor], held: Mapping[str, Tensor]) -> str:
    lines = [f"model.weights={path} does not fit {target}:"]
    if misfits.missing:
        lines.append(f"  not in the file: {_some(misfits.missing)}")
    if misfits.unexpected:
        lines.append(f"  not in the network: {_some(misfits.unexpected)}")
    shown = list(misfits.reshaped.items())[:SHOWN]
    lines += [f"  {name}: {what}" for name, what in shown]
    if len(misfits.reshaped) > len(shown):
        lines.append(f"  and {len(misfits.reshaped) - len(shown)} more of other shapes")
    if own.keys().isdisjoint(held):
        lines.append(
            "No name agrees. A prefix such as module. or model. is from a wrapper: save the state_dict of the network"
            " inside of it."
        )
    else:
        patterns = [layer if layer in misfits.names else f"{layer}.*" for layer in _layers(misfits.names)]
        lines.append(
            "A layer that shall begin anew, such as a head for other classes, is named by patterns:"
            f" 'weights.reinit=[{','.join(patterns)}]'"
        )
    return "\n".join(lines)


def _described(value: Tensor) -> str:
    kind = "" if value.is_floating_point() else f" {str(value.dtype).removeprefix('torch.')}"
    return f"({', '.join(map(str, value.shape))}){kind}"


def _some(names: Sequence[str], most: int = SHOWN) -> str:
    return f"{', '.join(names[:most])}{f' and {len(names) - most} more' if len(names) > most else ''}"
