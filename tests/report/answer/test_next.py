"""Each rule of the next action, where it applies and where it does not."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from dropout_lab.report.answer.answer import Answer, answer
from dropout_lab.report.answer.case import Action
from dropout_lab.report.answer.next import RULES
from dropout_lab.report.answer.rerun import extended, renamed, rerun
from tests.report.canned import Planned, Sweep, Values, answer_of, evidence, grid, hump, planned

pytestmark = pytest.mark.xdist_group("next")  # one worker makes what all read

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
        noise = 0.001 * random.Random(f"{seed} {rate}").gauss(0, 1)
        pairs = [self.losses(rate, epoch) for epoch in range(1, self.epochs + 1)]
        return values | {"val_loss": [v + noise for v, _ in pairs], "train_loss": [t for _, t in pairs]}


def falls(floor: float, gap: float) -> Callable[[float, int], tuple[float, float]]:
    """Down to the floor by the tenth epoch, without a turn, the train loss below by `gap`; dropout adds to both."""
    return lambda rate, epoch: (floor + rate + 1 / min(epoch, 10), floor + rate + 1 / min(epoch, 10) - gap)


def better(placement: str, rate: float, lr: float) -> float:
    return hump(placement, rate) + lr


def said(sweep: Sweep, folder: Path) -> Answer:
    return answer_of(evidence(sweep, folder))


def following(sweep: Sweep, folder: Path) -> Action:
    return said(sweep, folder).next


@pytest.fixture(scope="module")
def clear(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    """Hidden at 0.3 is best, with worse rates on either side and placements of more sites."""
    return said(Sweep(grid(rates=(0.0, 0.1, 0.3, 0.5), effect=hump)), tmp_path_factory.mktemp("s") / "clear")


def test_a_sweep_that_answers_its_question_is_used(clear: Answer) -> None:
    assert clear.next.rule == "use"
    assert clear.next.why == "Export the network of hidden at 0.3, to use it."
    best = clear.decision.use
    assert best is not None
    assert clear.next.command == f"dropout-lab export outputs/canned --trial {best['trial']} --to net.safetensors"
    assert clear.next.rule in {rule.name for rule in RULES}


def test_a_gap_that_is_none(tmp_path: Path) -> None:
    none = said(Shaped(grid(("hidden",), RATES), losses=falls(0.5, 0.01)), tmp_path / "none")
    assert "Without dropout there is no gap to close" in " ".join(none.details["Gap"])
    assert none.next.rule != "widen", "a higher rate is no better than none"
    some = said(Shaped(grid(("hidden",), RATES), losses=falls(0.5, 0.2)), tmp_path / "some")
    assert "no gap to close" not in " ".join(some.details["Gap"])


def test_high_rates_that_harm_are_to_be_avoided(tmp_path: Path) -> None:
    rates = (0.0, 0.2, 0.4, 0.6, 0.8)
    far = Shaped(grid(("hidden",), rates), losses=lambda rate, epoch: (0.5 + rate**2, 0.3 + max(0.0, rate - 0.4)))
    found = said(far, tmp_path / "far")
    assert found.headline == "Dropout hurts at every rate tried (0.2 to 0.8): use none."
    assert found.avoid == "hidden at 0.2 to 0.8: significantly worse than no dropout."
    assert found.next.rule == "lower rate"
    assert found.next.command.endswith(" rate=0,0.1,0.2,0.4,0.6,0.8")


def test_the_best_at_an_edge(tmp_path: Path, clear: Answer) -> None:
    upper = following(Sweep(grid(("hidden",), RATES, hump)), tmp_path / "upper")
    assert (upper.rule, upper.why) == ("widen", "The best rate, 0.3, is the highest that was tried.")
    assert upper.command.endswith(" rate=0,0.1,0.2,0.3,0.4")
    falling = grid(("hidden",), (0.0, 0.2, 0.4, 0.6), lambda placement, rate: 0.4 - rate / 2)
    lower = following(Sweep(falling), tmp_path / "lower")
    assert lower.why == "The best rate, 0.2, is the lowest that was tried."
    assert lower.command.endswith(" rate=0,0.1,0.2,0.4,0.6"), "half of the lowest, as 0 is no dropout"
    values = (1e-3, 3e-3, 1e-2)
    plan = []
    for lr in values:
        plan += grid(("hidden",), AROUND, partial(better, lr=10 * lr), params={"optimizer.lr": lr})
    rows = following(Sweep(plan, seeds=3), tmp_path / "lr")
    assert (rows.rule, rows.why) == ("widen", "The best optimizer.lr, 0.01, is the highest that was tried.")
    assert rows.command.endswith(" optimizer.lr=0.001,0.003,0.01,0.0333")


def test_without_no_dropout_it_is_trained_first(tmp_path: Path) -> None:
    bare = [one for one in grid(("hidden",), RATES, hump) if not one.trial.is_baseline]
    found = said(Sweep(bare), tmp_path / "bare")
    assert found.next.rule == "no dropout"
    assert found.next.command.endswith(" rate=0,0.1,0.2,0.3")
    assert found.headline == (
        "Not decided: nothing was trained without dropout, so there is no comparison; hidden at 0.3 looks best."
    )
    many = [planned("hidden", 0.01 * n) for n in range(1, 31)]
    drawn = following(Sweep(many, seeds=2, epochs=3), tmp_path / "many")
    assert drawn.command.count(",") < 5, "not the thirty rates of a sampler"
    failed = said(
        Sweep(grid(("hidden",), RATES, hump), fate=lambda t, s: "complete" if t else "failed"), tmp_path / "f"
    )
    assert failed.next.rule == "failed runs"
    assert failed.next.command == "dropout-lab train --from outputs/canned 0"
    assert "the runs without dropout are not complete" in failed.headline


def test_without_dropout_rates_are_tried(tmp_path: Path) -> None:
    alone = said(Sweep([planned("hidden", 0.0)]), tmp_path / "alone")
    assert alone.headline == "Nothing to compare: only no dropout has all its seeds complete."
    assert alone.next.rule == "dropout"
    assert alone.next.command.endswith(" rate=0,0.1,0.3,0.5")


def test_an_interval_is_widened_as_an_interval(tmp_path: Path) -> None:
    rates = [0.04 * n for n in range(1, 16)]
    plan = [planned("hidden", 0.0, epochs=80)]
    plan += [planned("hidden", rate, better=0.1 + rate / 5, epochs=80) for rate in rates]
    asked = {"axes": {"rate": {"low": 0.0, "high": 0.6}}, "command": "dropout-lab sweep 'rate=interval(0,0.6)'"}
    upper = following(Sweep(plan, seeds=3, epochs=80, noise=0.0001, session=asked), tmp_path / "upper")
    assert upper.rule == "widen"
    assert upper.command == "dropout-lab sweep 'rate=interval(0,0.9)'", "0.9 at most"


def test_of_data_one_takes_what_there_is(tmp_path: Path) -> None:
    plan = []
    for limit in (50, 100, 200):
        plan += grid(("hidden",), AROUND, partial(better, lr=limit / 1e3), params={"dataset.limit": limit})
    assert "dataset.limit" not in following(Sweep(plan, seeds=3), tmp_path / "limit").why


def test_one_of_two_values_is_no_edge(tmp_path: Path) -> None:
    plan = []
    for lr in (1e-3, 3e-3):
        plan += grid(("hidden",), AROUND, partial(better, lr=20 * lr), params={"optimizer.lr": lr})
    assert following(Sweep(plan, seeds=3), tmp_path / "lr").rule != "widen"


def test_what_is_equivalent_and_cheaper_is_shown_by_a_test(tmp_path: Path) -> None:
    """Never by the time that an epoch took; and it does not change the answer."""
    assert not any("sooner" in text for text in said(Sweep(grid(effect=hump)), tmp_path / "s").details["Convergence"])


def test_training_that_ends_too_soon(tmp_path: Path, clear: Answer) -> None:
    short = following(Sweep(grid(("hidden",), RATES, hump, epochs=8), epochs=8), tmp_path / "short")
    assert short.rule == "longer"
    assert "5 of 5 runs of no dropout" in short.why
    assert short.command.endswith(" trainer.epochs=16")


def test_how_many_more_seeds(tmp_path: Path) -> None:
    rows = evidence(Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=2, noise=0.03), tmp_path / "two")
    assert not rows.choice.is_significant
    found = answer_of(rows)
    assert found.headline == (
        "Not decided yet: hidden at 0.3 looks best, but its difference from no dropout may be chance."
    )
    assert found.next.rule == "more seeds"
    needed = int(found.next.command.rpartition("seeds=")[2])
    assert 2 < needed <= 100
    assert f"About {needed} seeds are likely to decide it" in found.next.why
    assert "Adding seeds after looking makes p slightly too small." in found.next.why
    one = following(Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=1), tmp_path / "one")
    assert (one.rule, one.command.rpartition(" ")[2]) == ("more seeds", "seeds=5")


def test_where_a_hundred_seeds_do_not_decide_the_simpler_choice_is_taken(tmp_path: Path) -> None:
    noisy = Sweep(grid(("hidden",), (0.0, 0.1), lambda placement, rate: 0.001), noise=0.08)
    found = said(noisy, tmp_path / "noisy")
    assert not found.decision.verdict.is_decided
    if found.next.rule == "simplest":
        assert found.next.why.startswith("More than 100 seeds would be needed")
        assert found.next.why.endswith("Take no dropout, the simpler choice.")


def test_what_is_missing_is_trained_first(tmp_path: Path) -> None:
    half = said(Sweep(grid(rates=RATES, effect=hump), fate=lambda t, s: "absent" if t > 5 else "complete"), tmp_path)
    assert half.headline.startswith("So far: dropout helps")
    assert half.next.rule == "finish"
    assert half.next.why == "20 runs of the sweep are missing. The same command trains only these."
    assert half.state.text == "Stopped: 30 of 50 runs"


def test_a_running_sweep_is_waited_for(tmp_path: Path) -> None:
    found = evidence(Sweep(grid(("hidden",), RATES), fate=lambda t, s: "absent" if t == 3 else "complete"), tmp_path)
    running = answer(found, Path("out/my sweep"), True)
    assert running.next == Action("wait", "The sweep is running.", "dropout-lab report 'out/my sweep' --watch")
    assert running.headline.startswith("So far: ")
    empty = answer(evidence(Sweep([]), tmp_path / "e"), Path("out"), True)
    assert (empty.state.text, empty.next.rule) == ("Running: no run has ended", "wait")


def test_of_nothing_nothing_is_advised(tmp_path: Path) -> None:
    empty = said(Sweep([]), tmp_path / "empty")
    assert (empty.next.rule, empty.state.text) == ("finish", "Stopped: no run is recorded")
    assert empty.next.why == "No run is recorded. The same command trains them all."
    failed = said(Sweep(grid(rates=RATES), fate=lambda t, s: "failed"), tmp_path / "failed")
    assert failed.next.rule == "failed runs"


def test_every_rule_has_a_condition_for_the_reader() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.when[0].isupper() and rule.when.endswith(".") for rule in RULES)


def test_a_command_with_other_settings() -> None:
    old = "dropout-lab sweep +rate=0.1,0.3 'model.hidden=[8, 8]' seeds=3 seeds=4"
    assert rerun(old, {"seeds": "9"}) == "dropout-lab sweep +rate=0.1,0.3 'model.hidden=[8, 8]' seeds=9"
    assert rerun(old, {"rate": "0,0.5"}) == "dropout-lab sweep 'model.hidden=[8, 8]' seeds=3 seeds=4 rate=0,0.5"
    assert extended([0.1, 0.2, 0.3], "upper", 0.0, 0.9) == [0.1, 0.2, 0.3, 0.4]
    assert extended([0.1, 0.2, 0.3], "lower", 0.0, 0.9) == [0.05, 0.1, 0.2, 0.3]
    assert extended([1e-4, 1e-3, 1e-2], "upper", -1.0, 10.0) == [1e-4, 1e-3, 1e-2, 0.1]
    assert extended([0.5, 0.9], "upper", 0.0, 0.9) is None
    assert extended([0.5], "upper", 0.0, 0.9) is None


def test_a_sweep_with_other_fixed_settings_gets_another_name() -> None:
    """The same folder would refuse them."""
    assert renamed("dropout-lab sweep name=mine rate=0,0.1", "80-epochs") == {"name": "mine-80-epochs"}
    assert renamed("dropout-lab sweep rate=0,0.1", "80-epochs") == {}
