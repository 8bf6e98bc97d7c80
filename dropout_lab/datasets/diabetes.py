"""442 diabetes patients, 10 measurements each: the progression of the disease after a year.

From Efron, Hastie, Johnstone and Tibshirani, "Least Angle Regression", 2004, in the copy that comes with scikit-learn,
unscaled: its scaled form has the mean and deviation of all patients in it, those of the test set too.
https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html
"""

import torch

from dropout_lab.config.bounds import Count, Fraction, NonNegative
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.held_out import hold_out_test


def diabetes(
    *,
    val_fraction: Fraction = 0.2,
    test_fraction: Fraction = 0.2,
    limit: Count | None = None,
    label_noise: NonNegative = 0.0,
) -> Dataset:
    from sklearn.datasets import load_diabetes  # takes seconds to import

    features, progression = load_diabetes(return_X_y=True, scaled=False)
    targets = torch.from_numpy(progression).float()
    return Dataset(
        name="diabetes",
        task="regression",
        inputs=torch.from_numpy(features).float(),
        targets=targets,
        test=hold_out_test(targets, "regression", test_fraction),
        outputs=1,
        standardize="feature",
        val_fraction=val_fraction,
        limit=limit,
        label_noise=label_noise,
    )
