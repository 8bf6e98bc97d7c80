"""What passes through a network show: its functional dropouts, the modules that run, and those that draw."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from dropout_lab.adoption import by_trial
from dropout_lab.adoption.functional import Call, call, dropped, is_dropout
from dropout_lab.adoption.places import Place, called_from
from dropout_lab.core.blame import described, is_ours
from dropout_lab.core.errors import UserError
from dropout_lab.core.torch_private import without_checkpoints
from dropout_lab.sites.info import Own

Key = tuple[Place, int]
"""By what a functional dropout is known: its place, and its turn there."""


@dataclass(frozen=True)
class Seen:
    """What several passes have shown."""

    calls: Mapping[Key, Call]
    """The functional dropouts in the order of the forward, as in training mode."""
    in_evaluation: frozenset[Key]
    """Those that drop in evaluation mode, too."""
    met: Mapping[str, tuple[int, ...]]
    """Path of a module that ran -> the shape of one example of its first argument; () where that is no tensor."""
    drawing: Mapping[str, Own]
    """Path of a module of the author's that drops -> what it drops."""


class Recorder(TorchFunctionMode):
    """Records a pass, in which functional dropouts drop nothing."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.met: dict[str, tuple[int, ...]] = {}
        self.drawing: dict[str, tuple[Any, Any]] = {}
        """Path of a module without children that changed torch's random state -> its arguments and its output."""
        self._turns: list[Counter[Place]] = [Counter()]
        self._states: list[Tensor] = []
        self._network = network

    @contextmanager
    def watching(self) -> Iterator["Recorder"]:
        """A context in which the mode is on and knows the module whose forward runs."""

        def enter(path: str) -> Callable[..., None]:
            def hook(module: nn.Module, arguments: Any) -> None:
                self._turns.append(Counter())
                self._states.append(torch.get_rng_state())
                self.met.setdefault(path, _shape(arguments))

            return hook

        def leave(path: str) -> Callable[..., None]:
            def hook(module: nn.Module, arguments: Any, output: Any) -> None:
                self._turns.pop()
                if not torch.equal(self._states.pop(), torch.get_rng_state()) and not list(module.children()):
                    self.drawing[path] = arguments, output

            return hook

        hooks = []
        for path, module in self._network.named_modules():
            hooks += [module.register_forward_pre_hook(enter(path)), module.register_forward_hook(leave(path))]
        try:
            with self:
                yield self
        finally:
            for hook in hooks:
                hook.remove()

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = kwargs or {}
        if not is_dropout(function):
            return function(*args, **named)
        place, _ = called_from()
        turn = self._turns[-1][place]
        self._turns[-1][place] += 1

        def drop(x: Tensor) -> Tensor:
            found = call(function, args, named, place)
            self.calls.append(replace(found, turn=turn, shape=tuple(x.shape[1:])))
            return x

        return dropped(function, args, named, drop)


class Trial(NamedTuple):
    """The passes of one network."""

    trained: list[Recorder]
    evaluated: list[Recorder]
    drawing: dict[str, Own]


def tried(network: nn.Module, batches: Sequence[Tensor]) -> Trial:
    """Passes in both modes; they change the statistics of batch norms. Raises UserError where forward raises."""
    passes = {mode: [_pass(network.train(mode), batch) for batch in batches] for mode in (True, False)}
    network.train()
    drawn = {path: given for one in passes[True] for path, given in one.drawing.items()}
    own = {path: by_trial.own_of(network.get_submodule(path), *given) for path, given in drawn.items()}
    return Trial(passes[True], passes[False], {path: one for path, one in own.items() if one is not None})


def seen(trials: Sequence[Trial]) -> Seen:
    """What these passes show together. Raises UserError for a call that drops with several rates."""
    calls: dict[Key, Call] = {}
    order: list[Key] = []
    in_evaluation: set[Key] = set()
    met: dict[str, tuple[int, ...]] = {}
    passes = [(one, True) for trial in trials for one in trial.trained]
    passes += [(one, False) for trial in trials for one in trial.evaluated]
    for recorder, is_training in passes:
        met = {**recorder.met, **met}
        at = 0
        for one in recorder.calls:
            key = one.place, one.turn
            if key not in calls:
                order.insert(at, key)
            at = order.index(key) + 1
            if not is_training and one.drops:
                in_evaluation.add(key)
            one = one if is_training else replace(one, drops=False)
            first = calls.setdefault(key, one)
            if is_training and first.effect != one.effect:
                raise UserError(_several(first, one))
    drawing = {path: own for trial in trials for path, own in trial.drawing.items()}
    return Seen({key: calls[key] for key in order}, frozenset(in_evaluation), met, drawing)


def _several(first: Call, other: Call) -> str:
    was, now = (one.own.written if one.drops else "off" for one in (first, other))
    module = first.place.module or "the forward of the network"
    return (
        f"{module} calls one dropout with several rates: {was} and {now} ({first.place.line}). A site has one rate;"
        " write a call, or a module, for each"
    )


def _pass(network: nn.Module, x: Tensor) -> Recorder:
    recorder = Recorder(network)
    try:
        with without_checkpoints(), recorder.watching(), torch.no_grad():
            network(x)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        if is_ours(error):
            raise
        mode = "training" if network.training else "evaluation"
        raise UserError(f"forward raises in {mode} mode: {described(error)}") from error
    return recorder


def _shape(arguments: Any) -> tuple[int, ...]:
    return tuple(arguments[0].shape[1:]) if arguments and isinstance(arguments[0], Tensor) else ()
