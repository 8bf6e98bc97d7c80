"""Each rule of the advice, where it speaks and where it is silent."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from dropout_lab.report.advice import RULES, advice

from tests.report.canned import Planned, Sweep, Values, evidence, grid, hump, planned

pytestmark = pytest.mark.xdist_group("advice")  # one worker makes what all read

RATES = (0.0, 0.1, 0.2, 0.3)
AROUND = (0.0, 0.1, 0.3, 0.5)
"""With the best rate in the middle."""


@dataclass
class Shaped(Sweep):
    """Validation and train loss by (rate, epoch), the first with the noise of the seeds."""

    losses: Callable[[float, int], tuple[float, float]] = lambda rate, epoch: (1 / epoch, 1 / epoch)

    def curves(self, planned: Planned, seed: int, status: str) -> Values:
        values = super().curves(planned, seed, status)
        rate = max(planned.trial.rates.values(), default=0.0)
        noise = 0.001 * ((seed * 7 + round(100 * rate) * 3) % 5 - 2)
        pairs = [self.losses(rate, epoch) for epoch in range(1, self.epochs + 1)]
        return values | {"val_loss": [v + noise for v, _ in pairs], "train_loss": [t for _, t in pairs]}


def falls(floor: float, gap: float) -> Callable[[float, int], tuple[float, float]]:
    """Down to the floor by the tenth epoch, without a turn, the train loss below by `gap`; dropout adds to both."""
    return lambda rate, epoch: (floor + rate + 1 / min(epoch, 10), floor + rate + 1 / min(epoch, 10) - gap)


def better(placement: str, rate: float, lr: float) -> float:
    return hump(placement, rate) + lr


def said(sweep: Sweep, folder: Path) -> dict[str, str]:
    return dict(advice(evidence(sweep, folder)))


@pytest.fixture(scope="module")
def clear(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Hidden at 0.3 is best, with worse rates on either side and placements of more sites."""
    return said(Sweep(grid(effect=hump)), tmp_path_factory.mktemp("s") / "clear")


def test_a_sweep_that_answers_its_question_needs_little_advice(clear: dict[str, str]) -> None:
    assert clear.keys() <= {"lower", "cheaper"}
    assert {rule.name for rule in RULES} >= clear.keys()


def test_no_gap_without_dropout(tmp_path: Path) -> None:
    none = said(Shaped(grid(("hidden",), RATES), losses=falls(0.5, 0.01)), tmp_path / "none")
    assert "Without dropout there is no gap to close" in none["not needed"]
    up = lambda rate, epoch: (0.5 - rate / 1e4 + 1 / min(epoch, 10), 0.49 + 1 / min(epoch, 10))  # noqa: E731
    edge = evidence(Shaped(grid(("hidden",), RATES), losses=up), tmp_path / "edge")
    assert edge.tables["isolation"]["edge"].eq("upper").any()
    assert "not needed" in dict(advice(edge))
    assert "widen" not in dict(advice(edge)), "a higher rate is no better than none"
    some = said(Shaped(grid(("hidden",), RATES), losses=falls(0.5, 0.2)), tmp_path / "some")
    assert "not needed" not in some


def test_a_large_gap_with_room_left(tmp_path: Path, clear: dict[str, str]) -> None:
    assert "stronger" not in clear, "higher rates and more sites were tried"
    room = said(Sweep(grid(("hidden",), RATES, hump)), tmp_path / "room")
    assert "hidden at 0.3 still has a large gap" in room["stronger"]
    assert "a rate above 0.3" in room["stronger"]
    assert "more sites" not in room["stronger"], "no other site drops anywhere"
    sites = said(Sweep(grid(("hidden", "input"), RATES, hump)), tmp_path / "sites")
    assert "a rate above 0.3 or a placement with more sites" in sites["stronger"]
    alone = said(Sweep([planned("hidden", 0.0)]), tmp_path / "alone")
    assert alone["stronger"].endswith("Try dropout.")
    small = said(Shaped(grid(("hidden",), RATES), losses=falls(0.5, 0.01)), tmp_path / "small")
    assert "stronger" not in small


def test_rates_with_which_nothing_is_learnt(tmp_path: Path) -> None:
    rates = (0.0, 0.2, 0.4, 0.6, 0.8)
    far = Shaped(grid(("hidden",), rates), losses=lambda rate, epoch: (0.5 + rate**2, 0.3 + max(0.0, rate - 0.4)))
    found = said(far, tmp_path / "far")
    assert "The rate is too high at hidden from 0.8 on" in found["lower"], "0.7 is above 0.5; at 0.6 0.5 is not"
    slow = Shaped(grid(("hidden",), rates), losses=lambda rate, epoch: (0.5 + (2 * rate) / epoch**0.5, 0.1))
    assert "hidden from 0.4 on" in said(slow, tmp_path / "slow")["lower"], "at 0.2 the loss hardly falls any more"
    flat = Shaped(grid(("hidden",), rates), losses=lambda rate, epoch: (0.5 + rate / 10, 0.3))
    assert "lower" not in said(flat, tmp_path / "flat")


