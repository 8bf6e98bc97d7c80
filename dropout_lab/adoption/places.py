"""Where in the author's code a function is called: the module whose forward runs, and the lines from there."""

import sys
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

import torch
from torch import nn

from dropout_lab.core.blame import PACKAGE

Position = tuple[int | None, int | None, int | None, int | None]
"""First and last line, first and last column of an expression."""
Steps = tuple[tuple[CodeType, Position], ...]
"""The author's frames between a module's forward and a call, the innermost first, each at its expression.

The number of the instruction (f_lasti) would not do: in Python 3.11 it moves when the interpreter specialises a call.
"""

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
    def where(step: tuple[CodeType, Position]) -> tuple[str, int | None]:
        """File and line of an expression."""
        code, position = step
        return code.co_filename, position[0]


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
            steps.append((frame.f_code, _positions(frame.f_code)[frame.f_lasti // 2]))
        frame = frame.f_back
    module = None if frame is None else frame.f_locals.get("self")
    return Place(getattr(module, PATH, ""), tuple(steps)), module


@cache
def _positions(code: CodeType) -> tuple[Position, ...]:
    """The position of each instruction of two bytes."""
    return tuple(code.co_positions())
