"""A user's network alone: two passes over the same examples, and what they may not do."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from dropout_lab.cohort.own_draws import own_draws
from dropout_lab.cohort.stack import Layout, ties
from dropout_lab.core.attributes import changed, kept
from dropout_lab.core.blame import described, is_ours
from dropout_lab.core.errors import UserError
from dropout_lab.core.torch_private import is_written
from dropout_lab.models.layers import carried_buffers
from dropout_lab.sites.site import Site


@dataclass(frozen=True)
class Pass:
    """The result of one pass through a network alone."""

    output: Tensor
    params: Mapping[str, Tensor]
    """Parameters of the pass; the output has a gradient to them."""
    held: Mapping[str, Tensor]
    """Buffers and frozen parameters after the pass."""
    calls: Counter[Site]


class Draws(UserError):
    """A network that draws random numbers of its own in training."""


def alone(network: nn.Module, x: Tensor, shape: tuple[int, ...], key: Tensor | None = None) -> Pass:
    """The last of three passes with the same parameters and buffers, of which the second reads other examples.

    key: (2,), of what the network draws by itself in training mode; None: it may draw nothing. Raises UserError if the
    passes disagree, or if forward does what training does not allow, and `Draws` for draws without a key.
    """
    with own_draws(key) if key is not None else nullcontext():
        first, drawing = _pass(network, x)
    if drawing is not None and not network.training:
        raise UserError(
            f"forward draws random numbers by itself in evaluation mode, at {drawing}, so that a network would be"
            " measured by chance; draw only if self.training"
        )
    if drawing is not None and key is None:
        raise Draws(
            f"forward draws random numbers by itself, at {drawing}. No rate of dropout-lab reaches them, so the"
            " configuration without dropout contains them, too; nn.Dropout or F.dropout in their place would be a site"
        )
    _check_output(first.output, shape, _mode(network))
    second = _again(network, x, key)
    if not close(first.output, second.output):
        raise UserError(
            f"two passes over the same examples with the same parameters and buffers differ in {_mode(network)} mode."
            " What forward remembers must be a buffer (register_buffer), and what it draws must be drawn by a"
            " dropout_lab.sites.Site"
        )
    return second


def _again(network: nn.Module, x: Tensor, key: Tensor | None) -> Pass:
    """A pass after one over other examples. Raises UserError if these leave anything but buffers behind."""

    def passed(examples: Tensor) -> Pass:
        with own_draws(key) if key is not None else nullcontext():
            return _pass(network, examples)[0]

    values = kept(network)
    objects = {name: _found(network, name) for name in values}
    passed(x[:1].expand_as(x).clone())
    between = kept(network)
    again = passed(x)
    for name in dict.fromkeys((*changed(values, between), *changed(between, kept(network)))):
        if _found(network, name) is objects.get(name) or not _is_only_written(network, name, lambda: passed(x).output):
            is_generator = isinstance(objects.get(name), torch.Generator | np.random.Generator | random.Random)
            remedy = "draw from torch's own generator" if is_generator else "it must be a buffer (register_buffer)"
            raise UserError(
                f"forward changes the attribute {name}, which all runs that are trained together share; {remedy}"
            )
    return again


def _found(network: nn.Module, name: str) -> Any:
    path, _, attribute = name.rpartition(".")
    return vars(network.get_submodule(path)).get(attribute)


def _is_only_written(network: nn.Module, name: str, output: Callable[[], Tensor]) -> bool:
    """Whether an attribute, such as the weights of an attention for a figure, is made anew and never read.

    Without it, the passes of both modes must give the same. What may be a count is taken to be read.
    """
    path, _, attribute = name.rpartition(".")
    module, was = network.get_submodule(path), network.training
    if isinstance(vars(module).get(attribute), bool | int | float | str | None):
        return False
    modes = [(part, part.training) for part in network.modules()]
    try:
        for training in (was, not was):
            network.train(training)
            value = vars(module)[attribute]
            full = output()
            del vars(module)[attribute]
            bare = output()
            vars(module).setdefault(attribute, value)
            if not close(full, bare):
                return False
    except UserError:  # it is read
        vars(module).setdefault(attribute, value)
        return False
    finally:
        for part, mode in modes:
            part.training = mode
    return True


def _pass(network: nn.Module, x: Tensor) -> tuple[Pass, str | None]:
    """A pass, and the module in which torch's random state changed, if it did."""
    trained = {name for name, param in network.named_parameters() if param.requires_grad}
    params = {n: p.detach().clone().requires_grad_() for n, p in network.named_parameters() if n in trained}
    given = {**params, **{name: value.clone() for name, value in Layout.held(network).items()}}
    for name in carried_buffers(network):
        given[name] = given[name].expand(len(x), *given[name].shape[1:]).clone()
    before = dict(given)
    given |= {further: given[name] for further, name in ties(network).items()}
    calls: Counter[Site] = Counter()
    drawing: list[str] = []
    states: list[tuple[bytes, ...]] = []

    def enter(module: nn.Module, arguments: Any) -> None:
        states.append(_random_state())

    def leave(path: str) -> Callable[..., None]:
        def hook(module: nn.Module, arguments: Any, output: Any) -> None:
            if states.pop() != _random_state():
                drawing.append(f"{path or 'its own forward'} ({type(module).__name__})")

        return hook

    hooks = []
    for path, module in network.named_modules():
        hooks += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave(path))]
        if isinstance(module, Site):
            module.observer = lambda site, values: calls.update([site])
    buffers = {name for name, _ in network.named_buffers()}
    try:
        output = functional_call(network, given, (x,), tie_weights=False)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        if is_ours(error):
            raise
        raise UserError(f"forward raises in {_mode(network)} mode: {described(error)}") from error
    finally:
        for hook in hooks:
            hook.remove()
        for module in network.modules():
            if isinstance(module, Site):
                module.observer = None
    if new := {name for name, _ in network.named_buffers()} - buffers:
        raise UserError(f"forward makes the buffer {min(new)}; register it in the constructor, with its shape")
    _check_changes(network, before, given)
    return Pass(output, params, {name: given[name] for name in before.keys() - params.keys()}, calls), (
        drawing[0] if drawing else None
    )


