"""1,797 handwritten digits as 8 x 8 grey images with pixels in [0, 1], 10 classes.

The test set of the UCI set "Optical Recognition of Handwritten Digits", in the copy that comes with scikit-learn.
https://archive.ics.uci.edu/dataset/80
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from dropout_lab.config.bounds import Count, Fraction, Share
from dropout_lab.datasets.class_weights import ClassWeight
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.held_out import hold_out_test


def digits(
    *,
    val_fraction: Fraction = 0.2,
    test_fraction: Fraction = 0.2,
    limit: Count | None = None,
    label_noise: Share = 0.0,
    class_weight: ClassWeight = None,
) -> Dataset:
    table = np.loadtxt(_file(), delimiter=",")
    images, targets = table[:, :-1], torch.from_numpy(table[:, -1]).long()
    return Dataset(
        name="digits",
        task="classification",
        inputs=torch.from_numpy(images / 16).float().reshape(-1, 1, 8, 8),
        targets=targets,
        test=hold_out_test(targets, "classification", test_fraction),
        outputs=10,
        standardize="channel",
        val_fraction=val_fraction,
        limit=limit,
        label_noise=label_noise,
        class_weight=class_weight,
    )


def _file() -> Path:
    """The file that `sklearn.datasets.load_digits` reads, for which it takes seconds to import."""
    package = find_spec("sklearn")
    assert package is not None, "it is required"
    assert package.origin is not None, "it is a package with a file"
    return Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
