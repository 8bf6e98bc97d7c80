"""The canonical form: what is one configuration, and what is another."""

from typing import Any

import pytest

from dropout_lab.core.trial import METHOD_KEYS, Run, Trial, canonical_json

SECTIONS: Any = {
    "model": {"_target_": "M", "width": 8},
    "dataset": {"_target_": "D"},
    "optimizer": {"_target_": "O", "lr": 0.1},
    "trainer": {"epochs": 3},
    "dropout": {"_target_": "Standard"},
    "schedule": {"_target_": "Constant"},
    "loss": {"_target_": "Plain"},
}


def test_rate_0_everywhere_is_the_baseline_whatever_was_asked_for() -> None:
    zero = Trial.of(SECTIONS, {"input": 0.0, "hidden.0": 0.0})
    other = Trial.of({**SECTIONS, "dropout": {"_target_": "Other"}, "schedule": {"_target_": "Early"}}, {})
    assert zero.is_baseline
    assert zero.key == other.key


def test_a_site_with_rate_0_is_a_site_without_dropout() -> None:
    assert Trial.of(SECTIONS, {"input": 0.0, "head": 0.3}).key == Trial.of(SECTIONS, {"head": 0.3}).key


def test_the_key_depends_on_the_content_alone() -> None:
    backwards = {name: dict(reversed(section.items())) for name, section in reversed(SECTIONS.items())}
    assert Trial.of(backwards, {"b": 0.1, "a": 0.2}).key == Trial.of(SECTIONS, {"a": 0.2, "b": 0.1}).key


@pytest.mark.parametrize("name", [name for name in SECTIONS if name not in METHOD_KEYS])
def test_every_section_is_part_of_key_and_context(name: str) -> None:
    changed = {**SECTIONS, name: {**SECTIONS[name], "more": 1}}
    one, other = Trial.of(SECTIONS, {"a": 0.1}), Trial.of(changed, {"a": 0.1})
    assert one.key != other.key
    assert one.context != other.context


def test_what_differs_in_dropout_alone_shares_a_context() -> None:
    trials = [
        Trial.of(SECTIONS, {}),
        Trial.of(SECTIONS, {"a": 0.1}),
        Trial.of({**SECTIONS, "dropout": {"_target_": "Other"}}, {"a": 0.1}),
    ]
    assert len({trial.key for trial in trials}) == 3
    assert len({trial.context for trial in trials}) == 1


def test_nan_has_no_canonical_form() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_attempts_of_a_run_have_different_ids() -> None:
    trial = Trial.of(SECTIONS, {})
    assert len({Run(trial, 0, seed, attempt).id for seed in (0, 1) for attempt in (1, 2)}) == 4
