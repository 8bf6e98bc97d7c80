"""569 breast tumours, 30 measurements of cell nuclei each: malignant (0) or benign (1).

The UCI set "Breast Cancer Wisconsin (Diagnostic)", in the copy that comes with scikit-learn.
https://archive.ics.uci.edu/dataset/17
"""

import torch

from dropout_lab.config.bounds import Count, Fraction, Share
from dropout_lab.datasets.class_weights import ClassWeight
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.held_out import hold_out_test


def breast_cancer(
    *,
    val_fraction: Fraction = 0.2,
    test_fraction: Fraction = 0.2,
    limit: Count | None = None,
    label_noise: Share = 0.0,
    class_weight: ClassWeight = None,
) -> Dataset:
    from sklearn.datasets import load_breast_cancer  # takes seconds to import

    features, labels = load_breast_cancer(return_X_y=True)
    targets = torch.from_numpy(labels).long()
    return Dataset(
        name="breast_cancer",
        task="classification",
        inputs=torch.from_numpy(features).float(),
        targets=targets,
        test=hold_out_test(targets, "classification", test_fraction),
        outputs=2,
        standardize="feature",
        val_fraction=val_fraction,
        limit=limit,
        label_noise=label_noise,
        class_weight=class_weight,
    )
