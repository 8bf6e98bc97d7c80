"""The study as a queue that workers share."""

from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from dropout_lab.core.errors import UserError
from dropout_lab.sweeper.space import parse
from dropout_lab.sweeper.study import KEY, Study
from tests.sweeper.fake import plan

RANDOM: dict[str, Any] = {"_target_": "optuna.samplers.RandomSampler", "seed": 0}


def test_what_one_worker_claims_no_other_can(tmp_path: Path) -> None:
    one, other = (Study(plan(tmp_path, "rate=0.1,0.2"), worker) for worker in range(2))
    for rate in (0.1, 0.2, 0.3):
        one.enqueue(f"at {rate}", {"rate": rate}, baseline=False)
    first, second = one.claim(), other.claim()
    assert first is not None
    assert second is not None
    assert {first.user_attrs[KEY], second.user_attrs[KEY]} == {"at 0.1", "at 0.2"}
    assert first.params == {"rate": 0.1}
    third = one.claim()
    assert third is not None
    assert third.user_attrs[KEY] == "at 0.3"
    assert one.claim() is None
    assert other.claim() is None


def test_only_what_is_wanted_is_claimed(tmp_path: Path) -> None:
    study = Study(plan(tmp_path, "rate=0.1,0.2"))
    for key in ("a", "b"):
        study.enqueue(key, {"rate": 0.1}, baseline=False)
    claimed = study.claim({"b"})
    assert claimed is not None
    assert claimed.user_attrs[KEY] == "b"
    assert study.claim({"b"}) is None


def test_what_is_given_back_is_claimed_again_under_its_number(tmp_path: Path) -> None:
    study = Study(plan(tmp_path, "rate=0.1,0.2"))
    study.enqueue("a", {"rate": 0.1}, baseline=False)
    claimed = study.claim()
    assert claimed is not None
    study.requeue(study.trials(TrialState.RUNNING))
    again = Study(plan(tmp_path, "rate=0.1,0.2"), 1).claim()
    assert again is not None
    assert again.number == claimed.number


def test_baselines_are_not_counted_among_what_a_sampler_was_asked_for(tmp_path: Path) -> None:
    study = Study(plan(tmp_path, "rate=interval(0.1,0.5)", sampler=RANDOM, n_trials=3))
    (axis,) = parse(["rate=interval(0.1,0.5)"], lambda key: [])[0]
    study.enqueue("none", {"rate": 0.0}, baseline=True, axes=[axis])
    study.enqueue("a", {"rate": 0.2}, baseline=False, axes=[axis])
    study.enqueue("a", {"rate": 0.2}, baseline=False, axes=[axis])
    assert study.spent() == 1
    twin = study.same("a", 1)
    assert twin is not None
    assert twin.number == 2
    assert study.same("none", 0) is None


def test_an_axis_keeps_the_values_that_were_drawn_for_it(tmp_path: Path) -> None:
    study = Study(plan(tmp_path, "rate=0.1,0.2", sampler=RANDOM, n_trials=3))
    (axis,) = parse(["rate=0.1,0.2"], lambda key: [])[0]
    study.enqueue("a", {"rate": 0.2}, baseline=False, axes=[axis])
    study.check_axes(plan(tmp_path, "rate=0.1,0.2", sampler=RANDOM, n_trials=3))
    with pytest.raises(UserError, match="rate: this sampler cannot change the values of a choice"):
        study.check_axes(plan(tmp_path, "rate=0.1,0.2,0.3", sampler=RANDOM, n_trials=3))
