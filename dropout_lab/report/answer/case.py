"""What a rule for the next action looks at, and what it gives."""

import shlex
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from dropout_lab.config.roles import trial_sections
from dropout_lab.config.trust import HOMES, called
from dropout_lab.report.answer.decision import Decision
from dropout_lab.report.answer.rerun import rerun
from dropout_lab.report.answer.state import State
from dropout_lab.report.topics.evidence import Evidence


class Action(NamedTuple):
    """`rule`: its name. `why`: a sentence or two. `command`: for the shell, or a call of Python (`in_python`)."""

    rule: str
    why: str
    command: str


class Case(NamedTuple):
    """Everything a rule may look at."""

    evidence: Evidence
    decision: Decision
    state: State
    folder: Path

    @property
    def command(self) -> str:
        """The last command of the folder."""
        return str(
            self.evidence.frames.asked.get("command") or f"dropout-lab sweep folder={shlex.quote(str(self.folder))}"
        )

    def again(self, **changes: str) -> str:
        """The last command with other settings; dots of keys are written as `__`."""
        return rerun(self.command, {key.replace("__", "."): value for key, value in changes.items()})

    def train(self, trial: "pd.Series") -> str:
        """Train a trial again, from its record."""
        return f"dropout-lab train --from {shlex.quote(str(self.folder))} {trial['trial']}{self._trust}"

    def export(self, trial: "pd.Series") -> str:
        """Write the network of a trial's first seed to a file."""
        where = shlex.quote(str(self.folder))
        return f"dropout-lab export {where} --trial {trial['trial']} --to net.safetensors{self._trust}"

    @property
    def _trust(self) -> str:
        """What a command on records adds where they name classes from outside this package."""
        settings = self.evidence.frames.asked.get("settings") or {}
        sections = {name: settings.get(name) for name in trial_sections()}
        foreign = any(not target.startswith(HOMES) for _, target in called(sections))
        return " trust=true" if foreign else ""
