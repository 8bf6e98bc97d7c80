"""What the scope says of the seeds, where weights were trained before."""

from pathlib import Path
from typing import Any

import pytest

from dropout_lab.report.answer.scope import changed_by_seeds
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


def test_where_files_are_swept_a_seed_draws_what_no_file_sets() -> None:
    assert "the initial weights that no file sets, the batches" in changed_by_seeds({}, swept=True)


def test_the_commands_on_records_of_ones_own_classes_trust_them(tmp_path: Path) -> None:
    """A record that names them is refused without."""
    plan = grid(rates=(0.0, 0.1, 0.3, 0.5), effect=hump)
    settings = {"settings": {"model": {"_target_": "my_net.Net"}}}
    own = answer_of(evidence(Sweep(plan, session=settings), tmp_path / "own"))
    assert own.next.rule == "use"
    assert own.next.command.endswith(" --to net.safetensors trust=true")