def _check_changes(network: nn.Module, before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> None:
    """Raises UserError if forward has changed what it may not change."""
    original = {**Layout.held(network), **dict(network.named_parameters())}
    buffers = {name for name, _ in network.named_buffers()}
    for name, value in before.items():
        is_changed = after[name] is not value or is_written(value)
        if name not in buffers and (is_changed or not torch.equal(value, original[name])):
            raise UserError(f"forward changes the parameter {name}, which is the optimizer's to change")
        if name in buffers and is_changed and not network.training and name not in carried_buffers(network):
            raise UserError(
                f"forward changes the buffer {name} in evaluation mode, so that to measure a network would change it;"
                " change it only if self.training"
            )
        if after[name].shape != value.shape or after[name].dtype != value.dtype:
            was, now = (f"{tuple(one.shape)} {str(one.dtype)[6:]}" for one in (value, after[name]))
            raise UserError(f"forward makes the buffer {name} {now}, but it was registered as {was}; keep its shape")


def _check_output(output: Any, shape: tuple[int, ...], mode: str) -> None:
    if not isinstance(output, Tensor):
        keys = f" with the keys {', '.join(map(str, output))}, and no logits," if isinstance(output, Mapping) else ""
        raise UserError(
            f"forward returns a {type(output).__name__}{keys} in {mode} mode; must return a tensor, {shape} here"
        )
    fits = output.shape == shape or (shape[-1] == 1 and output.shape == shape[:-1])
    if not (fits and output.is_floating_point()):
        raise UserError(
            f"forward returns the shape {tuple(output.shape)} ({str(output.dtype)[6:]}) for {shape[0]} examples in"
            f" {mode} mode; must be {shape}, of floating-point numbers"
        )
    if bool(output.isnan().any()):
        raise UserError(f"forward returns numbers that are not a number (nan) in {mode} mode, for the first examples")


def _random_state() -> tuple[bytes, ...]:
    """The states of the generators of torch, NumPy and Python."""
    kind, numbers, place, *_ = np.random.get_state()
    return (
        torch.get_rng_state().numpy().tobytes(),
        f"{kind} {place}".encode() + np.asarray(numbers).tobytes(),
        repr(random.getstate()).encode(),
    )


def close(ours: Tensor, alone: Tensor) -> bool:
    """Whether two results are equal up to the rounding of another order of summation."""
    ours, alone = ours.detach().double(), alone.detach().double()
    least = 1e-3 * float(alone.abs().nan_to_num(0, 0, 0).max()) if alone.numel() else 0.0
    return ours.shape == alone.shape and torch.allclose(ours, alone, rtol=1e-3, atol=least + 1e-6, equal_nan=True)


def _mode(network: nn.Module) -> str:
    return "training" if network.training else "evaluation"
