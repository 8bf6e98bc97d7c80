"""The values at sites, seen or changed in a pass through a network."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

from torch import Tensor, nn

from dropout_lab.cohort.step import Program
from dropout_lab.models.fused import all_written_out


class Watch(NamedTuple):
    """What is done to the values that sites get."""

    sites: Sequence[str]
    hook: Callable[[str, Tensor, Mapping[str, Tensor]], Tensor]
    """Site, its values, (batch, ...), and what is given to the lane -> the values in their place."""
    given: Mapping[str, Tensor]
    """(lane, ...) each."""


@contextmanager
def hooked(program: Program, watch: Watch, given: Mapping[str, Tensor]) -> Iterator[Mapping[str, Sequence[Tensor]]]:
    """A context for one pass of a program's network in evaluation mode, of one lane, to which `given` belongs.

    It yields the values that each call of the sites gets, which are there when the pass is over.
    """
    seen: dict[str, list[Tensor]] = {site: [] for site in watch.sites}

    def enter(site: str, module: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        values = watch.hook(site, arguments[0], given)
        seen[site].append(values)
        return (values, *arguments[1:])

    with ExitStack() as stack:
        if watch.sites:  # a fused layer would pass over the sites before it
            stack.enter_context(all_written_out())
        for site in watch.sites:
            module = program.evaluated.get_submodule(program.sites[site])
            handle = module.register_forward_pre_hook(partial(enter, site))
            stack.callback(handle.remove)
        yield seen
