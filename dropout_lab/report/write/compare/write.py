"""From sweep folders to the files of a comparison."""

from collections.abc import Sequence
from pathlib import Path

from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import digest
from dropout_lab.records.folder import is_sweep
from dropout_lab.report.draw import style
from dropout_lab.report.result import Report
from dropout_lab.report.write.compare.figure import forest
from dropout_lab.report.write.compare.page import cells, render, sentences
from dropout_lab.report.write.compare.sweeps import Sweep, sweeps
from dropout_lab.report.write.compare.table import compared, differing
from dropout_lab.report.write.files import write

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
    said = sentences(table)
    drawing = None
    if table["difference"].notna().any():
        with style.styled():
            drawing = style.save(forest(table, found[0].frames.is_classification), pdf=False)
    write(out / TABLE, table.to_csv(index=False))
    for kind, content in (("png", drawing and drawing.png), ("svg", drawing and drawing.svg)):
        if content:
            write(out / "figures" / f"differences.{kind}", content)
        else:
            (out / "figures" / f"differences.{kind}").unlink(missing_ok=True)
    write(out / "figures" / "differences.csv", table[table["difference"].notna()].to_csv(index=False))
    html, markdown = render(out, found, table, settings, said, drawing.png if drawing else b"")
    write(out / "report.md", markdown)
    write(out / "report.html", html)
    # The difference belongs to the best with dropout, which may not be the best.
    shown = [[row[0], row[1], row[3], row[4], row[6]] for row in cells(table)]
    header = ["sweep", "best", "best with dropout", "its difference to no dropout", "p (Holm)"]
    return Report(out / "report.html", said, header, shown, [note for one in found for note in one.frames.notes])


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
