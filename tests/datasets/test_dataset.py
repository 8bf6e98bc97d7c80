import dataclasses
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dropout_lab.core.errors import UserError
from dropout_lab.core.tokens import NO_CLASS, PADDING, SPECIAL_TOKENS, UNKNOWN
from dropout_lab.datasets.dataset import FRACTION, Dataset
from dropout_lab.datasets.held_out import hold_out_test
from dropout_lab.datasets.split import Split

seeds = st.integers(0, 2**31)
quick = settings(deadline=None, max_examples=40)


def labelled(counts: list[int], **rules: Any) -> Dataset:
    """A table with that many examples of each class; feature 0 is the row, feature 1 is constant."""
    targets = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    rows = torch.arange(len(targets)).float()
    inputs = torch.stack([rows, torch.full_like(rows, 0.1)], dim=1)
    rules = {
        "task": "classification",
        "standardize": "feature",
        "test": hold_out_test(targets, "classification", 0.25),
        **rules,
    }
    return Dataset(name="labelled", inputs=inputs, targets=targets, outputs=len(counts), **rules)


def measured(n: int = 60, **rules: Any) -> Dataset:
    noise = np.random.default_rng(n)
    targets = torch.from_numpy(noise.normal(150, 40, n)).float()
    inputs = torch.from_numpy(noise.normal(5, 3, (n, 3))).float()
    rules = {"test": hold_out_test(targets, "regression", 0.25), **rules}
    return Dataset("measured", "regression", inputs, targets, outputs=1, standardize="feature", **rules)


def images(n: int = 40) -> Dataset:
    targets = torch.arange(n) % 2
    pixels = np.random.default_rng(n).normal([[[1.0]], [[50.0]]], [[[0.5]], [[9.0]]], (n, 2, 4, 3))
    test = hold_out_test(targets, "classification", 0.25)
    return Dataset("images", "classification", torch.from_numpy(pixels).float(), targets, test, 2, "channel")


def sequences(n: int = 40, **rules: Any) -> Dataset:
    """Tokens, of which some are rare, with a class at every place but the last."""
    tokens = torch.from_numpy(np.random.default_rng(n).zipf(1.5, (n, 6))).clamp(max=20) + 1
    targets = torch.where(torch.arange(6) < 5, tokens % 3, NO_CLASS)
    rules = {"test": hold_out_test(targets, "token_classification", 0.25), **rules}
    names = (*SPECIAL_TOKENS, *map(str, range(20)))
    return Dataset(
        "sequences", "token_classification", tokens, targets, outputs=3, standardize="none", vocabulary=names, **rules
    )


