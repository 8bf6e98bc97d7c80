"""From frames to the files of a report."""

from collections.abc import Sequence
from pathlib import Path

from dropout_lab.report.answer import answer
from dropout_lab.report.confidence import confidence, rows
from dropout_lab.report.export.write import export
from dropout_lab.report.files import write
from dropout_lab.report.gallery import NAMES, gallery
from dropout_lab.report.load import Frames
from dropout_lab.report.page import comparison, render
from dropout_lab.report.tables import configurations, front, ranked
from dropout_lab.report.watch import refreshing
from dropout_lab.report.words import words


def write_all(
    folder: Path, frames: Frames, jobs: int, refresh: float | None = None, pdf: bool = True
) -> tuple[Path, Sequence[str], Sequence[str], Sequence[Sequence[str]]]:
    """Writes every file of the report, the page last, so that what it links to is there; see `Report`."""
    table = configurations(frames)
    if len(table):
        table = ranked(table, frames.objectives[0], frames.seeds)
        table["front"] = front(table, frames.objectives) if len(frames.objectives) > 1 else False
    found = answer(frames, table)
    said = words(frames, table, found)
    pictures = gallery(frames, table, found, jobs, folder=folder, pdf=pdf)
    export(folder, frames, table, found, said)
    for name in set(NAMES) - {picture.name for picture in pictures.pictures}:
        for kind in ("png", "svg", "pdf", "csv"):  # of an earlier report, when the sweep was less far
            (folder / "figures" / f"{name}.{kind}").unlink(missing_ok=True)
    for picture in pictures.pictures:
        write(folder / "figures" / f"{picture.name}.png", picture.drawing.png)
        write(folder / "figures" / f"{picture.name}.svg", picture.drawing.svg)
        paper = folder / "figures" / f"{picture.name}.pdf"
        paper.unlink(missing_ok=True)  # of an earlier report
        if picture.drawing.pdf is not None:
            write(paper, picture.drawing.pdf)
        write(folder / "figures" / f"{picture.name}.csv", picture.table.to_csv(index=False))
    sure = confidence(folder, frames, table)
    write(folder / "confidence.csv", sure.to_csv(index=False))
    html, markdown = render(folder, frames, table, found, said, pictures, rows(sure))
    write(folder / "report.md", markdown)
    page = folder / "report.html"
    write(page, refreshing(html, refresh))
    return page, [*said.verdict, *said.more, *said.cautions], *comparison(frames, found)
