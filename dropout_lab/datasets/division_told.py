"""What is said of a division before training: classes that a part lacks, examples that are left out."""

from torch import Tensor

from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.split import class_name

SEEDS_TRIED = 5
MOST_NAMED = 5


def lacking(dataset: Dataset) -> list[str]:
    """Warnings of the classes without an example in the test set, the training part or the validation part. Parts that
    a seed draws are those of the first seeds, before `limit`."""
    if dataset.task != "classification":
        return []
    said = [_said(dataset, dataset.test, "test set", "so the test values say nothing of it")]
    seeds = 1 if dataset.validation is not None else SEEDS_TRIED
    of_train: list[str] = []
    of_validation: list[str] = []
    for seed in range(seeds):
        train, val = dataset.parts(seed)
        of_seed = "" if seeds == 1 else f" of seed {seed}"
        of_train += _said(dataset, train, f"training part{of_seed}", "so no network can learn it")
        of_validation += _said(dataset, val, f"validation part{of_seed}", "so nothing is chosen by it")
    return [*said[0], *of_train[:1], *of_validation[:1]]


def left_out(dataset: Dataset) -> list[str]:
    """That seeds whose groups or folds leave more examples than others train on as many as those, in a sentence."""
    if dataset.validation is not None or (dataset.groups is None and dataset.folds is None):
        return []
    sizes = [len(dataset.parts(seed)[1]) for seed in range(SEEDS_TRIED)]
    if min(sizes) == dataset.most_validation:
        return []
    train = len(dataset.parts(0)[0])
    return [
        f"{dataset.name}: validation parts have {min(sizes):,} to {dataset.most_validation:,} examples, because"
        f" {'groups' if dataset.groups is not None else 'folds'} differ in size; each seed trains on {train:,}, and"
        " leaves out the rest, drawn at random"
    ]


def _said(dataset: Dataset, rows: Tensor, part: str, so: str) -> list[str]:
    present = set(dataset.targets[rows].tolist())
    absent = [class_name(number, dataset.class_names) for number in range(dataset.outputs) if number not in present]
    if not absent:
        return []
    more = f" and {len(absent) - MOST_NAMED} more" if len(absent) > MOST_NAMED else ""
    classes = "class" if len(absent) == 1 else "classes"
    return [f"{dataset.name}: the {part} has no example of the {classes} {', '.join(absent[:MOST_NAMED])}{more}, {so}"]
