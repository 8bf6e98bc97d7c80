"""The functional dropouts of a pass are given to their sites."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from dropout_lab.adoption.functional import Call, call, dropped, is_dropout
from dropout_lab.adoption.places import Place, called_from
from dropout_lab.adoption.recorder import Key
from dropout_lab.sites.site import Site


class UnknownDropout(RuntimeError):
    """A dropout that no pass of the trial has met, so that no site stands for it; it fails its run alone."""

    def __init__(self, module: str, line: str) -> None:
        super().__init__(
            f"forward calls a dropout, {module or 'in the forward of the network'} ({line}), that it did not call in"
            " the trial before the training, so no rate was chosen for it; call it in every batch, not in a branch on"
            " values"
        )


class ChangedDropout(RuntimeError):
    """A dropout whose rate or method is not what it was in the trial; it fails its run alone."""

    def __init__(self, said: Call) -> None:
        now = said.own.written if said.drops else "off"
        super().__init__(
            f"a dropout is {now} in this step, and was not in the trial before the training ({said.place.line}), so its"
            " site has another rate; give it one rate, and choose a schedule by schedule=..."
        )


class Replay(TorchFunctionMode):
    """Gives each functional dropout of a pass to the site of its place and turn.

    places: the number of the site in `sites`. A dropout that the trial has not met is given to the site of the last
    turn at its place, or else of the same line; in evaluation mode it drops nothing. Raises UnknownDropout for others,
    and ChangedDropout for another rate than in the trial.
    """

    def __init__(self, places: Mapping[Key, int], sites: Sequence[Site]) -> None:
        super().__init__()
        self._places, self._sites = places, sites
        self._turns: dict[str, Counter[Place]] = {}

    def __enter__(self) -> "Replay":
        self._token = _active.set(self)
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *raised: Any) -> None:
        _active.reset(self._token)
        super().__exit__(*raised)  # type: ignore[no-untyped-call]

    def begin(self, path: str) -> None:
        """The forward of a module begins."""
        self._turns[path] = Counter()

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = kwargs or {}
        if not is_dropout(function):
            return function(*args, **named)
        place, module = called_from()
        turns = self._turns.setdefault(place.module, Counter())
        turn = turns[place]
        turns[place] += 1
        number = self._places.get((place, turn))
        said = call(function, args, named, place)
        if number is None:
            number = self._nearest(place, said.own.method)
        elif (module is None or module.training) and said.effect != _effect(self._sites[number]):
            raise ChangedDropout(said)
        if number is not None:
            return dropped(function, args, named, self._sites[number])
        if (module is None or module.training) and said.drops:
            raise UnknownDropout(place.module, place.line)
        return dropped(function, args, named, _nothing)

    def _nearest(self, place: Place, method: str) -> int | None:
        """The site of the last turn at a place, or else of its line, if the author's method there is this one."""
        known = {number: of for (of, _), number in self._places.items() if of.module == place.module}
        there = [number for number, of in known.items() if of == place]
        there = there or [number for number, of in known.items() if of.line == place.line]
        return max((number for number in there if self._method(number) == method), default=None)

    def _method(self, number: int) -> str | None:
        own = self._sites[number].own
        return own.method if own else None


_active: ContextVar[Replay | None] = ContextVar("_active", default=None)


def count_turns(network: nn.Module, paths: set[str]) -> None:
    """Have every call of these modules begin to count the turns of its functional dropouts anew."""
    for path in paths:
        network.get_submodule(path).register_forward_pre_hook(partial(_begin, path))


def refuse(site: nn.Module, arguments: Any) -> None:
    """A hook before the forward of a dropout module that no pass of the trial has met."""
    assert isinstance(site, Site)
    if site.training:
        written = site.own.written if site.own else "a dropout"
        raise UnknownDropout(site.name, written)


def _begin(path: str, module: nn.Module, arguments: Any) -> None:
    replay = _active.get()
    if replay is not None:
        replay.begin(path)


def _effect(site: Site) -> tuple[str, float]:
    own = site.own
    return (own.method, own.rate) if own is not None and own.rate > 0 else ("", 0.0)


def _nothing(x: Tensor) -> Tensor:
    return x
