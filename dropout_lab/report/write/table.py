"""One table of the report by its name, computed from the records."""

from pathlib import Path

from dropout_lab.core.errors import UserError
from dropout_lab.report.frames.load import load
from dropout_lab.report.frames.ranking import ranked
from dropout_lab.report.topics.configurations.configurations import configurations
from dropout_lab.report.topics.outline import tables
from dropout_lab.report.write.frames import as_csv as frame_as_csv


def as_csv(folder: Path, name: str, baseline: int | None = None) -> str:
    """The CSV of a table of the outline, for a sweep's folder; raises UserError for an unknown name."""
    known = tables()
    if name not in known:
        raise UserError(f"report.table={name}: there is no such table; allowed: {', '.join(known)}")
    frames = load(folder, baseline)
    table = ranked(configurations(frames), frames.objectives[0], frames.seeds)
    return frame_as_csv(known[name].make(frames, table)).decode()
