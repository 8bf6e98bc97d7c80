"""The report of a sweep whose runs diverge or learn nothing; the advice names the learning rate if it is to blame."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dropout_lab.core.metrics.summary import summary
from dropout_lab.report.answer.answer import Answer
from dropout_lab.report.answer.cautions import cautions
from dropout_lab.report.draw.scales import ABSURD, around_zero, scale
from dropout_lab.report.frames.load import load
from dropout_lab.report.topics.configurations.configurations import configurations
from tests.report import canned
from tests.report.canned import Planned, Sweep, Values, answer_of, evidence, grid, planned

CHANCE = 1.0
RATES = (0.0, 0.5, 0.8)


@dataclass
class Outcome(Sweep):
    """Train losses by rate: `bad` says which rates have those of `losses`; the others fall from 0.9 to 0.3."""

    bad: Callable[[float], bool] = field(default=lambda rate: False)
    losses: Callable[[int], float] = field(default=lambda epoch: 10.0**epoch)

    def curves(self, planned: Planned, seed: int, status: str) -> Values:
        rate = max(planned.trial.rates.values(), default=0.0)
        good = [0.3 + 0.6 / epoch + 0.001 * seed - 0.01 * rate for epoch in range(1, self.epochs + 1)]
        losses: list[float | None] = list(
            [self.losses(epoch) for epoch in range(1, self.epochs + 1)] if self.bad(rate) else good
        )
        accuracies: list[float | None] = [0.5] * self.epochs
        return {
            **dict.fromkeys(("train_loss", "val_loss", "running_loss"), losses),
            **dict.fromkeys(("train_accuracy", "val_accuracy"), accuracies),
        }


@pytest.fixture(autouse=True)
def chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """All canned runs know the chance level."""
    monkeypatch.setattr(canned, "summary", lambda ended: summary(replace(ended, chance_loss=CHANCE)))


def said(sweep: Sweep, folder: Path) -> Answer:
    return answer_of(evidence(sweep, folder))


def sweep(**given: Any) -> Outcome:
    lr = {"settings": {"optimizer": {"lr": 1e6}, "trainer": {"epochs": 6}}}
    return Outcome(grid(("hidden",), RATES, epochs=6), seeds=3, epochs=6, session=lr, **given)


def test_a_sweep_that_diverges_recommends_nothing_but_another_learning_rate(tmp_path: Path) -> None:
    found = said(sweep(bad=lambda rate: True), tmp_path / "s")
    text = " ".join([found.next.why, *found.warnings])
    assert found.headline == (
        "Nothing was learned: the validation loss is not below chance level, so nothing is recommended."
    )
    assert found.next.rule == "learning rate"
    assert found.next.command.endswith(" optimizer.lr=100000")
    assert "Without dropout, training diverges in 3 of 3 runs, so dropout is not the cause" in text
    assert "Lower the learning rate: optimizer.lr is 1000000" in text
    assert "9 of 9 complete runs diverged" in text
    assert "9 of 9 complete runs learned nothing" in text
    assert not found.rows


def test_a_sweep_that_learns_nothing_recommends_nothing(tmp_path: Path) -> None:
    found = said(sweep(bad=lambda rate: True, losses=lambda epoch: 1.0), tmp_path / "s")
    assert found.next.rule == "learning rate"
    assert "Without dropout, the network learns nothing in 3 of 3 runs" in found.next.why
    assert "trainer.epochs is 6" in found.next.why
    assert found.next.command.endswith(" optimizer.lr=0.001,0.01")
    assert "diverged" not in " ".join(found.text)


def test_where_high_rates_alone_diverge_the_rate_is_to_blame(tmp_path: Path) -> None:
    found = said(sweep(bad=lambda rate: rate > 0.6), tmp_path / "s")
    assert found.next.rule != "learning rate"
    text = " ".join([*found.warnings, *found.cautions])
    assert "3 of 9 complete runs diverged" in text
    assert "They are runs of hidden at 0.8 (3 of 3)." in text
    assert "2 of 2 configurations may be the best" in found.plausible or "hidden at 0.8" not in found.plausible


def test_the_learning_rate_is_to_blame_where_no_dropout_diverges_alone(tmp_path: Path) -> None:
    found = said(sweep(bad=lambda rate: rate == 0.0), tmp_path / "s")
    assert found.next.rule == "learning rate"
    assert "Without dropout, training diverges" in found.next.why


def test_losses_that_are_no_numbers_any_more_are_divergence_too(tmp_path: Path) -> None:
    broken = sweep(fate=lambda trial, seed: "failed")
    folder = broken.write(tmp_path / "s")
    (runs,) = folder.glob("runs-*.jsonl")
    runs.write_text(runs.read_text().replace("the loss is not finite <nan>", "diverged: val_loss is not finite"))
    found = answer_of(canned.evidence_of(folder)).next
    assert found.rule == "learning rate"
    assert "Lower the learning rate" in found.why


def test_the_smallest_gap_is_not_that_of_a_network_that_learned_nothing(tmp_path: Path) -> None:
    gaps = {"objective": ["gap"], "settings": {"optimizer": {"lr": 0.1}}}
    found = evidence(
        Outcome(
            grid(("hidden",), RATES, epochs=6), seeds=3, epochs=6, session=gaps,
            bad=lambda rate: rate == 0.8, losses=lambda epoch: 1.0,
        ),
        tmp_path / "s",
    )  # fmt: skip
    assert found.choice.best is not None
    assert found.choice.best["rate"] != 0.8
    assert not found.table.loc[found.table["rate"] == 0.8, "whole"].any()


def test_records_that_do_not_know_the_chance_level_are_ranked_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    folder = sweep(bad=lambda rate: True).write(tmp_path / "s")
    (runs,) = folder.glob("runs-*.jsonl")
    for name in ("learned", "diverged", "chance_loss"):
        runs.write_text(runs.read_text().replace(f'"{name}":null,', ""))
    found = canned.evidence_of(folder)
    assert found.choice.best is not None
    assert not any("nothing" in caution.sentence for caution in cautions(found))


def test_what_is_learned_counts_by_configuration(tmp_path: Path) -> None:
    one = Outcome([planned("hidden", 0.5)], seeds=4, epochs=6, bad=lambda rate: True)
    table = configurations(load(one.write(tmp_path / "s")))
    assert table[["n_complete", "n_unlearned", "n_diverged"]].to_numpy().tolist() == [[4, 4, 4]]


def test_absurd_losses_do_not_make_the_axis() -> None:
    for values in ([0.3, 0.4, 8e21], [0.3, 0.31, 0.32, 0.33, 0.34, 0.35, 0.4, 8e21]):
        found = scale(np.array(values), maximised=False, logs=True)
        assert found.logarithmic
        assert found.limits is not None
        assert found.limits[1] <= ABSURD * 0.3
        assert found.beyond(np.array(values)).sum() == 1
        assert found.note
    gaps = around_zero(np.array([0.1, -0.1, 0.2, -8e21, 8e21]))
    assert gaps.both
    assert gaps.edge == pytest.approx(2.0)
    assert around_zero(np.array([0.1, -0.5])).edge is None
