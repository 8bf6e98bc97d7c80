"""Gradient clipping against torch.nn.utils.clip_grad_norm_; every hyperparameter's bounds."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dropout_lab.cohort.optim import SGD, AbstractOptimizer, Adam, AdamW
from dropout_lab.cohort.step import Program, StepInputs
from dropout_lab.core.errors import UserError
from tests.cohort.runs import MODELS, structure
from tests.made import made


@pytest.mark.parametrize("share", [0.1, 0.999, 1.001, 10.0])
def test_a_clipped_step_is_torchs(share: float) -> None:
    """One step of plain SGD at rate 1; the limit is `share` of the gradient's own length, on both sides of it."""
    torch.manual_seed(0)
    model, x, y = MODELS["mlp"](), torch.randn(16, 1, 8, 8), torch.arange(16) % 10
    program = Program(structure(optimizer="sgd", clip_norm=True))
    before = program.layout.flatten(dict(model.named_parameters()))
    F.cross_entropy(model(x), y).backward()
    length = torch.cat([param.grad.flatten() for param in model.parameters() if param.grad is not None]).norm()
    limit = share * length.item()
    hyper = {"lr": 1.0, "momentum": 0.0, "weight_decay": 0.0, "clip_norm": limit}
    start = before.clone().requires_grad_()
    keys = torch.zeros((len(program.sites), 2), dtype=torch.int32)
    given = StepInputs(torch.zeros(len(program.sites)), torch.zeros(()), torch.ones(()), keys, x, y)
    loss, _ = program.loss(start, {}, {}, given)
    (grads,) = torch.autograd.grad(loss, start)
    numbers = {name: torch.tensor(value) for name, value in hyper.items()}
    after, _ = program.update(before, grads, program.structure.optimizer.init(before), numbers)
    nn.utils.clip_grad_norm_(model.parameters(), limit)
    torch.optim.SGD(model.parameters(), lr=1.0).step()
    ours = program.layout.unflatten(after)
    for name, param in model.named_parameters():
        torch.testing.assert_close(ours[name], param.detach())
    assert (after - before).norm().item() == pytest.approx(min(share, 1) * length.item(), rel=1e-4)


HYPERPARAMETERS = [
    (kind, name) for kind in (SGD, Adam, AdamW) for name in kind(lr=0.1).numbers()
]  # all that an optimizer has


@pytest.mark.parametrize(("kind", "name"), HYPERPARAMETERS)
@pytest.mark.parametrize("value", [-1e-9, float("nan"), float("inf"), -float("inf")])
def test_a_hyperparameter_that_is_negative_or_no_number_is_refused(
    kind: type[AbstractOptimizer], name: str, value: float
) -> None:
    arguments: Any = {"lr": 0.1, name: value}
    with pytest.raises(UserError) as raised:
        made("optimizer", kind, **arguments)
    assert str(raised.value).startswith(f"optimizer.{name}={value}: must be ")


@pytest.mark.parametrize(("kind", "name"), HYPERPARAMETERS)
def test_decay_rates_stay_below_1_and_the_others_need_not(kind: type[AbstractOptimizer], name: str) -> None:
    arguments: Any = {"lr": 0.1, name: 1.0}
    if name in ("momentum", "beta1", "beta2"):
        with pytest.raises(
            UserError, match=rf"^optimizer\.{name}=1\.0: must be a finite number of at least 0 and below 1$"
        ):
            made("optimizer", kind, **arguments)
    else:
        assert kind(**arguments).numbers()[name] == 1.0
    assert kind(**{**arguments, name: 0.0}).numbers()[name] == 0.0
