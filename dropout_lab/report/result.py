"""The result of making a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Report:
    """Where the page is, and its answer for a terminal.

    `prose`: plain paragraphs, the answer first. `header` and `rows`: the small table of the best configuration, its
    reference and their difference; empty if there is no best one. `command`: the next action, for the shell. `notes`:
    remarks about the files, such as torn records.
    """

    html: Path
    prose: Sequence[str]
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]
    command: str = ""
