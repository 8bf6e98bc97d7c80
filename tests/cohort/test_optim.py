"""The optimizers against torch's, and the constraints against computations of their own."""

import pytest
import torch
from torch.func import vmap

from dropout_lab.cohort.optim import SGD, AbstractOptimizer, Adam, AdamW, RMSprop
from dropout_lab.cohort.step import Program, StepInputs
from dropout_lab.core.errors import UserError
from tests.cohort.runs import recipe, structure, train
from tests.made import made

TWINS = [
    (SGD(lr=0.1), torch.optim.SGD, {"lr": 0.1}),
    (SGD(lr=0.1, momentum=0.9, weight_decay=0.01), torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    (SGD(lr=0.1, momentum=0.9, nesterov=True), torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    (Adam(lr=0.01, weight_decay=0.1), torch.optim.Adam, {"lr": 0.01, "weight_decay": 0.1}),
    (Adam(lr=0.01, beta1=0.5, beta2=0.9), torch.optim.Adam, {"lr": 0.01, "betas": (0.5, 0.9)}),
    (AdamW(lr=0.01, weight_decay=0.1), torch.optim.AdamW, {"lr": 0.01, "weight_decay": 0.1}),
    (RMSprop(lr=0.01, weight_decay=0.1), torch.optim.RMSprop, {"lr": 0.01, "weight_decay": 0.1}),
    (RMSprop(lr=0.01, alpha=0.9, eps=0.1), torch.optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "eps": 0.1}),
    (RMSprop(lr=0.01, momentum=0.9), torch.optim.RMSprop, {"lr": 0.01, "momentum": 0.9}),
    (
        RMSprop(lr=0.01, momentum=0.5, eps=1e-3, centered=True),
        torch.optim.RMSprop,
        {"lr": 0.01, "momentum": 0.5, "eps": 1e-3, "centered": True},
    ),
]


@pytest.mark.parametrize(("ours", "theirs", "arguments"), TWINS)
def test_fifty_steps_are_torchs(ours: AbstractOptimizer, theirs: type, arguments: dict[str, float]) -> None:
    torch.manual_seed(0)
    start, target = torch.randn(2, 40), torch.randn(2, 40)
    hyper = {name: torch.full((2,), value) for name, value in ours.numbers().items()}
    params, state = start.clone(), ours.init(start)
    twin = torch.nn.Parameter(start.clone())
    optimizer = theirs([twin], **arguments)
    for _ in range(50):
        params, state = vmap(ours.update)(params, (params - target).tanh(), state, hyper)
        twin.grad = (twin.detach() - target).tanh()
        optimizer.step()
    torch.testing.assert_close(params, twin.detach(), rtol=1e-4, atol=1e-6)


def test_a_gradient_that_stays_the_same_has_no_variance_below_0() -> None:
    # torch's centered RMSprop takes the root of whatever rounding leaves there.
    ours = RMSprop(lr=0.01, centered=True)
    params, state = torch.zeros(1000), ours.init(torch.zeros(1000))
    hyper = {name: torch.tensor(value) for name, value in ours.numbers().items()}
    grads = torch.rand(1000, generator=torch.Generator().manual_seed(0))
    for _ in range(4000):
        params, state = ours.update(params, grads, state, hyper)
    assert bool((state["second"] < state["first"] ** 2).any())
    assert bool(params.isfinite().all())


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (SGD, {"lr": -0.1}),
        (SGD, {"lr": 0.1, "momentum": 1.0}),
        (Adam, {"lr": 0.1, "beta2": 1.5}),
        (Adam, {"lr": float("nan")}),
        (RMSprop, {"lr": 0.1, "alpha": 1.0}),
    ],
)
def test_a_hyperparameter_without_meaning_is_refused(
    kind: type[AbstractOptimizer], arguments: dict[str, float]
) -> None:
    with pytest.raises(UserError, match=f"optimizer.{list(arguments)[-1]}"):
        made("optimizer", kind, **arguments)


def test_max_norm_bounds_the_weights_into_every_unit_and_leaves_shorter_ones() -> None:
    program = Program(structure(max_norm=True))
    flat = torch.randn(program.layout.size)
    before = program.layout.unflatten(flat)
    after = program.layout.unflatten(program._constrain(flat, torch.tensor(4.0)))
    bounded = 0
    for name, weight in before.items():
        if weight.dim() == 1:
            assert torch.equal(after[name], weight)
            continue
        for unit, constrained in zip(weight, after[name], strict=True):
            if unit.norm() > 4:
                bounded += 1
                torch.testing.assert_close(constrained, unit * 4 / unit.norm())
            else:
                assert torch.equal(constrained, unit)
    assert 0 < bounded < sum(len(weight) for weight in before.values() if weight.dim() > 1)


def test_a_clipped_gradient_has_at_most_its_norm() -> None:
    # One step of plain SGD at rate 1 moves the parameters by the gradient.
    for limit in (1e-3, 1e6):
        program = Program(structure(optimizer="sgd", clip_norm=True))
        hyper = {"lr": 1.0, "momentum": 0.0, "weight_decay": 0.0, "clip_norm": limit, "max_norm": 0.0}
        torch.manual_seed(0)
        params = 0.1 * torch.randn(program.layout.size)
        state = program.structure.optimizer.init(params)
        start = params.clone().requires_grad_()
        keys = torch.zeros((3, 2), dtype=torch.int32)
        x, y = torch.randn(8, 1, 8, 8), torch.arange(8)
        given = StepInputs(torch.zeros(3), torch.zeros(()), torch.ones(()), keys, x, y)
        loss, _ = program.loss(start, {}, {}, given)
        (grads,) = torch.autograd.grad(loss, start)
        moved, _ = program.update(params, grads, state, {name: torch.tensor(value) for name, value in hyper.items()})
        length = (moved - params).norm().item()
        assert length == pytest.approx(limit, rel=1e-2) if limit < 1 else 0.01 < length < 100


def test_schedules_scale_the_rates_epoch_by_epoch() -> None:
    # Dropout in the second half only: the first half is the run without dropout.
    late = recipe(1, schedule=lambda progress: float(progress >= 0.5))
    results = train(structure(), [late, recipe(1, id="none", rates={}), recipe(1, id="always")], 3)
    halves = {name: results[name].curves["running_loss"] for name in ("1", "none", "always")}
    assert halves["1"][:2] == halves["none"][:2]
    assert halves["1"][2] != halves["none"][2]
    assert halves["1"][0] != halves["always"][0]
