"""Several sweeps side by side: models, data sets or methods, each with its answer.

`compare` needs only the records, of finished or unfinished sweeps, and no torch.
"""

from collections.abc import Sequence
from pathlib import Path

from dropout_lab.report.result import Report


def compare(folders: Sequence[Path], out: Path | None = None) -> Report:
    """Write report.html, report.md, compared.csv and figures/ into the folder `out`.

    `out` is by default `compared_<names>` beside the first sweep. Raises UserError for a folder that is not a sweep's,
    for sweeps that cannot be compared, with the reason, and for an `out` that holds something else.
    """
    from dropout_lab.report.write.compare.write import write_all  # imported lazily: it takes about a second

    return write_all(folders, out)
