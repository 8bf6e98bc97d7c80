import math
from pathlib import Path
from typing import Any

import pytest
from hydra.utils import instantiate
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from dropout_lab.config.schedule import AntiCurriculum, Constant, Curriculum, Early, Late, Linear
from dropout_lab.core.errors import UserError
from tests.made import made

shares = st.floats(0, 1)
progresses = st.floats(0, 1, exclude_max=True)


@given(progresses, shares, shares)
def test_every_schedule_stays_in_0_to_1(progress: float, a: float, b: float) -> None:
    exponential = Curriculum(10 * a + 0.1), AntiCurriculum(10 * a + 0.1)
    for schedule in (Constant(), Early(a), Late(a), Linear(a, b), *exponential):
        assert 0 <= schedule(progress) <= 1


@given(progresses, shares)
def test_early_and_late_share_the_epochs(progress: float, cutoff: float) -> None:
    assert Constant()(progress) == 1 == Early(cutoff)(progress) + Late(cutoff)(progress)
    assert Early(cutoff)(progress) == (progress < cutoff)


@pytest.mark.parametrize("epochs", [10, 30, 300])
def test_a_cutoff_of_3_tenths_is_3_tenths_of_the_epochs(epochs: int) -> None:
    progress = [epoch / epochs for epoch in range(epochs)]
    assert sum(map(Early(0.3), progress)) == 0.3 * epochs
    assert sum(map(Late(0.3), progress)) == 0.7 * epochs


def test_linear_is_a_straight_line() -> None:
    assert [Linear(1.0, 0.0)(epoch / 4) for epoch in range(4)] == [1.0, 0.75, 0.5, 0.25]
    assert [Linear(0.5, 0.5)(epoch / 4) for epoch in range(4)] == [0.5] * 4


def test_curriculum_rises_as_its_paper_has_it_and_its_control_falls() -> None:
    steps, gamma, keep = 400, 10 / 400, 0.3  # the paper: keep(t) = (1 - keep) exp(-gamma t) + keep, t in steps
    for step in range(steps):
        rising, falling = Curriculum(10.0)(step / steps), AntiCurriculum(10.0)(step / steps)
        assert 1 - (1 - keep) * rising == pytest.approx((1 - keep) * math.exp(-gamma * step) + keep)
        assert rising + falling == pytest.approx(1)
    for kind in (Curriculum, AntiCurriculum):
        for value in (0.0, -1.0, math.inf, True):
            with pytest.raises(UserError, match=r"^schedule\.gamma=.*: must be a finite number above 0$"):
                made("schedule", kind, gamma=value)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, True, "0.5", None])
def test_what_is_no_share_is_refused(value: Any) -> None:
    for schedule, key in ((Early, "cutoff"), (Late, "cutoff"), (Linear, "start"), (Linear, "end")):
        with pytest.raises(
            UserError, match=rf"^schedule\.{key}=.*: must be a finite number of at least 0 and at most 1"
        ):
            made("schedule", schedule, **{key: value})


FOLDER = Path(__file__).parents[2] / "conf" / "schedule"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_schedule_of_the_config(path: Path) -> None:
    schedule = instantiate(OmegaConf.load(path))
    assert type(schedule).__name__.lower() == path.stem.replace("_", "")
    assert all(0 <= schedule(epoch / 20) <= 1 for epoch in range(20))


def test_there_are_schedules() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} >= {"constant", "early", "late", "linear"}
