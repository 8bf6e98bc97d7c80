"""What was understood of each column of a table, as the sweep kept it when it began."""

import pandas as pd

from dropout_lab.report.frames.column import Columns, made, text, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Shown, Table

COLUMNS: Columns = {
    "column": text("name of the column in the file; the target comes first"),
    "type": text("what it was taken for: number, truth value, date, time of day, category, left out, target"),
    "missing": whole("rows without a value", unit="rows"),
    "example": text("its first value, and where it is in the file"),
    "features": text("what the network gets of it"),
    "told": text("what was guessed; empty where nothing was"),
    "change": text("the setting that changes it"),
}


def columns(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per column of the table that was learned from; none for other data."""
    rows = frames.asked.get("columns") or []
    return made(COLUMNS, pd.DataFrame(rows) if rows else None)


def _shown(evidence: Evidence) -> Shown | None:
    found = evidence.tables["data_columns"]
    if found.empty:
        return None
    guessed = int((found["told"] != "").sum())
    prose = [
        "What was understood of the file before the training; dropout-lab data prints the same."
        + (f" Something was guessed about {guessed} of {len(found)} columns." if guessed else " Nothing was guessed.")
    ]
    header = ["column", "type", "missing", "example", "features", "guessed", "change it with"]
    return Shown("Columns of the table", prose, header, found.astype(str).to_numpy().tolist())


DATA_COLUMNS = Table("data_columns", columns, COLUMNS, _shown)
