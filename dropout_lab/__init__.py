"""dropout-lab: where should dropout go in a network, which kind, at what rate, and how sure can one be?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from dropout_lab.report.frames.load import Frames

__version__ = "0.1.0"


def load(folder: str | PathLike[str]) -> Frames:
    """The frames of a sweep's folder, finished or not: `.trials`, `.runs`, `.curves`, `.learned` and `.lanes`,
    pandas frames.

    report/frames/frames.md says what every column is and its unit; `dropout_lab.report.frames.documentation.described`
    says it for these frames. Raises `dropout_lab.core.errors.UserError` for a folder that is no sweep, or is damaged.
    Needs no torch.
    """
    from pathlib import Path

    from dropout_lab.report.frames import load as loading  # pandas is slow to import

    return loading.load(Path(folder))
