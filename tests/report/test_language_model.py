"""A text that is read on: losses are shown as perplexities, too; and what was said before the training."""

import math
from pathlib import Path

from dropout_lab.report.spelling import number
from tests.report.canned import Sweep, answer_of, evidence, grid, hump


def test_losses_per_token_are_perplexities(tmp_path: Path) -> None:
    plan = grid(("hidden",), (0.0, 0.3), hump)
    found = evidence(Sweep(plan, session={"task": "language_modelling"}), tmp_path / "text")
    (shown,) = [row for row in answer_of(found).rows if row.label == "test perplexity"]
    (measured,) = found.tables["test_set"].query("metric == 'test_loss'").to_dict("records")
    assert shown.chosen == number(math.exp(measured["value"]), 3)
    assert shown.other == number(math.exp(measured["other"]), 3)
    ends = (number(math.exp(measured[f"difference{end}"]), 3) for end in ("", "_low", "_high"))
    assert shown.difference == "times {} [{}, {}]".format(*ends)
    assert not shown.word, "the loss has it"
    one = evidence(Sweep(plan, seeds=1, session={"task": "language_modelling"}), tmp_path / "one")
    (row,) = [row for row in answer_of(one).rows if row.label == "test perplexity"]
    assert "[" not in row.difference
    others = answer_of(evidence(Sweep(plan), tmp_path / "classes")).rows
    assert not any("perplexity" in row.label for row in others)


def test_warnings_are_kept_in_the_records_and_shown(tmp_path: Path) -> None:
    sweep = Sweep(
        grid(("hidden",), (0.0, 0.3), hump), session={"warnings": ["warning: dropout=standard at conv.0: a reason"]}
    )
    said = answer_of(evidence(sweep, tmp_path / "warned"))
    assert "Warned before training: dropout=standard at conv.0: a reason" in said.cautions
