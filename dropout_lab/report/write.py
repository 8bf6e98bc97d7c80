"""From frames to the files of a report."""

from collections.abc import Sequence
from pathlib import Path

from dropout_lab.records.folder import REPORT
from dropout_lab.report.answer import answer
from dropout_lab.report.cells import Grid
from dropout_lab.report.confidence import confidence, rows
from dropout_lab.report.evidence import Evidence
from dropout_lab.report.export.frames import as_csv
from dropout_lab.report.export.write import export
from dropout_lab.report.files import write
from dropout_lab.report.gallery import NAMES, gallery
from dropout_lab.report.load import Frames
from dropout_lab.report.page import comparison, refreshing, render
from dropout_lab.report.prose import prose
from dropout_lab.report.tables import configurations, front, make_all, ranked


def write_all(
    folder: Path, frames: Frames, jobs: int, refresh: float | None = None, pdf: bool = True
) -> tuple[Path, Sequence[str], Sequence[str], Sequence[Sequence[str]]]:
    """Write every file of the report, the page last, so that its links work from the start; see `Report`."""
    table = configurations(frames)
    if len(table):
        table = ranked(table, frames.objectives[0], frames.seeds)
        table["front"] = front(table, frames.objectives) if len(frames.objectives) > 1 else False
    found, tables = answer(frames, table), make_all(frames, table)
    evidence = Evidence(frames, table, found, tables)
    said = prose(evidence)
    pictures = gallery(frames, table, found, jobs, folder=folder, tables=tables, pdf=pdf)
    sure = confidence(folder, frames, table)
    export(folder, evidence, said, sure)
    for name in set(NAMES) - {picture.name for picture in pictures.pictures}:
        for kind in ("png", "svg", "pdf", "csv"):  # of an earlier report, made when the sweep had got less far
            (folder / "figures" / f"{name}.{kind}").unlink(missing_ok=True)
    for picture in pictures.pictures:
        write(folder / "figures" / f"{picture.name}.png", picture.drawing.png)
        write(folder / "figures" / f"{picture.name}.svg", picture.drawing.svg)
        paper = folder / "figures" / f"{picture.name}.pdf"
        paper.unlink(missing_ok=True)  # of an earlier report
        if picture.drawing.pdf is not None:
            write(paper, picture.drawing.pdf)
        write(folder / "figures" / f"{picture.name}.csv", as_csv(picture.table))
    html, markdown = render(folder, evidence, said, pictures, Grid(*rows(sure)))
    write(folder / "report.md", markdown)
    page = folder / REPORT
    write(page, refreshing(html, refresh))
    return page, said.all(), *comparison(evidence)
