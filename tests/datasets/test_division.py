"""Who is on which side: whole groups, folds in which everybody validates once, and parts of the same size for all."""

import dataclasses
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dropout_lab.build.pretraining import phases
from dropout_lab.core.errors import UserError
from dropout_lab.datasets import grouped
from dropout_lab.datasets.all_data import all_data
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.division_told import lacking, left_out
from dropout_lab.datasets.held_out import hold_out_test
from dropout_lab.datasets.repeats import repeats
from tests.datasets.test_dataset import same, sequences

quick = settings(deadline=None, max_examples=20)
seeds = st.integers(0, 2**31)
numbers = st.integers(0, 10_000)
folds = st.integers(2, 6)


def examples(seed: int, patients: int = 0, n: int = 90, classes: int = 3, **rules: Any) -> Dataset:
    """Examples of random classes, in that many random groups; feature 0 is the row."""
    drawn = np.random.default_rng(seed)
    targets = torch.from_numpy(
        np.concatenate([np.repeat(np.arange(classes), 6), drawn.integers(classes, size=n - 6 * classes)])
    )
    inputs = torch.stack([torch.arange(n).float(), torch.from_numpy(drawn.normal(size=n)).float()], 1)
    of = (
        torch.from_numpy(np.concatenate([np.arange(patients), drawn.integers(patients, size=n - patients)]))
        if patients
        else None
    )
    test = hold_out_test(targets, "classification", 0.2, (), of, "patient")
    given = {"test": test, "groups": of, "group_name": "patient", **rules}
    return Dataset("made", "classification", inputs, targets, outputs=classes, standardize="feature", **given)


def groups_of(dataset: Dataset, rows: Tensor) -> set[int]:
    assert dataset.groups is not None
    return set(dataset.groups[rows].tolist())


@quick
@given(numbers, seeds, st.integers(12, 40), st.none() | folds)
def test_no_group_is_on_two_sides(made: int, seed: int, count: int, k: int | None) -> None:
    dataset = examples(made, count, folds=k)
    split = dataset.split(seed)
    sides = [groups_of(dataset, rows) for rows in (split.train, split.val, dataset.test)]
    assert all(sides)
    assert sum(map(len, sides)) == len(set.union(*sides))
    assert len(split.val) <= dataset.most_validation
    assert not set(split.train.tolist()) & set(split.val.tolist())


@quick
@given(numbers, st.integers(0, 40), st.sampled_from([0, 15, 30]), folds, st.booleans())
def test_every_example_validates_once_in_each_repetition(
    made: int, repetition: int, count: int, k: int, of_numbers: bool
) -> None:
    dataset = examples(made, count, folds=k)
    if of_numbers:
        dataset = dataclasses.replace(dataset, task="regression", targets=dataset.targets.float(), outputs=1)
    splits = [dataset.split(repetition * k + number) for number in range(k)]
    outside = set(range(len(dataset.inputs))) - set(dataset.test.tolist())
    assert Counter(row for split in splits for row in split.val.tolist()) == Counter(outside)
    assert {len(split.train) for split in splits} == {len(outside) - dataset.most_validation}


