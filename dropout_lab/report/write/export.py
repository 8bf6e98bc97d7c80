"""All files of the report for other programs."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from dropout_lab.report.answer.answer import Answer
from dropout_lab.report.frames.documentation import described
from dropout_lab.report.topics.configurations.columns import of_configurations
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.outline import pictures, tables
from dropout_lab.report.topics.part import Plan
from dropout_lab.report.write.files import write
from dropout_lab.report.write.frames import as_parquet, write_frame
from dropout_lab.report.write.latex import main_table
from dropout_lab.report.write.machine import as_json


def export(folder: Path, evidence: Evidence, answer: Answer, plans: Mapping[str, Plan]) -> None:
    """Write the frames and all tables as CSV and Parquet; columns.csv, report.json and trials.tex.

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
    columns = pd.concat([described(frames), described_tables(evidence), described_figures(evidence, plans)])
    write(folder / "columns.csv", columns.to_csv(index=False))
    write(folder / "report.json", as_json(evidence, answer))
    write(folder / "trials.tex", main_table(frames, table, evidence.choice))


def described_tables(evidence: Evidence) -> pd.DataFrame:
    """One row per column of trials.csv and of the files in tables/: frame, column, unit, meaning."""
    rows = []
    for name in evidence.table:
        about = of_configurations(str(name), evidence.frames)
        rows.append(("trials.csv", str(name), about.unit, about.meaning))
    for title, one in tables().items():
        rows += [(f"tables/{title}", name, about.unit, about.meaning) for name, about in one.columns.items()]
    return pd.DataFrame(rows, columns=["frame", "column", "unit", "meaning"])


def described_figures(evidence: Evidence, plans: Mapping[str, Plan]) -> pd.DataFrame:
    """The same for the tables that are drawn, the files in figures/."""
    rows = []
    known = tables()
    for title, plan in plans.items():
        own = {**(known[title].columns if title in known else {}), **pictures()[title].columns}
        for name in plan.table:
            about = own[str(name)] if name in own else of_configurations(str(name), evidence.frames)
            rows.append((f"figures/{title}", str(name), about.unit, about.meaning))
    return pd.DataFrame(rows, columns=["frame", "column", "unit", "meaning"])
