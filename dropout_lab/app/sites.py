"""`dropout-lab sites`: where dropout can act in a network, and what its author wrote there."""

import sys
from collections.abc import Sequence

import torch
from hydra.types import HydraContext
from omegaconf import DictConfig
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from dropout_lab.build.builder import Builder
from dropout_lab.build.network import is_of_this_package, network
from dropout_lab.config.check import check
from dropout_lab.sites.info import SiteInfo
from dropout_lab.sweeper.axes import Swept
from dropout_lab.sweeper.command import Command
from dropout_lab.sweeper.composer import Composer
from dropout_lab.sweeper.variants import resolve

PIPED = 240
"""The width of what is no terminal, in which no name is folded."""
HEADER = ("site", "kind", "shape", "method", "rate", "written as")


def run_sites(context: HydraContext, config: DictConfig, command: Command) -> None:
    """Print the sites of the command's model. Raises UserError for a network that cannot be trained."""
    composer = Composer(context.config_loader, config)
    ((whole, _),) = composer.compose(Swept([], command.overrides, [], False), command.overrides).values()
    settings = resolve(whole)
    check(settings)
    builder, model = Builder(), settings["model"]
    infos = builder.site_infos(model, settings["dataset"])
    is_seen = sys.stdout.isatty()
    console = Console(soft_wrap=True, highlight=False, markup=False, width=None if is_seen else PIPED)
    with torch.random.fork_rng(devices=[]):
        made = network(model, builder.dataset(settings["dataset"]))
    parameters = sum(parameter.numel() for parameter in made.parameters())
    count = "1 site" if len(infos) == 1 else f"{len(infos)} sites"
    console.print(f"{model['_target_']}: {parameters:,} parameters, {count}")
    if infos:
        console.print(_table(infos))
    for line in builder.warned(model, settings["dataset"]):
        console.print(f"{line[0].upper()}{line[1:]}")
    if any(info.own is not None for info in infos):
        others = "" if all(info.own is not None for info in infos) else ", the others by standard"
        console.print(f"Without dropout=, sites drop by these methods{others}, with every placement (dropout=own).")
    console.print(_next(infos, ours=is_of_this_package(model)))


def _table(infos: Sequence[SiteInfo]) -> Table:
    """A row for each site, in the order of forward; no cell is cut, however narrow the terminal is."""
    table = Table(box=SIMPLE, header_style="bold")
    for name in HEADER:
        table.add_column(name, overflow="fold")
    for info in infos:
        shape = "x".join(map(str, info.shape)) or "1"
        kind = f"{info.kind}, {info.calls} calls" if info.calls > 1 else info.kind
        own = ("", "", "")
        if info.own is not None:
            always = ", in evaluation too" if info.own.in_evaluation else ""
            always = ", in training alone" if info.evaluated == 0 else always
            own = info.own.method, f"{info.own.rate:g}", f"{info.own.written}{always}"
        table.add_row(info.site, kind, shape, *own)
    return table


def _next(infos: Sequence[SiteInfo], *, ours: bool) -> str:
    """What to do with the sites."""
    if not infos:
        return (
            "The network has no dropout. Put sites behind modules of it: 'sites.insert=[layer3.*,fc]', by the paths of"
            " named_modules()."
        )
    last = infos[-1].site
    if ours or not any(info.own is not None and info.own.rate > 0 for info in infos):
        return f"Sweep a site: rates.{last}=0.1,0.3,0.5; or all: placement=everywhere rate=0.1,0.3,0.5"
    return (
        f"Sweep the author's places at the ratio of the author's rates: placement=own rate=0.1,0.3,0.5; or a site:"
        f" rates.{last}=0.1,0.3,0.5; or all: placement=everywhere"
    )
