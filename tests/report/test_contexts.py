"""Names of configurations show every setting that differs, swept or not; objectives are those that were asked."""

from dataclasses import replace
from pathlib import Path

import pytest

from dropout_lab.report.answer.cautions import cautions
from dropout_lab.report.answer.decision import Verdict, decide
from tests.report.canned import Planned, Sweep, answer_of, evidence, grid, hump, planned


def unswept(one: Planned, name: str) -> Planned:
    """A trial whose setting is in its configuration alone, as of `optimizer.lr=${rate}`."""
    return replace(one, params={key: value for key, value in one.params.items() if key != name})


def test_a_setting_that_refers_to_a_swept_one_is_in_the_labels(tmp_path: Path) -> None:
    trials = [
        unswept(planned("hidden", rate, params={"optimizer.lr": lr}), "optimizer.lr")
        for lr in (0.1, 0.2)
        for rate in (0.0, lr)
    ]
    found = evidence(Sweep(trials, seeds=2, epochs=5), tmp_path / "s")
    assert sorted(found.table["name"]) == [
        "hidden at 0.1, lr=0.1",
        "hidden at 0.2, lr=0.2",
        "no dropout, lr=0.1",
        "no dropout, lr=0.2",
    ]
    text = " ".join(caution.sentence for caution in cautions(found))
    assert "2 contexts" in text
    assert "shared this folder" not in text


def test_what_a_later_command_fixed_is_distinguished_from_what_was_swept(tmp_path: Path) -> None:
    trials = [planned("hidden", 0.0, params={"optimizer.lr": lr}) for lr in (0.1, 0.2)]
    trials.append(unswept(planned("hidden", 0.0, params={"optimizer.lr": 0.3}), "optimizer.lr"))
    found = evidence(Sweep(trials, seeds=2, epochs=5), tmp_path / "s")
    assert sorted(found.table["name"]) == [f"no dropout, lr={lr}" for lr in (0.1, 0.2, 0.3)]


def test_one_context_has_no_settings_of_its_own(tmp_path: Path) -> None:
    found = evidence(Sweep(grid(("hidden",), (0.0, 0.1)), seeds=2, epochs=5), tmp_path / "s")
    assert list(found.frames.parameters) == []


@pytest.mark.parametrize(
    ("objectives", "pairs"),
    [
        (["val_loss"], ["val_accuracy and gap_accuracy", "val_accuracy and epochs_to_target"]),
        (["val_loss", "gap"], ["val_loss and gap_loss", "val_loss and epochs_to_target"]),
        (
            ["val_accuracy", "gap", "val_loss"],
            ["val_accuracy and gap_loss", "val_accuracy and val_loss", "gap_loss and val_loss"],
        ),
    ],
)
def test_fronts_are_of_the_objectives(objectives: list[str], pairs: list[str], tmp_path: Path) -> None:
    sweep = Sweep(grid(("hidden",), (0.0, 0.1, 0.2)), seeds=2, epochs=5, session={"objective": objectives})
    found = evidence(sweep, tmp_path / "s")
    assert list(found.tables["pareto"]["pair"].unique())[: len(pairs)] == pairs
    assert found.choice.best is not None
    text = " ".join(answer_of(found).details["How sure"])
    if len(objectives) > 1:
        assert f"There are {len(objectives)} objectives" in text
        assert ("as good in all" in text) == (len(objectives) == 3)


def test_losses_on_different_data_are_not_ranked_without_a_word(tmp_path: Path) -> None:
    def of(key: str) -> str:
        plan = [p for value in (1, 2) for p in grid(("hidden",), (0.0, 0.3), params={key: value})]
        found = evidence(Sweep(plan, seeds=2, epochs=3), tmp_path / key)
        return " ".join(answer_of(found).warnings)

    assert "differ in their data (dataset.classes)" in of("dataset.classes")
    assert "differ in their data" not in of("dataset.limit")


def test_dropout_helps_only_where_no_other_context_without_dropout_may_be_as_good(tmp_path: Path) -> None:
    """A learning rate of 0.01 is as good without dropout as one of 0.001 with it."""
    plan = grid(("hidden",), (0.0, 0.3, 0.5), hump, params={"optimizer.lr": 1e-3})
    none = planned("hidden", 0.0, params={"optimizer.lr": 1e-2}, better=0.09)
    found = evidence(Sweep([*plan, none], noise=0.02), tmp_path / "s")
    best, other = found.choice.best, found.choice.other_baseline
    assert best is not None
    assert other is not None
    decision, said = decide(found), answer_of(found)
    assert decision.verdict is Verdict.UNDECIDED
    assert "lr=0.01" in said.headline
    worse = planned("hidden", 0.0, params={"optimizer.lr": 1e-2}, better=0.03)
    clear = answer_of(evidence(Sweep([*plan, worse]), tmp_path / "clear"))
    assert clear.decision.verdict is Verdict.BETTER
    assert clear.headline == "Dropout helps: use it at hidden with rate 0.3 (lr=0.001)."
    assert "The best configuration without dropout of another context, no dropout, lr=0.01" in " ".join(
        clear.details["How sure"]
    )
