"""From frames to the files of a report."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from dropout_lab.records.folder import REPORT
from dropout_lab.report.answer.answer import Answer, answer
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.frames.ranking import front, ranked
from dropout_lab.report.result import Report
from dropout_lab.report.topics.choice import choose
from dropout_lab.report.topics.configurations.configurations import configurations
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.outline import make_all, pictures
from dropout_lab.report.write.export import export
from dropout_lab.report.write.files import write
from dropout_lab.report.write.frames import as_csv
from dropout_lab.report.write.gallery import Gallery, gallery
from dropout_lab.report.write.page import refreshing, render

Make = Callable[[Frames, pd.DataFrame], Mapping[str, pd.DataFrame]]


def evidence_of(frames: Frames, make: Make = make_all) -> Evidence:
    """Rank the configurations, choose the best, and `make` every table."""
    table = configurations(frames)
    if len(table):
        table = ranked(table, frames.objectives[0], frames.seeds)
        table["front"] = front(table, frames.objectives) if len(frames.objectives) > 1 else False
    return Evidence(frames, table, choose(frames, table), make(frames, table))


def write_all(folder: Path, frames: Frames, jobs: int, refresh: float | None, pdf: bool, *, running: bool) -> Report:
    """Write every file of the report, the page last, so that its links work from the start."""
    evidence = evidence_of(frames)
    said = answer(evidence, folder, running)
    drawn = gallery(evidence, jobs, pdf=pdf)
    export(folder, evidence, said, drawn.plans)
    _write_figures(folder, drawn)
    html, markdown = render(folder, evidence, said, drawn)
    write(folder / "report.md", markdown)
    write(folder / REPORT, refreshing(html, refresh))
    return Report(folder / REPORT, said.text, *_rows(said), frames.notes, said.next.command)


def _write_figures(folder: Path, drawn: Gallery) -> None:
    for name in set(pictures()) - set(drawn.plans):
        for kind in ("png", "svg", "pdf", "csv"):  # of an earlier report, made when the sweep had got less far
            (folder / "figures" / f"{name}.{kind}").unlink(missing_ok=True)
    for name, drawing in drawn.drawings.items():
        write(folder / "figures" / f"{name}.png", drawing.png)
        write(folder / "figures" / f"{name}.svg", drawing.svg)
        paper = folder / "figures" / f"{name}.pdf"
        paper.unlink(missing_ok=True)  # of an earlier report
        if drawing.pdf is not None:
            write(paper, drawing.pdf)
        write(folder / "figures" / f"{name}.csv", as_csv(drawn.plans[name].table))


def _rows(said: Answer) -> tuple[list[str], list[list[str]]]:
    """The rows of the first screen for a terminal."""
    if not said.rows:
        return [], []
    if all(row.other == "–" for row in said.rows):
        return ["", said.heads.word], [[row.label, row.chosen] for row in said.rows]
    header = ["", said.heads.word, said.heads.other or "–", "difference", ""]
    return header, [[row.label, row.chosen, row.other, row.difference, row.word] for row in said.rows]
