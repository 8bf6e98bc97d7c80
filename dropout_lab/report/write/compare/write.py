"""From sweep folders to the files of a comparison."""

from collections.abc import Sequence
from pathlib import Path

from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import digest
from dropout_lab.records.folder import is_sweep
from dropout_lab.report.result import Report
from dropout_lab.report.write.compare.figure import plan
from dropout_lab.report.write.compare.page import cells, render, sentences
from dropout_lab.report.write.compare.sweeps import Sweep, sweeps
from dropout_lab.report.write.compare.table import compared, differing
from dropout_lab.report.write.files import write
from dropout_lab.report.write.gallery import draw

TABLE = "compared.csv"
"""The file by which a folder is recognised as a comparison."""

LONGEST = 80
"""Letters of a folder's name that is composed of the sweeps' names."""


def write_all(folders: Sequence[Path], out: Path | None) -> Report:
    """See `compare`. The page is written last, so that its links work from the start."""
    found = sweeps(folders)
    out = out or place(found)
    check_place(out)
    table, settings = compared(found), differing(found)
    figure = plan(table, found[0].frames.is_classification)
    drawing = None if figure is None else draw(figure, pdf=False)
    write(out / TABLE, table.to_csv(index=False))
    for kind in ("png", "svg"):
        path = out / "figures" / f"differences.{kind}"
        if drawing is None:
            path.unlink(missing_ok=True)
        else:
            write(path, getattr(drawing, kind))
    write(out / "figures" / "differences.csv", table[table["difference"].notna()].to_csv(index=False))
    html, markdown = render(out, found, table, settings, figure, drawing)
    write(out / "report.md", markdown)
    write(out / "report.html", html)
    # The difference belongs to the best with dropout, which may not be the best.
    grid = cells(table)
    shown = [[row[0], row[1], *row[3:]] for row in grid.rows]
    header = ["sweep", "best", "best with dropout", "its difference from no dropout", "p (Holm)", ""]
    notes = [note for one in found for note in one.frames.notes]
    return Report(out / "report.html", sentences(table), header, shown, notes)


def place(found: Sequence[Sweep]) -> Path:
    """`compared_<names>` beside the first sweep."""
    name = "_".join(one.folder.resolve().name for one in found)
    if len(name) > LONGEST:
        name = digest([str(one.folder.resolve()) for one in found], 6)
    return found[0].folder.parent / f"compared_{name}"


def check_place(out: Path) -> None:
    """Raise UserError for a file, a sweep's folder, and a folder that holds something other than a comparison."""
    if is_sweep(out):
        raise UserError(f"--out {out}: this is a sweep's folder; give the comparison its own")
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {out}: this is not a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / TABLE).is_file():
        raise UserError(f"--out {out}: this folder holds something other than a comparison; choose another")
