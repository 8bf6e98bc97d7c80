"""Whether the first line of a table, which should have the names of its columns, is one of data."""

import numpy as np
import pandas as pd

from dropout_lab.datasets.amounts import amount
from dropout_lab.datasets.days import dates

FEWEST = 2
REMEDY = (
    "; if the file has no header, give 'dataset.read={header:null,names:[<a name for each column>]}', or its first row"
    " is lost"
)


def is_of_data(frame: pd.DataFrame) -> bool:
    """Whether every name of a column is a number or a date, or one of its column's values; names that count the columns
    are none of these."""
    names = [str(name) for name in frame]
    if len(names) < FEWEST or names in ([str(at + start) for at in range(len(names))] for start in (0, 1)):
        return False
    measured = [amount(name) is not None or not np.isnan(dates([name], "day")).all() for name in names]
    if not any(measured):
        return False
    rest = [at for at, is_measured in enumerate(measured) if not is_measured]
    return all(bool((frame.iloc[:, at].astype(str) == names[at]).any()) for at in rest)
