"""A text that is read on: losses are shown as perplexities, too; and what was said before the training."""

import math
import re
from pathlib import Path

from dropout_lab.report.answer.cautions import cautions
from dropout_lab.report.write.page import comparison
from tests.report.canned import Sweep, evidence, grid, hump


def test_losses_a_token_are_perplexities(tmp_path: Path) -> None:
    plan = grid(("hidden",), (0.0, 0.3), hump)
    found = evidence(Sweep(plan, session={"task": "language_modelling"}), tmp_path / "text")
    rows = {row[0]: row[1:] for row in comparison(found).rows}
    best = found.found.best
    assert best is not None
    shown = [float(number) for number in re.findall(r"[\d.]+", rows["validation perplexity"][0])]
    for number, name in zip(shown, ("val_loss", "val_loss_low", "val_loss_high"), strict=True):
        assert abs(number - math.exp(best[name])) < 1e-3
    ratio = float(re.findall(r"[\d.]+", rows["validation perplexity"][2])[0])
    assert abs(ratio - math.exp(best["val_loss_diff"])) < 1e-3
    one = evidence(Sweep(plan, seeds=1, session={"task": "language_modelling"}), tmp_path / "one")
    assert not any("–" in cell or "[" in cell for row in comparison(one).rows for cell in row if "perplexity" in row[0])
    others = comparison(evidence(Sweep(plan), tmp_path / "classes")).rows
    assert not any("perplexity" in row[0] for row in others)


def test_warnings_are_kept_in_the_records_and_shown(tmp_path: Path) -> None:
    sweep = Sweep(
        grid(("hidden",), (0.0, 0.3), hump), session={"warnings": ["warning: dropout=standard at conv.0: a reason"]}
    )
    found = evidence(sweep, tmp_path / "warned")
    assert "Warned before training: dropout=standard at conv.0: a reason" in list(cautions(found.frames, found.table))
