"""Dropout modules of the author's own, under any name. A trial on known input finds their method and rate."""

from typing import Any

import torch
from torch import Tensor, nn

from dropout_lab.core.attributes import changed, kept
from dropout_lab.sites.info import Own

TRIALS = 64
"""The examples on which a module is tried."""

MOST_TRIALS = 50
"""As often it is tried, until something is dropped."""


def own_of(module: nn.Module, arguments: Any, output: Any) -> Own | None:
    """What a module drops that was called with these arguments and gave this output; None if it does something else.

    It drops if it has no parameters and buffers, keeps nothing in attributes, is the identity in evaluation mode, and
    multiplies by 0 or 1 / (1 - rate) in training mode: the arguments, and values of either sign and several magnitudes.
    """
    if len(arguments) != 1 or not isinstance(arguments[0], Tensor) or not isinstance(output, Tensor):
        return None
    given = arguments[0]
    if output.shape != given.shape or not given.is_floating_point() or given.dim() == 0 or has_tensors(module):
        return None
    was = module.training
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            x, before = _values(given), kept(module)
            is_off = all(torch.equal(module.eval()(one), one) for one in (x, given))
            module.train()
            for _ in range(MOST_TRIALS):
                made = torch.stack([module(x) / x, module(-3 * x) / (-3 * x)])
                if bool((made[0] == 0).any()):
                    break
            trained = module(given)
            is_off = is_off and not changed(before, kept(module.train(was)))
    except Exception:  # it is the author's, and made for the shapes of the network
        return None
    finally:
        module.train(was)
    scale = float(made.max())
    drops = scale > 1 and _multiplies(made, torch.ones(()), scale) and _multiplies(trained, given, scale)
    method = _method(made[0] == 0) if is_off and drops else None
    if method is None:
        return None
    rate = 1 - 1 / scale
    return Own(method, round(rate, 6), f"{type(module).__name__}, by a trial: p={rate:.3g}")


def is_identity(module: nn.Module, x: Tensor) -> bool:
    """Whether a module gives back its input in both modes, as a dropout of the rate 0 does."""
    was = module.training
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            return all(torch.equal(module.train(mode)(x), x) for mode in (True, False))
    except Exception:  # it is the author's
        return False
    finally:
        module.train(was)


def has_tensors(module: nn.Module) -> bool:
    """Whether a module has parameters or buffers, which would be lost with it."""
    return next(module.parameters(), next(module.buffers(), None)) is not None


def _values(given: Tensor) -> Tensor:
    """Numbers of both signs, from 0.01 to 100, for `TRIALS` examples."""
    shape = TRIALS, *given.shape[1:]
    signs = torch.where(torch.rand(shape) < 0.5, -1.0, 1.0)
    return signs * 10 ** (4 * torch.rand(shape) - 2)


def _multiplies(made: Tensor, given: Tensor, scale: float) -> bool:
    """Whether each number is 0 or `scale` times the given one."""
    return bool(((made - scale * given).abs().minimum(made.abs()) <= 1e-5 * scale * given.abs()).all())


def _method(dropped: Tensor) -> str | None:
    """The method whose masks differ along the same axes: of examples, of these and channels, or of all; else None."""
    axes = [axis for axis, size in enumerate(dropped.shape) if size > 1]
    varying = [axis for axis in axes if not bool((dropped == dropped.narrow(axis, 0, 1)).all())]
    if varying == axes and len(axes) > 1:
        return "standard"
    if varying == [0]:
        return "stochastic_depth"
    return "spatial" if varying == [0, 1] else None
