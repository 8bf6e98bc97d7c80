"""What a folder already knows, by hand."""

from typing import Any

from dropout_lab.records.ledger import Ledger
from dropout_lab.records.store import Records


def run(key: str, seed: int, status: str = "complete", attempt: int = 1, loss: float = 0.0) -> dict[str, Any]:
    how = {"width": 4, "compiled": False, "threads": 1}
    return {"key": key, "seed": seed, "status": status, "attempt": attempt, "val_loss": loss, "gap_loss": -loss, **how}


def ledger(*runs: dict[str, Any]) -> Ledger:
    trials = [{"key": key, "structure": {"of": key}} for key in ("a", "b")]
    return Ledger.of(Records([], trials, [], list(runs), []))


def test_what_is_missing_is_what_was_never_trained_or_may_be_tried_again() -> None:
    found = ledger(run("a", 0), run("a", 1, "failed"), run("a", 2, "failed", 2), run("a", 3, "pruned"))
    assert found.missing("a", range(5), retries=1) == [(1, 2), (4, 1)]
    assert found.missing("a", range(5), retries=2) == [(1, 2), (2, 3), (4, 1)]
    assert found.missing("a", range(5), retries=0) == [(4, 1)]
    assert found.missing("b", [7], retries=1) == [(7, 1)]


def test_the_last_attempt_counts_whatever_the_order() -> None:
    for order in (1, -1):
        found = ledger(*[run("a", 0, "failed", 1), run("a", 0, "complete", 2, loss=0.5)][::order])
        assert found.statuses("a", [0]) == {"complete"}
        assert found.values("a", [0], ["val_loss"]) == [0.5]
        assert found.failed(["a", "b"], range(2)) == 0


def test_a_value_is_the_mean_over_all_seeds_or_none() -> None:
    found = ledger(run("a", 0, loss=0.25), run("a", 1, loss=0.75), run("b", 0), run("b", 1, "pruned"))
    assert found.values("a", range(2), ["val_loss", "gap"]) == [0.5, -0.5]
    assert found.values("a", range(3), ["val_loss"]) is None, "one seed has not been trained"
    assert found.values("b", range(2), ["val_loss"]) is None, "one was pruned"
    assert found.statuses("b", range(3)) == {"complete", "pruned"}


def test_structures_are_told_apart() -> None:
    found = ledger()
    assert found.structure("a") != found.structure("b")
    assert found.execution(found.structure("a")) is None


def test_a_ledger_takes_what_another_knows_besides() -> None:
    own, other = ledger(run("a", 0, "failed")), ledger(run("a", 0, "complete", 2, loss=0.5), run("b", 1))
    del own.trials["b"]
    own.merge(other)
    assert own.trials == other.trials
    assert own.runs == other.runs
    assert own.cohorts == other.cohorts