@quick
@given(numbers, seeds, folds)
def test_folds_differ_by_one_example_and_one_of_each_class_at_most(made: int, seed: int, k: int) -> None:
    dataset = examples(made, folds=k)
    vals = [dataset.split(seed // k * k + number).val for number in range(k)]
    of_classes = [[int((dataset.targets[val] == number).sum()) for val in vals] for number in range(3)]
    for counts in ([len(val) for val in vals], *of_classes):
        assert max(counts) - min(counts) <= 1
    assert dataset.most_validation == max(map(len, vals))


@quick
@given(numbers, st.sampled_from([0, 25]), st.none() | folds)
def test_equal_seeds_divide_alike_and_others_otherwise(made: int, count: int, k: int | None) -> None:
    if not count and not k:
        return  # tests/datasets/test_dataset.py
    dataset, again = examples(made, count, folds=k), examples(made, count, folds=k)
    found = [dataset.split(seed) for seed in range(12)]
    assert all(same(split, again.split(seed)) for seed, split in reversed(list(enumerate(found))))
    assert len({tuple(sorted(split.val.tolist())) for split in found}) > 6
    assert len({tuple(split.train.tolist()) for split in found}) == 12


@quick
@given(numbers, seeds, st.sampled_from([0, 25]), st.none() | folds, st.integers(4, 30))
def test_a_limit_and_noise_move_nothing(made: int, seed: int, count: int, k: int | None, limit: int) -> None:
    full = examples(made, count, folds=k).split(seed)
    less, fewer = (examples(made, count, folds=k, limit=n, label_noise=0.5).split(seed) for n in (limit, limit // 2))
    assert torch.equal(less.val, full.val)
    assert len(less.train) == limit
    assert set(fewer.train.tolist()) < set(less.train.tolist()) < set(full.train.tolist())
    noisy = dict(zip(less.train.tolist(), less.train_targets.tolist(), strict=True))
    assert all(
        noisy[row] == target for row, target in zip(fewer.train.tolist(), fewer.train_targets.tolist(), strict=True)
    )
    assert torch.equal(less.val_targets, full.val_targets)


@quick
@given(numbers, seeds, st.sampled_from([0, 25]), st.none() | folds)
def test_all_data_are_all_outside_of_the_test_set(made: int, seed: int, count: int, k: int | None) -> None:
    dataset = examples(made, count, folds=k)
    trained = all_data(dataset).split(seed).train.tolist()
    assert sorted([*trained, *dataset.test.tolist()]) == list(range(len(dataset.inputs)))
    limited = all_data(dataclasses.replace(dataset, limit=10)).split(seed)
    own = dataclasses.replace(dataset, limit=10).split(seed)
    assert sorted(limited.train.tolist()) == sorted([*own.train.tolist(), *own.val.tolist()])


@quick
@given(numbers, seeds, st.none() | folds)
def test_some_classes_alone_keep_their_groups(made: int, seed: int, k: int | None) -> None:
    some = examples(made, 40, folds=k, n=200).of_classes([2, 0])
    split = some.split(seed)
    sides = [groups_of(some, rows) for rows in (split.train, split.val, some.test)]
    assert sum(map(len, sides)) == len(set.union(*sides))


def test_a_given_validation_part_stays_and_of_some_classes_too() -> None:
    val = torch.arange(0, 30)
    dataset = examples(1, test=torch.arange(60, 90), validation=val)
    assert {tuple(dataset.split(seed).val.tolist()) for seed in range(5)} == {tuple(range(30))}
    assert len({tuple(dataset.split(seed).train.tolist()) for seed in range(5)}) == 5
    some = dataset.of_classes([1, 2])
    assert some.validation is not None
    assert some.inputs[some.validation][:, 0].tolist() == [row for row in range(30) if dataset.targets[row] > 0]


def test_grouped_parts_are_near_their_size_and_have_the_classes_shares() -> None:
    """Thirty patients, each with one class: a random third of them would often lack one of five."""
    of = torch.arange(300) // 10
    targets = of % 5
    dataset = Dataset(
        "patients", "classification", torch.rand(300, 2), targets, torch.arange(0, 50), 5, "feature", groups=of
    )
    vals = [dataset.split(seed).val for seed in range(20)]
    assert {len(val) for val in vals} == {50}
    assert {len(set(targets[val].tolist())) for val in vals} <= {4, 5}
    even = [sorted(Counter(targets[val].tolist()).values()) == [10] * 5 for val in vals]
    assert sum(even) > 10  # of a random five of 25 patients, 6 %


def test_a_fold_holds_no_more_than_the_largest() -> None:
    drawn = np.random.default_rng(0)
    table = drawn.integers(1, 60, size=(23, 2))
    largest = grouped.largest_fold(table.sum(1), 5)
    assert table.sum() / 5 <= largest < table.sum() / 5 + table.sum(1).max() / 2
    found = {tuple(grouped.folds(table, 5, largest, np.random.default_rng(seed)).tolist()) for seed in range(10)}
    assert len(found) == 10
    for fold in found:
        assert max(np.bincount(fold, table.sum(1))) <= largest


NOTHING = torch.tensor([], dtype=torch.int64)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"folds": 1}, "dataset.folds=1: must be at least 2"),
        ({"folds": 73}, "dataset.folds=73: must be at most 72, the number of examples outside of the test set"),
        ({"folds": 5, "validation": torch.tensor([1])}, "dataset.folds=5: the validation part is given"),
        ({"validation": NOTHING}, "of its 72 examples outside of the test set, 0 are the validation part"),
        ({"validation": torch.arange(72)}, "of its 72 examples outside of the test set, 72 are the validation part"),
        ({"validation": torch.tensor([80])}, "validation must hold different rows outside of the test set"),
        ({"groups": torch.arange(9)}, "groups must be int64 numbers from 0, one for each of 90 rows"),
        ({"groups": torch.arange(90) % 4}, "a group is on both sides of its parts"),
        ({"groups": torch.arange(90) // 9, "validation": torch.tensor([3])}, "a group is on both sides of its parts"),
        ({"limit": 70, "folds": 4}, "dataset.limit=70: must be at most 54, .* of made with dataset.folds=4"),
    ],
)
def test_a_division_that_cannot_be_is_refused(rules: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        examples(0, test=torch.arange(72, 90), **rules)


def test_groups_that_are_too_large_or_all_alike_are_refused() -> None:
    of = torch.arange(90) // 30
    with pytest.raises(
        UserError, match=r"dataset.test_fraction=0.2: is 18 of 90 rows, and the smallest of 3 groups .*30"
    ):
        hold_out_test(torch.zeros(90), "regression", 0.2, (), of, "ward")
    uneven = torch.tensor([0] * 40 + [1] * 40 + [2] * 5 + [3] * 5)
    data: dict[str, Any] = {"test": torch.arange(80, 85), "groups": uneven}
    with pytest.raises(UserError, match="only 1 are that small, which fit together: every seed would have the same"):
        examples(0, **data)
    with pytest.raises(
        UserError, match=r"dataset.folds=4: must be at most 3, the number of groups \(patient\) outside"
    ):
        examples(0, folds=4, **data)
    with pytest.raises(UserError, match="a text that is read on has no groups"):
        dataclasses.replace(
            sequences(), test=torch.arange(30, 40), inputs=sequences().inputs.clamp(min=2), is_stream=True,
            groups=torch.arange(40),
        )  # fmt: skip


def test_pretraining_on_other_classes_of_the_same_groups_is_refused() -> None:
    with pytest.raises(UserError, match=r"trainer.pretrain_classes and dataset.group=patient: the first phase would"):
        phases(examples(0, 30), [0])
    first, second = phases(examples(0, folds=4, classes=4), [0, 1])
    assert first.folds == second.folds == 4


def test_what_a_part_lacks_is_told_for_each() -> None:
    targets = torch.tensor([0] * 30 + [1] * 30 + [2] * 30)
    x = torch.rand(90, 2)
    names = ["ill", "well", "odd"]

    def of(test: list[int], validation: list[int]) -> list[str]:
        return lacking(
            Dataset(
                "wards", "classification", x, targets, torch.tensor(test), 3, "feature", division="by files",
                class_names=names, validation=torch.tensor(validation),
            )
        )  # fmt: skip

    assert of([0, 30, 60], [1, 31, 61]) == []
    assert of([0, 30], [1, 61]) == [
        "wards: the test set has no example of the class odd, so the test values say nothing of it",
        "wards: the validation part has no example of the class well, so nothing is chosen by it",
    ]
    assert of([0, *range(30, 90)], [1]) == [
        "wards: the training part has no example of the classes well, odd, so no network can learn it",
        "wards: the validation part has no example of the classes well, odd, so nothing is chosen by it",
    ]
    rare = torch.tensor([0] * 87 + [1] * 3)
    folded = Dataset("rare", "classification", x, rare, torch.tensor([0, 89]), 2, "feature", folds=5)
    (said,) = lacking(folded)
    assert said.startswith("rare: the validation part of seed ")


def test_examples_that_are_left_out_are_told() -> None:
    assert left_out(examples(0)) == left_out(examples(0, folds=4)) == []
    (said,) = left_out(examples(3, 15, folds=4))
    assert "because groups differ in size; each seed trains on" in said
    (said,) = left_out(examples(0, folds=5))
    assert said == (
        "made: validation parts have 14 to 15 examples, because folds differ in size; each seed trains on 57, and"
        " leaves out the rest, drawn at random"
    )


@quick
@given(numbers, st.integers(0, 20), st.booleans())
def test_inputs_that_are_in_two_parts_are_counted(made: int, copied: int, missing: bool) -> None:
    drawn = np.random.default_rng(made)
    inputs = torch.from_numpy(drawn.normal(size=(100, 3))).float()
    inputs[5:, 2] = 0.0
    if missing:
        inputs[:, 1] = torch.nan
    test, validation = torch.arange(80, 100), torch.arange(60, 80)
    inputs[80 : 80 + copied] = inputs[40 : 40 + copied]
    inputs[80 : 80 + copied, 2] *= -1  # -0 is 0
    rules: dict[str, Any] = {"validation": validation, "has_missing": missing}
    dataset = Dataset("copies", "classification", inputs, torch.arange(100) % 2, test, 2, "feature", **rules)
    said = repeats(dataset)
    if not copied:
        assert said == []
        return
    assert said == [
        f"copies: {copied} of 20 examples of the test part have the same inputs as an example outside of the test set,"
        " for example example 80 and example 40; if these are copies, leave one of each in the data, or have all in one"
        " part"
    ]


def test_copies_between_training_and_validation_are_told_with_their_places() -> None:
    inputs = torch.arange(50).float().repeat(2).unsqueeze(1).repeat(1, 2)
    test = torch.tensor([0, 50])
    made = Dataset(
        "twice", "regression", inputs, torch.rand(100), test, 1, "feature", place=lambda row: f"line {row + 2}"
    )
    (said,) = repeats(made)
    copies = set(made.split(0).val.tolist()) - {(row + 50) % 100 for row in made.split(0).val.tolist()}
    assert f"twice: {len(copies)} of 20 examples of the validation of seed 0 part" in said
    assert "for example line " in said
    assert "(dataset.group= keeps rows of one value of a column in one part)" in said
    assert not repeats(dataclasses.replace(made, groups=torch.arange(100) % 50))


def test_features_of_few_values_repeat_one_another_by_their_nature() -> None:
    few = torch.stack([torch.arange(100) % 7, torch.arange(100) % 3], 1).float()
    made = Dataset("few", "regression", few, torch.rand(100), torch.arange(20), 1, "feature")
    assert repeats(made) == []
    assert len(repeats(dataclasses.replace(made, inputs=few.repeat(1, 3)))) == 1
