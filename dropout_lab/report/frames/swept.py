"""The swept settings: those that vary among the configurations of a table."""

from collections.abc import Sequence

import pandas as pd

from dropout_lab.report.frames.load import Frames

LEVELS = 12
"""A setting with more numeric levels than this comes from a sampler, and its levels are grouped."""


def swept(frames: Frames, trials: pd.DataFrame) -> Sequence[str]:
    """Placement, rate, method, schedule and parameters, as far as they have more than one value among `trials`.

    A setting that some trials lack, such as a parameter of one method, is left out.
    """
    names = ["placement", "rate", "dropout", "schedule", *frames.parameters]
    if "placement" not in trials or trials["placement"].isna().all():  # rates of sites were swept
        names += [str(name) for name in trials if str(name).startswith("rates.")]
    return [
        name
        for name in dict.fromkeys(names)
        if name in trials and trials[name].notna().all() and trials[name].nunique() > 1
    ]


def is_continuous(values: pd.Series) -> bool:
    """Whether the setting is numeric with more than `LEVELS` values."""
    return bool(pd.api.types.is_numeric_dtype(values) and not is_truth(values) and values.nunique() > LEVELS)


def is_truth(values: pd.Series) -> bool:
    """Whether the values are booleans."""
    return bool(pd.api.types.is_bool_dtype(values))