def test_the_best_at_an_edge(tmp_path: Path, clear: dict[str, str]) -> None:
    assert "widen" not in clear
    upper = said(Sweep(grid(("hidden",), RATES, hump)), tmp_path / "upper")
    assert "The best rate, 0.3, is at the upper edge" in upper["widen"]
    falling = grid(("hidden",), (0.0, 0.2, 0.4, 0.6), lambda placement, rate: 0.2 - rate / 4)
    assert "try lower ones, such as 0.1" in said(Sweep(falling), tmp_path / "lower")["widen"]
    bare = [one for one in falling if not one.trial.is_baseline]
    assert "train no dropout" in said(Sweep(bare), tmp_path / "bare")["widen"]
    values = (1e-3, 3e-3, 1e-2)
    plan = []
    for lr in values:
        plan += grid(("hidden",), AROUND, partial(better, lr=lr), params={"optimizer.lr": lr})
    rows = evidence(Sweep(plan, seeds=3), tmp_path / "lr")
    (sentence,) = [text for rule, text in advice(rows) if rule == "widen"]
    assert (
        sentence == "The best optimizer.lr, 0.01, is at the upper edge of those tried: widen the grid to higher ones."
    )


def test_the_outermost_tenth_of_what_a_sampler_tried_is_no_value(tmp_path: Path) -> None:
    rates = [0.04 * n for n in range(1, 16)]
    plan = [planned("hidden", 0.0), *(planned("hidden", rate, better=0.2 + rate / 2) for rate in rates)]
    rows = evidence(Sweep(plan, seeds=3, noise=0.0001), tmp_path / "upper")
    best = rows.found.best
    assert best is not None
    assert best["rate"] > rates[-3]
    sentence = dict(advice(rows))["widen"]
    assert "in the outermost tenth of those tried, at the upper end; a higher one may be better" in sentence
    assert "edge" not in sentence
    falling = [planned("hidden", 0.0), *(planned("hidden", rate, better=0.5 - rate / 2) for rate in rates)]
    below = said(Sweep(falling, seeds=3, noise=0.0001), tmp_path / "lower")["widen"]
    assert "try lower ones, such as 0.02" in below, "half of the least that was tried"


def test_of_data_one_takes_what_there_is(tmp_path: Path) -> None:
    plan = []
    for limit in (50, 100, 200):
        plan += grid(("hidden",), AROUND, partial(better, lr=limit / 1e4), params={"dataset.limit": limit})
    assert "dataset.limit" not in said(Sweep(plan, seeds=3), tmp_path / "limit").get("widen", "")


def test_one_of_two_values_is_no_edge(tmp_path: Path) -> None:
    plan = []
    for lr in (1e-3, 3e-3):
        plan += grid(("hidden",), AROUND, partial(better, lr=lr), params={"optimizer.lr": lr})
    assert "widen" not in said(Sweep(plan, seeds=3), tmp_path / "lr")


def test_what_is_indistinguishable_is_decided_by_its_cost(tmp_path: Path) -> None:
    def effect(placement: str, rate: float) -> float:
        return {0.1: 0.095, 0.5: 0.1}.get(rate, 0.0)

    alike = said(Sweep(grid(("hidden",), (0.0, 0.1, 0.5), effect), noise=0.02), tmp_path / "alike")
    assert "hidden at 0.1 (trial 1) is statistically indistinguishable from hidden at 0.5" in alike["cheaper"]
    sure = said(Sweep(grid(("hidden",), (0.0, 0.1, 0.5), effect), noise=0.0001), tmp_path / "sure")
    assert "cheaper" not in sure
    none = said(Sweep(grid(("hidden",), (0.0, 0.1)), noise=0.05), tmp_path / "none")
    assert "Use no dropout, which costs nothing" in none["cheaper"]


def test_training_that_ends_too_soon(tmp_path: Path, clear: dict[str, str]) -> None:
    assert "longer" not in clear
    short = said(Sweep(grid(("hidden",), RATES, hump, epochs=8), epochs=8), tmp_path / "short")
    assert "5 of 5 runs of no dropout" in short["longer"]
    assert "trainer.epochs=16" in short["longer"]


def test_how_many_more_seeds(tmp_path: Path, clear: dict[str, str]) -> None:
    assert "more seeds" not in clear
    rows = evidence(Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=2, noise=0.03), tmp_path / "two")
    assert not rows.found.is_significant
    wanted = rows.tables["comparisons"].assign(seeds_needed=7.0)
    found = dict(advice(replace(rows, tables={**rows.tables, "comparisons": wanted})))
    assert "the t test is likely to detect it with 5 more" in found["more seeds"]
    assert "p at 7 seeds is then a second look" in found["more seeds"]
    assert "seeds=7" in found["more seeds"]
    many = rows.tables["comparisons"].assign(seeds_needed=700.0)
    assert "more seeds" not in dict(advice(replace(rows, tables={**rows.tables, "comparisons": many})))
    one = said(Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=1), tmp_path / "one")
    assert "seeds=5" in one["more seeds"]


def test_nothing_is_advised_of_nothing(tmp_path: Path) -> None:
    for name, sweep in {"empty": Sweep([]), "failed": Sweep(grid(rates=RATES), fate=lambda t, s: "failed")}.items():
        assert said(sweep, tmp_path / name) == {}
