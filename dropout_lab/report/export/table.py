"""One table of the report by its name, computed from the records."""

from pathlib import Path

from dropout_lab.core.errors import UserError
from dropout_lab.report.export.frames import as_csv as frames_as_csv
from dropout_lab.report.load import load
from dropout_lab.report.tables.catalogue import TABLES
from dropout_lab.report.tables.configurations import configurations
from dropout_lab.report.tables.ranking import ranked


def as_csv(folder: Path, name: str, baseline: int | None = None) -> str:
    """The CSV of the table `name` of `TABLES`, for a sweep's folder; raises UserError for an unknown name."""
    if name not in TABLES:
        raise UserError(f"report.table={name}: there is no such table; allowed: {', '.join(TABLES)}")
    frames = load(folder, baseline)
    table = ranked(configurations(frames), frames.objectives[0], frames.seeds)
    return frames_as_csv(TABLES[name].make(frames, table)).decode()
