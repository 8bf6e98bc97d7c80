"""The headline: one sentence for every verdict."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dropout_lab.report.answer.decision import Verdict
from dropout_lab.report.answer.headline import where
from dropout_lab.report.answer.scope import scope
from tests.report.canned import Planned, Sweep, answer_of, evidence, grid, hump, planned

RATES = (0.0, 0.1, 0.3, 0.5)


def hurts(placement: str, rate: float) -> float:
    return -0.2


def harmless(placement: str, rate: float) -> float:
    return -0.0001


CASES: Mapping[Verdict, tuple[Sweep, str]] = {
    Verdict.NONE: (
        Sweep(grid(("hidden",), RATES), seeds=3, fate=lambda t, s: "absent" if s else "complete"),
        "Not decided yet: no configuration has all its 3 seeds complete.",
    ),
    Verdict.NO_REFERENCE: (
        Sweep(grid(("hidden",), RATES[1:], hump)),
        "Not decided: nothing was trained without dropout, so there is no comparison; hidden at 0.3 looks best.",
    ),
    Verdict.ALONE: (
        Sweep([planned("hidden", 0.0)]),
        "Nothing to compare: only no dropout has all its seeds complete.",
    ),
    Verdict.ONE_SEED: (
        Sweep(grid(("hidden",), RATES, hump), seeds=1),
        "Not decided yet: hidden at 0.3 looks best, but with one seed, a difference may be chance.",
    ),
    Verdict.BETTER: (
        Sweep(grid(("hidden",), RATES, hump)),
        "Dropout helps: use it at hidden with rate 0.3.",
    ),
    Verdict.REFERENCE: (
        Sweep(grid(("hidden",), RATES, hurts)),
        "Dropout hurts at every rate tried (0.1 to 0.5): use none.",
    ),
    Verdict.UNDECIDED: (
        Sweep(grid(("hidden",), RATES, hump), seeds=2, noise=0.03),
        "Not decided yet: hidden at 0.3 looks best, but its difference from no dropout may be chance.",
    ),
}


@pytest.mark.parametrize("verdict", CASES)
def test_every_verdict_has_its_sentence(verdict: Verdict, tmp_path: Path) -> None:
    sweep, expected = CASES[verdict]
    answer = answer_of(evidence(sweep, tmp_path / "s"))
    assert answer.decision.verdict is verdict
    assert answer.headline == expected
    assert answer.decision.verdict.is_decided == (answer.decision.use is not None)


class Alike(Sweep):
    """Dropout changes nothing but by a thousandth of the loss."""

    def curves(self, planned: Planned, seed: int, status: str) -> dict[str, list[float | None]]:
        values = super().curves(planned, seed, status)
        rate = max(planned.trial.rates.values(), default=0.0)
        shift = 0.001 * random.Random(f"{seed} {rate}").gauss(0, 1)
        return values | {"val_loss": [0.5 + 1 / epoch + shift for epoch in range(1, self.epochs + 1)]}


def test_no_dropout_is_as_good_where_nothing_is_better_by_more_than_the_margin(tmp_path: Path) -> None:
    answer = answer_of(evidence(Alike(grid(("hidden",), RATES)), tmp_path / "s"))
    assert answer.decision.verdict is Verdict.AS_GOOD
    assert answer.headline == "No dropout is as good as any."
    assert answer.decision.use is not None
    assert answer.decision.use["baseline"]
    assert any("is better than no dropout by more than" in text for text in answer.details["How sure"])


@pytest.mark.parametrize(
    ("trial", "expected"),
    [
        ({"name": "everywhere at 0.2", "placement": "everywhere", "rate": 0.2}, "everywhere at rate 0.2"),
        ({"name": "hidden at 0.2", "placement": "hidden", "rate": 0.2}, "at hidden with rate 0.2"),
        (
            {"name": "hidden at 0.2, spatial, lr=0.1", "placement": "hidden", "rate": 0.2},
            "at hidden with rate 0.2 (spatial, lr=0.1)",
        ),
        ({"name": "input at 0.1, a at 0.3", "placement": None, "rate": float("nan")}, "with input at 0.1, a at 0.3"),
    ],
)
def test_where_to_use_it(trial: Mapping[str, Any], expected: str) -> None:
    assert where(pd.Series(dict(trial))) == expected


def test_the_scope_says_what_a_seed_changes(tmp_path: Path) -> None:
    found = evidence(Sweep(grid(("hidden",), RATES), seeds=2, epochs=3), tmp_path / "s")
    assert scope(found.frames) == (
        "Digits, 1,150 train, 287 validation and 360 test examples; MLP with 4,874 parameters; 4 configurations; "
        "2 seeds each; 30 epochs. A seed changes the initial weights, the batches, the dropout masks and the division "
        "into train and validation, but not the data set or the test set."
    )