def same(a: Split, b: Split) -> bool:
    pairs = ((getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(Split))
    return all(x is y if x is None or y is None else torch.equal(x, y) for x, y in pairs)


def rows(*parts: Tensor) -> list[int]:
    return sorted(torch.cat(parts).tolist())


classes = st.lists(st.integers(8, 40), min_size=2, max_size=5)
fractions = st.floats(0.2, 0.7)


@quick
@given(classes, fractions, seeds)
def test_the_three_parts_are_disjoint_and_cover_the_examples(counts: list[int], fraction: float, seed: int) -> None:
    dataset = labelled(counts, val_fraction=fraction)
    split = dataset.split(seed)
    assert rows(split.train, split.val, dataset.test) == list(range(sum(counts)))


@quick
@given(classes, fractions, seeds)
def test_every_class_is_within_one_example_of_its_share(counts: list[int], fraction: float, seed: int) -> None:
    dataset = labelled(counts, val_fraction=fraction)
    split = dataset.split(seed)
    total = sum(counts)
    for label, count in enumerate(counts):
        in_test, in_val = ((dataset.targets[part] == label).sum().item() for part in (dataset.test, split.val))
        assert abs(in_test - count * len(dataset.test) / total) <= 1
        assert abs(in_val - (count - in_test) * len(split.val) / (total - len(dataset.test))) <= 1


@quick
@given(seeds)
def test_a_split_depends_on_the_seed_and_on_nothing_else(seed: int) -> None:
    for dataset in (labelled([20, 30], label_noise=0.3), measured(label_noise=0.3), images(), sequences()):
        split = dataset.split(seed)
        torch.manual_seed(1)
        np.random.seed(1)
        assert same(split, dataset.split(seed))
        assert not torch.equal(split.train, dataset.split(seed + 1).train)
        assert split.train.tolist() != sorted(split.train.tolist())


def places(part: Tensor, whole: Tensor) -> list[int]:
    """Where the rows of a part are in the whole."""
    return [whole.tolist().index(row) for row in part.tolist()]


@quick
@given(seeds, st.integers(2, 45))
def test_a_limit_keeps_the_shares_of_the_classes_and_moves_nothing_else(seed: int, limit: int) -> None:
    counts = [6, 60, 10, 24]
    full, limited, larger = (
        labelled(counts, label_noise=0.4, limit=n, val_fraction=0.3).split(seed) for n in (None, limit, limit + 5)
    )
    at = places(limited.train, full.train)
    assert at == sorted(set(at)), "in their order"
    assert len(at) == limit
    assert set(at) <= set(places(larger.train, full.train))
    assert torch.equal(limited.train_targets, full.train_targets[at]), "with the same noise"
    assert torch.equal(limited.val, full.val)
    assert torch.equal(limited.val_targets, full.val_targets)
    classes = torch.arange(4).repeat_interleave(torch.tensor(counts))
    exact = torch.bincount(classes[full.train], minlength=4) * limit / len(full.train)
    assert ((torch.bincount(classes[limited.train], minlength=4) - exact).abs() < 1).all()


def test_classes_of_which_a_limit_keeps_nothing_are_named() -> None:
    for limit, absent in ((None, []), (10, ["b"]), (40, [])):
        dataset = labelled([40, 4, 40], limit=limit, class_names=("a", "b", "c"))
        assert list(dataset.lacking(0)) == absent
        trained = set(dataset.split(0).train_targets.tolist())
        assert [name for number, name in enumerate("abc") if number not in trained] == absent


def test_a_limit_that_keeps_all_changes_nothing() -> None:
    full = labelled([20, 30, 25, 25]).split(1)
    assert same(full, labelled([20, 30, 25, 25], limit=len(full.train)).split(1))
    one, two = (measured(limit=n).split(3) for n in (None, 11))
    assert torch.equal(one.train[:11], two.train), "numbers have no shares: the first n are as good as others"


@quick
@given(seeds, st.sampled_from([None, 7]))
def test_inputs_are_standardized_by_the_training_part_alone(seed: int, limit: int | None) -> None:
    dataset = measured(limit=limit)
    split = dataset.split(seed)
    train = ((dataset.inputs - split.mean) / split.std)[split.train]
    assert split.mean.shape == split.std.shape == dataset.input_shape == (3,)
    np.testing.assert_allclose(train.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(train.std(0, correction=0), 1, atol=1e-5)
    # What is outside the training part may change as it likes.
    moved = dataset.inputs.clone()
    outside = torch.ones(len(moved), dtype=torch.bool)
    outside[split.train] = False
    moved[outside] += 1000
    assert same(dataclasses.replace(dataset, inputs=moved).split(seed), split)


def test_a_constant_feature_gets_a_deviation_of_1() -> None:
    split = labelled([20, 30]).split(0)
    assert split.std[1] == 1
    assert split.mean[1] == torch.tensor(0.1)
    single = labelled([20, 30], limit=1).split(0)
    assert single.std.tolist() == [1, 1]


def test_a_feature_of_which_the_training_part_knows_nothing_is_0_everywhere() -> None:
    dataset = measured()
    holes = dataset.inputs.clone()
    holes[dataset.split(0).train, 1] = math.nan
    split = dataclasses.replace(dataset, inputs=holes, has_missing=True).split(0)
    assert (((holes - split.mean) / split.std)[split.val, 1] == 0).all()
    assert torch.equal(split.mean[[0, 2]], dataset.split(0).mean[[0, 2]])


def test_images_are_standardized_by_channel() -> None:
    dataset = images()
    split = dataset.split(3)
    assert split.mean.shape == split.std.shape == (2, 1, 1)
    train = ((dataset.inputs - split.mean) / split.std)[split.train].numpy()
    np.testing.assert_allclose(train.mean((0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(train.std((0, 2, 3)), 1, atol=1e-5)


@quick
@given(seeds)
def test_regression_targets_are_in_units_of_the_training_part(seed: int) -> None:
    dataset = measured(limit=20)
    split = dataset.split(seed)
    raw = dataset.targets.double().numpy()
    mean, std = raw[split.train].mean(), raw[split.train].std()
    for part, targets in (
        (split.train, split.train_targets),
        (split.val, split.val_targets),
        (dataset.test, split.test_targets),
    ):
        assert targets.dtype == torch.float32
        np.testing.assert_allclose(targets, (raw[part] - mean) / std, atol=1e-5)


def test_label_noise_replaces_that_share_of_training_labels_by_each_other_class_equally() -> None:
    q, classes = 0.3, 4
    dataset = labelled([1500] * classes, label_noise=q)
    split = dataset.split(0)
    clean = dataset.targets[split.train]
    wrong = split.train_targets != clean
    n = len(clean)
    assert abs(wrong.sum().item() - q * n) < 4 * math.sqrt(n * q * (1 - q))
    pairs = Counter(zip(clean[wrong].tolist(), split.train_targets[wrong].tolist(), strict=True))
    share = n * q / (classes * (classes - 1))
    assert len(pairs) == classes * (classes - 1)
    assert all(abs(count - share) < 5 * math.sqrt(share) for count in pairs.values())
    assert torch.equal(split.val_targets, dataset.targets[split.val])
    assert torch.equal(split.test_targets, dataset.targets[dataset.test])


def test_label_noise_1_leaves_no_label_right_and_0_none_wrong() -> None:
    dataset = labelled([30, 30, 30])
    clean = dataset.split(5)
    assert torch.equal(clean.train_targets, dataset.targets[clean.train])
    noisy = dataclasses.replace(dataset, label_noise=1.0).split(5)
    assert torch.equal(noisy.train, clean.train)
    assert not (noisy.train_targets == clean.train_targets).any()


def test_regression_noise_has_that_deviation_and_spoils_the_training_part_alone() -> None:
    clean, noisy = (measured(4000, label_noise=q).split(1) for q in (0.0, 0.5))
    errors = noisy.train_targets - clean.train_targets
    assert abs(errors.std().item() - 0.5) < 0.03
    assert abs(errors.mean().item()) < 0.05
    assert torch.equal(noisy.val_targets, clean.val_targets)
    assert torch.equal(noisy.test_targets, clean.test_targets)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"limit": 0}, "dataset.limit=0: must be a whole number of at least 1, or null"),
        ({"limit": True}, "dataset.limit=true: must be a whole number"),
        ({"limit": 2.5}, "dataset.limit=2.5: must be a whole number"),
        ({"limit": 1000}, "dataset.limit=1000: must be at most 30, the number of training examples"),
        ({"label_noise": 1.5}, "dataset.label_noise=1.5: must be a finite number of at least 0 and at most 1"),
        ({"label_noise": -0.1}, "dataset.label_noise=-0.1: must be a finite number"),
        ({"label_noise": math.nan}, "dataset.label_noise=nan: must be a finite number"),
        ({"label_noise": "much"}, 'dataset.label_noise="much": must be a finite number'),
        ({"val_fraction": 0}, "dataset.val_fraction=0: must be a finite number above 0 and below 1"),
        ({"val_fraction": 1.0}, "dataset.val_fraction=1.0: must be a finite number above 0"),
        ({"val_fraction": math.nan}, "dataset.val_fraction=nan: must be a finite number above 0"),
        ({"val_fraction": None}, "dataset.val_fraction=null: must be a finite number above 0"),
        ({"val_fraction": 0.01}, "dataset.val_fraction=0.01: is 0 of 38 examples; both parts must have at least 2"),
        ({"val_fraction": 0.99}, "dataset.val_fraction=0.99: is 38 of 38 examples; both parts must have at least 2"),
        ({"test": torch.tensor([0, 0])}, "test must hold different"),
        ({"test": torch.tensor([50])}, "test must hold different"),
        ({"test": torch.arange(20)}, "the test set holds every example of class 0"),
        ({"test": torch.arange(19)}, "class 0 has only 1 example"),
        ({"task": "ranking"}, "task must be"),
        ({"standardize": "pixel"}, "standardize must be"),
        ({"standardize": "channel"}, "channels second"),
    ],
)
def test_what_cannot_be_is_refused(rules: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        labelled([20, 30], **rules)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": torch.full((60, 3), math.nan)}, "inputs must be finite"),
        ({"inputs": torch.zeros(60, 3).double()}, "inputs must be float32"),
        ({"inputs": torch.zeros(60)}, "example dimension"),
        ({"inputs": torch.full((60, 3), math.inf), "has_missing": True}, "inputs must be finite or NaN"),
        ({"inputs": torch.zeros(60, 3, 2), "has_missing": True}, "has_missing needs inputs of the shape"),
        ({"indicators": (3,)}, r"indicators must be columns .* in 0\.\.2"),
        ({"targets": torch.full((60,), math.inf)}, "targets must be finite"),
        ({"targets": torch.zeros(59)}, r"targets must have the shape \(60,\)"),
        ({"targets": torch.zeros(60).long()}, "targets must be float32"),
        ({"outputs": 2}, "targets must have the shape"),
        ({"task": "classification"}, "outputs=1 must be at least 2"),
        ({"task": "classification", "outputs": 2}, "targets must be int64"),
        ({"label_noise": -1.0}, "dataset.label_noise=-1.0: must be a finite number of at least 0$"),
        ({"label_noise": math.inf}, "dataset.label_noise=inf: must be a finite number of at least 0"),
        ({"label_noise": math.nan}, "dataset.label_noise=nan: must be a finite number of at least 0"),
    ],
)
def test_malformed_tensors_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        dataclasses.replace(measured(), **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocabulary": ("a", *SPECIAL_TOKENS, *map(str, range(20)))}, "vocabulary must begin with"),
        ({"inputs": torch.full((40, 6), 22)}, r"inputs must be int64 tokens in 0\.\.21"),
        ({"inputs": torch.zeros(40, 6)}, "inputs must be int64 tokens"),
        ({"standardize": "feature"}, "tokens cannot be standardized"),
        ({"min_count": 0}, "min_count=0: must be a whole number of at least 1"),
        ({"targets": torch.full((40, 6), NO_CLASS)}, "every example must have a target"),
        ({"targets": torch.full((40, 6), 3)}, r"targets must be int64 classes in 0\.\.2, or -1"),
        ({"label_noise": 0.1}, "dataset.label_noise=0.1: must be"),
        ({"is_stream": True}, "the test set of a stream must be its last rows"),
        ({"predicts_tokens": True}, "to predict tokens, task must be token_classification and outputs=3"),
    ],
)
def test_malformed_sequences_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        dataclasses.replace(sequences(), **change)


