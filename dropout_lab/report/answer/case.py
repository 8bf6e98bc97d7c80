"""What a rule for the next action looks at, and what it gives."""

import shlex
from pathlib import Path
from typing import NamedTuple

import pandas as pd

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
        return f"dropout-lab train --from {shlex.quote(str(self.folder))} {trial['trial']}"
