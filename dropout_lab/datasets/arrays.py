"""Arrays of a file, `dataset.path=my.npz`, or handed over from Python, `dropout_lab.sweep(data=(X, y))`."""

from typing import Any

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.config.handed import handed_object
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.array_files import read_arrays
from dropout_lab.datasets.array_layout import Layout, Standardize
from dropout_lab.datasets.arrays_given import Arrays
from dropout_lab.datasets.class_weights import ClassWeight
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.from_arrays import from_arrays
from dropout_lab.datasets.split import Labelled
from dropout_lab.datasets.ways import FoldCount


def arrays(
    *,
    path: str | None = None,
    inputs: str | None = None,
    targets: str | None = None,
    handed: str | None = None,
    task: Labelled | None = None,
    layout: Layout | None = None,
    standardize: Standardize | None = None,
    folds: FoldCount | None = None,
    val_fraction: Fraction | None = None,
    test_fraction: Fraction | None = None,
    limit: Count | None = None,
    label_noise: NonNegative = 0.0,
    class_weight: ClassWeight = None,
) -> Dataset:
    """The arrays of the file `path` (see `array_files`), or those that this process knows by the name `handed`.

    The rest is said at `from_arrays`. Raises UserError where there are no such arrays.
    """
    given = _given(handed) if path is None else read_arrays(path, inputs, targets)
    return from_arrays(
        given,
        task=task,
        layout=layout,
        standardize=standardize,
        folds=folds,
        val_fraction=val_fraction,
        test_fraction=test_fraction,
        limit=limit,
        label_noise=label_noise,
        class_weight=class_weight,
    )


def _given(name: str | None) -> Arrays:
    if name is None:
        raise UserError(
            "dataset=arrays: give dataset.path=my.npz (.npy, .pt, .safetensors), or hand arrays over from Python:"
            " dropout_lab.sweep(data=(X, y))"
        )
    try:
        found: Any = handed_object(name)
    except LookupError as error:
        raise UserError(f"dataset.handed={name}: {error}") from None
    assert isinstance(found, Arrays)
    return found
