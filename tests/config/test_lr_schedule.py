"""Learning-rate and momentum schedules beside torch's, step by step."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch.optim import lr_scheduler as theirs

from dropout_lab.config import momentum_schedule
from dropout_lab.config.lr_schedule import (
    Constant,
    Cosine,
    Exponential,
    InverseSqrt,
    InverseTime,
    Linear,
    OneCycle,
    Step,
)
from dropout_lab.core.errors import UserError
from tests.made import made

CONF = Path(__file__).parents[2] / "conf"
STEPS, RISING = 60, 12
Schedule = Callable[[int, int], float]


def torchs(make: Callable[[torch.optim.Optimizer], Any]) -> list[float]:
    """The multipliers at the steps of a training with a scheduler of torch."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SequentialLR steps its schedulers in a way that they warn of
        scheduler, found = make(optimizer), []
        for _ in range(STEPS):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    return found


def ours(schedule: Schedule, steps: int = STEPS) -> list[float]:
    return [schedule(step, steps) for step in range(steps)]


def warmed_up(after: Callable[[torch.optim.Optimizer], Any]) -> Callable[[torch.optim.Optimizer], Any]:
    def make(optimizer: torch.optim.Optimizer) -> Any:
        rising = theirs.LinearLR(optimizer, start_factor=1 / RISING, total_iters=RISING - 1)
        return theirs.SequentialLR(optimizer, [rising, after(optimizer)], [RISING])

    return make


SHARE, LEFT = RISING / STEPS, STEPS - RISING
TWINS: list[tuple[Schedule, Callable[[torch.optim.Optimizer], Any]]] = [
    (Constant(), lambda o: theirs.ConstantLR(o, factor=1.0)),
    (Constant(SHARE), warmed_up(lambda o: theirs.ConstantLR(o, factor=1.0))),
    (Step(step_size=0.1, gamma=0.5), lambda o: theirs.StepLR(o, 6, 0.5)),
    (Step(SHARE, step_size=0.25, gamma=0.1), warmed_up(lambda o: theirs.StepLR(o, LEFT // 4, 0.1))),
    (Linear(final=0.2), lambda o: theirs.LinearLR(o, 1.0, 0.2, STEPS)),
    (Linear(SHARE, final=0.0), warmed_up(lambda o: theirs.LinearLR(o, 1.0, 0.0, LEFT))),
    (Cosine(final=0.1), lambda o: theirs.CosineAnnealingLR(o, STEPS, eta_min=0.1)),
    (Cosine(SHARE, final=0.0), warmed_up(lambda o: theirs.CosineAnnealingLR(o, LEFT))),
    (Exponential(half_life=0.2), lambda o: theirs.ExponentialLR(o, 0.5 ** (1 / 12))),
    (InverseTime(half_life=0.1), lambda o: theirs.LambdaLR(o, lambda step: 1 / (1 + step / 6))),
    (
        InverseSqrt(SHARE),
        lambda o: theirs.LambdaLR(o, lambda s: min((s + 1) ** -0.5, (s + 1) * RISING**-1.5) * RISING**0.5),
    ),
    (OneCycle(0.3, 25.0, 1e4), lambda o: theirs.OneCycleLR(o, 1.0, STEPS, cycle_momentum=False)),
    (
        OneCycle(0.5, 10.0, 50.0),
        lambda o: theirs.OneCycleLR(
            o, 1.0, STEPS, pct_start=0.5, div_factor=10, final_div_factor=50, cycle_momentum=False
        ),
    ),
]


@pytest.mark.parametrize(("schedule", "make"), TWINS)
def test_every_step_is_torchs(schedule: Schedule, make: Callable[[torch.optim.Optimizer], Any]) -> None:
    if isinstance(schedule, OneCycle):  # it refuses a step behind its last one
        once = make
        make = lambda o: _Bounded(once(o))  # noqa: E731
    assert ours(schedule) == pytest.approx(torchs(make), rel=1e-6, abs=1e-9)


class _Bounded:
    def __init__(self, scheduler: Any) -> None:
        self._scheduler, self._left = scheduler, STEPS - 1

    def step(self) -> None:
        if self._left > 0:
            self._left -= 1
            self._scheduler.step()


@pytest.mark.parametrize("tenths", range(1, 10))
@pytest.mark.parametrize("steps", [10, 70, 290])
def test_a_step_comes_after_its_share_to_the_step(tenths: int, steps: int) -> None:
    falls = ours(Step(step_size=tenths / 10, gamma=0.5), steps)
    assert falls.index(0.5) == tenths * steps // 10


@pytest.mark.parametrize("group", ["lr_schedule", "momentum_schedule"])
def test_every_member_of_the_config_is_bounded_at_any_number_of_steps(group: str) -> None:
    paths = sorted((CONF / group).glob("*.yaml"))
    assert len(paths) >= 2
    for path in paths:
        schedule = instantiate(OmegaConf.load(path))
        assert type(schedule).__name__.lower() == path.stem.replace("_", "")
        for steps in (1, 2, 3, 7, 100):
            for step in range(steps):
                given = (step, steps) if group == "lr_schedule" else (0.9, step, steps)
                assert 0 < schedule(*given) <= 1


def test_a_momentum_that_rises_is_a_straight_line_and_then_stays() -> None:
    schedule = momentum_schedule.Linear(start=0.5, until=0.4)
    expected = [0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]
    assert [schedule(0.9, step, 10) for step in range(10)] == pytest.approx(expected)
    assert [momentum_schedule.Constant()(0.9, step, 10) for step in range(10)] == [0.9] * 10


@pytest.mark.parametrize(
    ("kind", "arguments", "said"),
    [
        (Constant, {"warmup": 1.0}, "at least 0 and below 1"),
        (Cosine, {"final": -0.1}, "at least 0 and at most 1"),
        (Step, {"step_size": 0.0, "gamma": 0.1}, "above 0 and below 1"),
        (Step, {"step_size": 0.5, "gamma": 0.0}, "above 0"),
        (Exponential, {"half_life": 0.0}, "above 0"),
        (InverseSqrt, {"warmup": 0.0}, "above 0 and below 1"),
        (OneCycle, {"warmup": 0.3, "div_factor": 0.0, "final_div_factor": 1.0}, "above 0"),
    ],
)
def test_a_value_out_of_its_bounds_is_refused(kind: type, arguments: dict[str, float], said: str) -> None:
    with pytest.raises(UserError, match=rf"^lr_schedule\.\w+=.*: must be a finite number .*{said}"):
        made("lr_schedule", kind, **arguments)


def test_a_momentum_of_1_is_refused() -> None:
    with pytest.raises(UserError, match=r"^momentum_schedule\.start=1\.0: must be"):
        made("momentum_schedule", momentum_schedule.Linear, start=1.0, until=0.1)
