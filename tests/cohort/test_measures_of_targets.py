"""What measures and metrics on request find where classes have weights, or examples several outputs or labels, and
validation parts differ in size."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn import metrics as sk
from torch import Tensor, nn

from dropout_lab.cohort.measures.coadaptation import Coadaptation
from dropout_lab.cohort.measures.fgsm import FGSM
from dropout_lab.cohort.measures.gradient_noise import GradientNoise
from dropout_lab.cohort.measures.pixel_drop import PixelDrop
from dropout_lab.cohort.measures.sharpness import Sharpness
from dropout_lab.cohort.recipe import Structure
from dropout_lab.cohort.step import Program
from dropout_lab.core.mask_streams import Noise
from dropout_lab.core.seeding import generator
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.split import Split
from dropout_lab.models.mlp import MLP
from tests.cohort.measured import Alone, alone, trained
from tests.cohort.runs import structure

SIZES = (31, 7, 12, 3, 22, 9, 16, 5, 11, 4)
BATCH, OUTPUTS, DEVIATION = 16, 3, 0.2
ASKED = {
    "classification": ("f1_macro", "balanced_accuracy", "auroc", "mcc", "brier"),
    "multilabel": ("f1_macro", "auroc"),
    "regression": ("mae", "rmse", "r2"),
}
MEASURES = {
    "pixel_drop": PixelDrop([0.0]),
    "fgsm": FGSM([0.3]),
    "coadaptation": Coadaptation(),
    "gradient_noise": GradientNoise(4),
    "sharpness": Sharpness([DEVIATION], draws=1),
}
tasks = pytest.mark.parametrize("task", ASKED)


def made(task: Any) -> Structure:
    """Three folds of ten groups; the test set is a group of its own."""
    groups = torch.cat([torch.full((size,), number) for number, size in enumerate((*SIZES, 40))])
    drawn = torch.Generator().manual_seed(0)
    x = torch.randn(len(groups), 5, generator=drawn)
    signal = x[:, :OUTPUTS] + torch.randn(len(groups), OUTPUTS, generator=drawn)
    weights: Any = {"0": 1, "1": 6, "2": 0.3} if task == "classification" else None
    of_task = {"classification": signal.argmax(1), "multilabel": (signal > 0.5).float(), "regression": signal * 9}
    rules: dict[str, Any] = {"groups": groups, "folds": 3, "class_weight": weights}
    test = torch.arange(sum(SIZES), len(groups))
    data = Dataset("uneven", task, x, of_task[task], test, OUTPUTS, "feature", **rules)
    build = lambda: MLP(input_shape=(5,), outputs=OUTPUTS, hidden=[8])  # noqa: E731
    return structure(build=build, dataset=data, batch_size=BATCH, dropout={}, metrics=ASKED[task])


@cache
def runs(task: str) -> Mapping[str, tuple[Alone, Split]]:
    found = trained(MEASURES, made(task), runs=3, width=3)
    return {name: (alone(made(task), run), made(task).dataset.split(int(name))) for name, run in found.items()}


def each(output: Tensor, y: Tensor, task: str) -> Tensor:
    """(n,) losses without weights."""
    if task == "classification":
        return F.cross_entropy(output, y, reduction="none")
    of = F.mse_loss if task == "regression" else F.binary_cross_entropy_with_logits
    return of(output, y, reduction="none").mean(1)


def evaluated(output: Tensor, y: Tensor, task: str, split: Split) -> float:
    """The loss of a part: torch's mean, which is over the sum of the weights."""
    if task == "classification":
        return F.cross_entropy(output, y, weight=split.class_weights).item()
    return each(output, y, task).mean().item()


@tasks
def test_a_changed_test_set_is_scored_as_the_test_set_is(task: str) -> None:
    for run, split in runs(task).values():
        found = run.result.measured
        with torch.no_grad():
            output = run.model(run.x)
        assert run.result.test_loss == pytest.approx(evaluated(output, run.y, task, split), rel=1e-4)
        assert found["pixel_drop_loss@0"] == pytest.approx(run.result.test_loss, rel=1e-5)
        x = run.x.clone().requires_grad_()
        each(run.model(x), run.y, task).sum().backward()
        assert x.grad is not None
        with torch.no_grad():
            attacked = run.model(run.x + 0.3 * x.grad.sign())
        assert found["fgsm_loss@0.3"] == pytest.approx(evaluated(attacked, run.y, task, split), rel=1e-4)
        if task == "regression":
            assert "pixel_drop_accuracy@0" not in found
            continue
        right = attacked.argmax(1) == run.y if task == "classification" else (attacked > 0) == (run.y > 0)
        assert found["fgsm_accuracy@0.3"] == pytest.approx(right.float().mean().item())
        assert found["pixel_drop_accuracy@0"] == pytest.approx(run.result.test_accuracy)


