"""Where in the author's code a function is called: the module whose forward runs, and the instructions from there."""

import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

import torch
from torch import nn

from dropout_lab.core.blame import PACKAGE

Steps = tuple[tuple[CodeType, int], ...]
"""The author's frames between a module's forward and a call, the innermost first, each at its instruction."""

PATH = "_dropout_lab_path"
CALLER = nn.modules.module.__file__
PASSED_OVER = str(Path(torch.__file__).parent), str(PACKAGE / "adoption"), str(PACKAGE / "core")
"""Folders of torch's code and of ours, between the author's."""


class Place(NamedTuple):
    """Where a function is called."""

    module: str
    """The path of the module in whose forward it is."""
    steps: Steps

    @property
    def line(self) -> str:
        """File and line of the call, for people."""
        if not self.steps:
            return "in torch"
        file, line = self.where(self.steps[0])
        return f"{file}, line {line}"

    @staticmethod
    def where(step: tuple[CodeType, int]) -> tuple[str, int | None]:
        """File and line of an instruction."""
        code, instruction = step
        number = next((number for start, end, number in code.co_lines() if start <= instruction < end), None)
        return code.co_filename, number


def name_paths(network: nn.Module) -> None:
    """Write on every module its path, by which `called_from` names it."""
    for path, module in network.named_modules():
        module.__dict__[PATH] = path


def called_from() -> tuple[Place, nn.Module | None]:
    """The place of the call that is being handled, and the module in whose forward it is, if any."""
    steps = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != CALLER:
        file = frame.f_code.co_filename
        if not file.startswith(PASSED_OVER):
            steps.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    module = None if frame is None else frame.f_locals.get("self")
    return Place(getattr(module, PATH, ""), tuple(steps)), module
