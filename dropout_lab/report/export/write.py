"""All files of the report for other programs."""

from pathlib import Path

import pandas as pd

from dropout_lab.report.columns import described, described_confidence, described_tables
from dropout_lab.report.evidence import Evidence
from dropout_lab.report.export.frames import as_parquet, write_frame
from dropout_lab.report.export.latex import main_table
from dropout_lab.report.export.machine import as_json
from dropout_lab.report.files import write
from dropout_lab.report.prose import Prose


def export(folder: Path, evidence: Evidence, prose: Prose, confidence: pd.DataFrame) -> None:
    """Write the frames, `confidence` and all `TABLES` as CSV and Parquet; columns.csv, report.json and trials.tex.

    trials.csv and trials.parquet have the ranked configurations.
    """
    frames, table = evidence.frames, evidence.table
    write(folder / "trials.csv", table.to_csv(index=False))
    write(folder / "trials.parquet", as_parquet(table))
    write_frame(folder, "runs", frames.runs)
    write_frame(folder, "curves", frames.curves)
    for name, one in evidence.tables.items():
        write_frame(folder / "tables", name, one)
    for name, some in (("learned", frames.learned), ("lanes", frames.lanes)):
        if len(some):
            write_frame(folder, name, some)
    write_frame(folder, "confidence", confidence)
    columns = [
        described(frames),
        described_tables(evidence.tables, table, frames),
        described_confidence(confidence, frames),
    ]
    write(folder / "columns.csv", pd.concat(columns, ignore_index=True).to_csv(index=False))
    write(folder / "report.json", as_json(evidence, prose))
    write(folder / "trials.tex", main_table(frames, table, evidence.found))
