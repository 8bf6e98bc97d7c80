"""Classes as Gaussian clusters at corners of a hypercube, with any number of examples and of useless features.

Each class has two clusters, at random corners of a cube with sides 2 `class_sep` in the space of the `informative`
features; the other features are pure noise. The data depend on `data_seed` alone, never on the seed of a run; wrong
labels are `label_noise`, which spoils the training part only. After Guyon, "Design of experiments for the NIPS 2003
variable selection benchmark", as written in scikit-learn's `make_classification`.
"""

from typing import Annotated

import torch
from pydantic import Field

from dropout_lab.config.bounds import Count, DataSeed, Fraction, NonNegative, Share
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.class_weights import ClassWeight
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.held_out import hold_out_test

CLUSTERS = 2
"""Clusters of each class: with one, a hyperplane would separate two classes."""


def synthetic(
    *,
    examples: Count = 2000,
    features: Count = 20,
    informative: Count = 10,
    classes: Annotated[int, Field(ge=2)] = 4,
    class_sep: NonNegative = 1.0,
    data_seed: DataSeed = 0,
    val_fraction: Fraction = 0.2,
    test_fraction: Fraction = 0.2,
    limit: Count | None = None,
    label_noise: Share = 0.0,
    class_weight: ClassWeight = None,
) -> Dataset:
    if examples < CLUSTERS * classes:
        raise UserError(
            f"dataset.examples={examples}: must be at least {CLUSTERS * classes}, {CLUSTERS} for each of"
            f" dataset.classes={classes}"
        )
    if informative > features:
        raise UserError(f"dataset.informative={informative}: must be at most {features}, as dataset.features is")
    corners = 2**informative
    if CLUSTERS * classes > corners:
        raise UserError(
            f"dataset.classes={classes}: must be at most {corners // CLUSTERS} with dataset.informative={informative},"
            f" whose cube has {corners} corners, {CLUSTERS} for each class"
        )
    from sklearn.datasets import make_classification  # takes seconds to import

    points, labels = make_classification(
        n_samples=examples,
        n_features=features,
        n_informative=informative,
        n_redundant=0,
        n_classes=classes,
        n_clusters_per_class=CLUSTERS,
        class_sep=class_sep,
        flip_y=0.0,
        random_state=data_seed,
    )
    targets = torch.from_numpy(labels).long()
    return Dataset(
        name="synthetic",
        task="classification",
        inputs=torch.from_numpy(points).float(),
        targets=targets,
        test=hold_out_test(targets, "classification", test_fraction),
        outputs=classes,
        standardize="feature",
        val_fraction=val_fraction,
        limit=limit,
        label_noise=label_noise,
        class_weight=class_weight,
    )
