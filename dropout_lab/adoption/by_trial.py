"""Dropout modules of the author's own, under any name. A trial on known input finds their method and rate."""

from typing import Any

import torch
from torch import Tensor, nn

from dropout_lab.sites.info import Own

TRIALS = 64
"""The examples on which a module is tried."""

MOST_TRIALS = 50
"""As often it is tried, until something is dropped."""


def own_of(module: nn.Module, arguments: Any, output: Any) -> Own | None:
    """What a module drops that was called with these arguments and gave this output; None if it does something else.

    It drops if it is the identity in evaluation mode and multiplies by 0 or 1 / (1 - rate) in training mode.
    """
    if len(arguments) != 1 or not isinstance(arguments[0], Tensor) or not isinstance(output, Tensor):
        return None
    given = arguments[0]
    if output.shape != given.shape or not given.is_floating_point() or given.dim() == 0:
        return None
    ones = torch.ones(TRIALS, *given.shape[1:])
    was = module.training
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            evaluated = module.eval()(ones * 3)
            module.train()
            for _ in range(MOST_TRIALS):
                made = torch.stack([module(ones), module(ones * 3) / 3])
                if bool((made[0] == 0).any()):
                    break
    except Exception:  # it is the author's, and made for the shapes of the network
        return None
    finally:
        module.train(was)
    scale = float(made.max())
    multiplies = bool(((made - scale).abs().minimum(made.abs()) < 1e-5 * scale).all()) if scale > 1 else False
    if not multiplies or not torch.equal(evaluated, ones * 3):
        return None
    method = _method(made[0] == 0)
    if method is None:
        return None
    rate = 1 - 1 / scale
    return Own(method, round(rate, 6), f"{type(module).__name__}, by a trial: p={rate:.3g}")


def _method(dropped: Tensor) -> str | None:
    """The method whose masks differ along the same axes: of examples, of these and channels, or of all; else None."""
    axes = [axis for axis, size in enumerate(dropped.shape) if size > 1]
    varying = [axis for axis in axes if not bool((dropped == dropped.narrow(axis, 0, 1)).all())]
    if varying == axes and len(axes) > 1:
        return "standard"
    if varying == [0]:
        return "stochastic_depth"
    return "spatial" if varying == [0, 1] else None
