"""All files of the report for other programs."""

from pathlib import Path

import pandas as pd

from dropout_lab.report.answer import Answer
from dropout_lab.report.columns import described
from dropout_lab.report.export.frames import as_parquet, write_frame
from dropout_lab.report.export.latex import main_table
from dropout_lab.report.export.machine import as_json
from dropout_lab.report.files import write
from dropout_lab.report.load import Frames
from dropout_lab.report.words import Words


def export(folder: Path, frames: Frames, table: pd.DataFrame, found: Answer, words: Words) -> None:
    """Writes trials, runs, curves and learned rates, if any, as CSV and Parquet, columns.csv, report.json, trials.tex.

    `table` is the table of configurations, ranked: trials.csv and trials.parquet are that table.
    """
    write(folder / "trials.csv", table.to_csv(index=False))
    write(folder / "trials.parquet", as_parquet(table))
    write_frame(folder, "runs", frames.runs)
    write_frame(folder, "curves", frames.curves)
    if len(frames.learned):
        write_frame(folder, "learned", frames.learned)
    write(folder / "columns.csv", described(frames).to_csv(index=False))
    write(folder / "report.json", as_json(frames, table, found, words))
    write(folder / "trials.tex", main_table(frames, table, found))