@tasks
def test_hidden_units_are_counted_and_not_weighed(task: str) -> None:
    for run, _ in runs(task).values():
        first = next(layer for layer in run.model.modules() if isinstance(layer, nn.Linear))
        with torch.no_grad():
            hidden = first(run.x).relu()
        assert run.result.measured["mean_activation@hidden.0"] == pytest.approx(hidden.mean().item(), rel=1e-4)
        assert run.result.measured["activation_sparsity@hidden.0"] == pytest.approx((hidden == 0).float().mean().item())


@tasks
def test_gradients_are_those_of_the_training_loss(task: str) -> None:
    for run, split in runs(task).values():
        order = torch.from_numpy(generator(run.result.recipe.seed, "measure").permutation(len(split.train)))
        norms = []
        for batch in order.split(BATCH)[:4]:
            run.model.zero_grad()
            x = (made(task).dataset.inputs[split.train[batch]] - split.mean) / split.std
            y = split.train_targets[batch]
            weights = torch.ones(BATCH) if split.class_weights is None else split.class_weights[y]
            (weights * each(run.model(x), y, task)).mean().backward()
            norms.append(torch.cat([p.grad.flatten() for p in run.model.parameters() if p.grad is not None]).norm())
        expected = torch.stack(norms).var().item()
        assert run.result.measured["gradient_norm_variance"] == pytest.approx(expected, rel=1e-3)


@tasks
def test_sharpness_is_that_of_the_loss_on_as_much_as_the_runs_own_validation_part(task: str) -> None:
    layout = Program(made(task)).layout
    assert len({len(split.val) for _, split in runs(task).values()}) > 1
    for run, split in runs(task).values():
        rows, y = split.train[: len(split.val)], split.train_targets[: len(split.val)]
        x = (made(task).dataset.inputs[rows] - split.mean) / split.std
        z = layout.unflatten(Noise(run.key("sharpness")).normal((layout.size,)))
        moved = {name: value + DEVIATION * value.abs() * z[name] for name, value in run.model.named_parameters()}
        with torch.no_grad():
            after, before = torch.func.functional_call(run.model, moved, (x,)), run.model(x)
        rise = evaluated(after, y, task, split) - evaluated(before, y, task, split)
        assert run.result.measured[f"sharpness@{DEVIATION}"] == pytest.approx(rise, abs=3e-5)


@tasks
def test_metrics_on_request_are_scikit_learns_on_the_rows_of_each_part(task: str) -> None:
    for run, split in runs(task).values():
        x = (made(task).dataset.inputs[split.val] - split.mean) / split.std
        best = run.result.metrics["best_epoch"] - 1
        with torch.no_grad():
            of_val, of_test = run.model(x), run.model(run.x)
        for part, output, y in (("val", of_val, split.val_targets), ("test", of_test, run.y)):
            for name, expected in reference(task, output.double(), y).items():
                measured = run.result.metrics[f"{part}_{name}"]
                assert measured == pytest.approx(expected, abs=1e-5), (part, name)
                if part == "val":
                    assert run.result.curves[f"val_{name}"][best] == measured


def reference(task: str, output: Tensor, y: Tensor) -> Mapping[str, float]:
    if task == "regression":
        spans = {"mae": sk.mean_absolute_error, "rmse": sk.root_mean_squared_error, "r2": sk.r2_score}
        return {name: float(score(y.double(), output)) for name, score in spans.items()}
    if task == "multilabel":
        f1 = sk.f1_score(y, output > 0, average="macro")
        return {"f1_macro": float(f1), "auroc": float(sk.roc_auc_score(y, output, average="macro"))}
    probs, answers = output.softmax(1).numpy(), output.argmax(1)
    return {
        "f1_macro": float(sk.f1_score(y, answers, average="macro")),
        "balanced_accuracy": float(sk.balanced_accuracy_score(y, answers)),
        "auroc": float(sk.roc_auc_score(y, probs, multi_class="ovr")),
        "mcc": float(sk.matthews_corrcoef(y, answers)),
        "brier": float(((probs - np.eye(OUTPUTS)[y]) ** 2).sum(1).mean()),
    }
