"""What the scope says of the seeds, where weights were trained before or the division is given."""

from pathlib import Path
from typing import Any

import pytest

from dropout_lab.report.answer.scope import changed_by_seeds, walked_folds
from tests.report.canned import Sweep, answer_of, evidence, grid, hump

STARTS = [
    ({}, "A seed changes the initial weights, the batches,", "but not the data set"),
    (
        {"parameters": 1000, "drawn": 980, "weights": None},
        "A seed changes the initial weights, the batches,",
        "but not the",
    ),
    (
        {"parameters": 1000, "drawn": 0, "weights": "net.pt"},
        "A seed changes the batches,",
        "but not the initial weights (from net.pt), the data set",
    ),
    (
        {"parameters": 1000, "drawn": 70, "weights": None},
        "A seed changes 70 of 1,000 initial weights, the batches,",
        "but not the other initial weights (that the constructor sets), the data set",
    ),
    (
        {"parameters": 1000, "drawn": 900, "weights": "net.pt"},
        "A seed changes 900 of 1,000 initial weights, the batches,",
        "but not the other initial weights (from net.pt), the data set",
    ),
]


@pytest.mark.parametrize(("recorded", "begins", "ends"), STARTS)
def test_the_scope_says_which_initial_weights_a_seed_draws(recorded: dict[str, Any], begins: str, ends: str) -> None:
    said = changed_by_seeds(recorded, swept=False)
    assert said.startswith(begins)
    assert ends in said


@pytest.mark.parametrize(
    ("recorded", "ends"),
    [
        (
            {"one_validation_part": True, "fixed": "in time, by date"},
            "the batches and the dropout masks, but not the data set or its division into train, validation and test"
            " (in time, by date): the results are about this one division.",
        ),
        (
            {"one_validation_part": True},
            "or its division into train, validation and test: the results are about this one division.",
        ),
        (
            {"groups": "patient"},
            "the dropout masks and the division into train and validation (whole groups of patient), but not the data"
            " set or the test set.",
        ),
        (
            {"folds": 5, "groups": "patient"},
            "the dropout masks and which of 5 folds validates (whole groups of patient), but not the data set or the"
            " test set.",
        ),
        ({"folds": 5}, "the dropout masks and which of 5 folds validates, but not the data set or the test set."),
    ],
)
def test_the_scope_says_which_division_a_seed_has(recorded: dict[str, Any], ends: str) -> None:
    assert changed_by_seeds(recorded, swept=False).endswith(ends)


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        (1, "1 seed is not all of 5 folds."),
        (4, "4 seeds are not all of 5 folds."),
        (5, "5 seeds are 1 repetition of 5 folds."),
        (10, "10 seeds are 2 repetitions of 5 folds."),
        (11, "11 seeds are 2 repetitions of 5 folds and 1 fold of another, so examples validate unequally often."),
    ],
)
def test_seeds_walk_the_folds(seeds: int, said: str) -> None:
    assert walked_folds(seeds, 5) == said


def test_where_files_are_swept_a_seed_draws_what_no_file_sets() -> None:
    assert "the initial weights that no file sets, the batches" in changed_by_seeds({}, swept=True)


def test_the_commands_on_records_of_ones_own_classes_trust_them(tmp_path: Path) -> None:
    """A record that names them is refused without."""
    plan = grid(rates=(0.0, 0.1, 0.3, 0.5), effect=hump)
    settings = {"settings": {"model": {"_target_": "my_net.Net"}}}
    own = answer_of(evidence(Sweep(plan, session=settings), tmp_path / "own"))
    assert own.next.rule == "use"
    assert own.next.command.endswith(" --to net.safetensors trust=true")
