"""Classes that are Gaussian clusters at corners of a hypercube: as many examples and useless features as asked for.

Each class has two clusters, at random corners of a cube with sides 2 `class_sep` in the space of the `informative`
features; the other features are pure noise. The data depend on `data_seed` alone, never on the seed of a run; wrong
labels are `label_noise`, which spoils the training part only. After Guyon, "Design of experiments for the NIPS 2003
variable selection benchmark", as written in scikit-learn's `make_classification`.
"""

import torch

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.dataset import Dataset, hold_out_test, require_number, require_whole

CLUSTERS = 2
"""Per class: with one, a line parts two classes."""


def synthetic(
    *,
    examples: int = 2000,
    features: int = 20,
    informative: int = 10,
    classes: int = 4,
    class_sep: float = 1.0,
    data_seed: int = 0,
    val_fraction: float = 0.2,
    test_fraction: float = 0.2,
    limit: int | None = None,
    label_noise: float = 0.0,
) -> Dataset:
    require_whole("classes", classes, 2)
    require_whole("examples", examples, CLUSTERS * classes)
    require_whole("features", features, 1)
    require_whole("informative", informative, 1, features)
    require_number("class_sep", class_sep, 0)
    require_whole("data_seed", data_seed, 0, 2**32 - 1)
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
    )