@quick
@given(seeds, st.integers(1, 4), st.sampled_from([None, 7]))
def test_known_are_the_tokens_that_the_training_part_has_often_enough(
    seed: int, min_count: int, limit: int | None
) -> None:
    dataset = sequences(min_count=min_count, limit=limit)
    split = dataset.split(seed)
    counts = Counter(dataset.inputs[split.train].flatten().tolist())
    assert split.known is not None
    for token, taken in enumerate(split.known.tolist()):
        assert taken == (token if token == PADDING or counts[token] >= min_count else UNKNOWN)
    assert torch.equal(split.val_targets, dataset.targets[split.val])


@pytest.mark.parametrize("fraction", [0, 1, -0.5, math.nan, True, "half", 0.001, 0.999])
def test_an_impossible_test_fraction_is_refused(fraction: Any) -> None:
    with pytest.raises(UserError, match=f"dataset.test_fraction={FRACTION.shown(fraction)}"):
        hold_out_test(torch.arange(50) % 2, "classification", fraction)


def test_a_class_with_one_example_is_refused() -> None:
    with pytest.raises(UserError, match="class 1 has only 1 example"):
        hold_out_test(torch.tensor([0] * 10 + [1]), "classification", 0.2)


def test_classes_divide_the_examples_and_are_numbered_anew() -> None:
    whole = labelled([9, 12, 10, 8], limit=8, class_names=("a", "b", "c", "d"))
    parts = whole.of_classes([3, 0]), whole.of_classes([1, 2])
    rows = [part.inputs[:, 0].long() for part in parts]
    assert torch.cat(rows).sort().values.tolist() == list(range(39))
    for part, of, classes in zip(parts, rows, ([3, 0], [1, 2]), strict=True):
        assert torch.equal(torch.tensor(classes)[part.targets], whole.targets[of])
        # What is tested on is tested on in either part, and nothing else is.
        assert set(of[part.test].tolist()) == set(whole.test.tolist()) & set(of.tolist())
    assert parts[0].class_names == ["d", "a"]
    assert parts[0].name == "labelled (classes d, a)"
    assert len(parts[0].split(0).train) == 8


def test_the_test_part_never_changes() -> None:
    targets = torch.arange(60) % 3
    test = hold_out_test(targets, "classification", 0.2)
    np.random.seed(4)
    assert torch.equal(test, hold_out_test(targets, "classification", 0.2))
    assert test.tolist() == sorted(test.tolist())
    assert len(test) == 12
