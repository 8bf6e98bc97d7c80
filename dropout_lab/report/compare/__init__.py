"""Several sweeps side by side: models, data sets or methods, each with its answer.

`compare` needs the records alone, finished or not, and no torch.
"""

from collections.abc import Sequence
from pathlib import Path

from dropout_lab.report.result import Report


def compare(folders: Sequence[Path], out: Path | None = None) -> Report:
    """Writes report.html, report.md, compared.csv and figures/ into the folder `out`.

    Without `out` that is `compared_<names>` beside the first sweep. Raises UserError for a folder that is no sweep,
    for sweeps that cannot be compared, with the reason, and for an `out` that holds something else.
    """
    from dropout_lab.report.compare.write import (
        write_all,  # loaded here: for who wants only the words, a second is long
    )

    return write_all(folders, out)
