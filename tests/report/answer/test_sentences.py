"""What the first screen and the folded sections say, against the tables; and every sentence read for its style."""

import re
from pathlib import Path

import pandas as pd
import pytest

from dropout_lab.core.errors import UserError
from dropout_lab.report.answer.answer import Answer
from dropout_lab.report.answer.decision import Verdict
from dropout_lab.report.answer.next import RULES
from dropout_lab.report.frames.load import load
from dropout_lab.report.spelling import amount, difference, duration, number, title, value
from dropout_lab.report.topics.differences.comparisons import COMPARISONS
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.write.definitions import definitions
from dropout_lab.report.write.machine import as_json
from tests.report.answer.style import check, sentences
from tests.report.canned import Sweep, answer_of, evidence, evidence_of, grid, hump, planned
from tests.report.figures import odd
from tests.report.test_report import sweeps
from tests.rotate import rotated

pytestmark = pytest.mark.xdist_group("prose")  # one worker makes what all read

RATES = (0.0, 0.1, 0.3, 0.5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Sweep(grid(rates=RATES, effect=hump)).write(tmp_path_factory.mktemp("s") / "clear")


@pytest.fixture(scope="module")
def clear(folder: Path) -> Evidence:
    return evidence_of(folder)


@pytest.fixture(scope="module")
def said(clear: Evidence) -> Answer:
    return answer_of(clear)


EVERY = [*sweeps(), *(f"odd: {name}" for name in odd.sweeps())]


@pytest.mark.parametrize("name", rotated(EVERY, turn=1, of=10))
def test_every_sentence_of_every_canned_sweep(name: str, tmp_path: Path) -> None:
    if name.startswith("odd: "):
        found = odd.odd_evidence(odd.sweeps()[name.removeprefix("odd: ")], tmp_path / "s")
    else:
        found = evidence(sweeps()[name][0], tmp_path / "s")
    answer = answer_of(found)
    assert answer.headline.endswith(".")
    assert answer.next.why.endswith(".")
    for text in sentences(answer):
        assert not list(check(text))


def test_the_style_rules_find_what_they_are_for() -> None:
    wrong = (
        "It was told.", "The data tell them apart.", "A nan.", "None is known.", "1e+02 % failed.", "It is 0.1234.",
        "It  is.", "It is .", "It ends. hidden is best.",
    )  # fmt: skip
    for text in wrong:
        assert list(check(text)), text
    for text in ("It is 0.123.", "100 % of 1,150 runs failed.", "Use lr=1e-05.", "A loss of 0.0012 [0.0010, 0.0014]."):
        assert not list(check(text)), text


def test_the_numbers_are_those_of_the_tables(clear: Evidence, said: Answer) -> None:
    assert said.headline == "Dropout helps: use it at hidden with rate 0.3."
    row, gap = clear.comparison, clear.choice.difference
    optimism, epoch = clear.row("optimism", clear.choice.best), clear.row("best_epoch", clear.choice.best)
    assert row is not None
    assert gap is not None
    assert optimism is not None
    assert epoch is not None
    sure = " ".join(said.details["How sure"])
    assert gap.low < row["low"] < row["high"] < gap.high
    assert (
        f"The difference of hidden at 0.3 to no dropout in validation loss is {difference('val_loss', row['mean'])} "
        f"(95 % interval {difference('val_loss', gap.low)} to {difference('val_loss', gap.high)}, simultaneous over "
        f"{clear.choice.tests} comparisons; paired t test, p < 0.001 after Holm correction)."
    ) in sure
    if optimism["optimism"] > 0:
        assert f"by about {amount('val_loss', optimism['optimism'])}" in sure
        assert f"further seeds should show about {value('val_loss', optimism['corrected'])}" in sure
    assert f"flatters its validation loss by an estimated {amount('val_loss', epoch['bias'])}" in sure
    cost = " ".join(said.details["Convergence"])
    half = clear.row("time_ratio", clear.choice.best, progress=0.5)
    assert half is not None
    assert f"{number(half['restricted_ratio'], 3)} times the epochs of no dropout" in cost
    for role in (clear.choice.best, clear.choice.baseline):
        own = clear.row("convergence", role, definition="own_best")
        assert own is not None
        assert f"after {number(own['restricted'], 3)} epochs or {duration(own['restricted_seconds'])}" in cost
    assert title("val_loss") in said.rows[2].label


def test_stopped_runs_and_those_that_still_improve_are_said_beside_the_cost(tmp_path: Path) -> None:
    plan = grid(("hidden",), RATES, hump, patience=1)
    stopped = evidence(Sweep(plan, patience=1), tmp_path / "stopped")
    assert (stopped.table["n_stopped"] == 5).any()
    text = " ".join(answer_of(stopped).details["Convergence"])
    assert "runs get within 1 % of their best loss" in text
    assert any("Early stopping was on" in caution for caution in answer_of(stopped).cautions)
    plan = grid(("hidden",), RATES, lambda placement, rate: 0.5, epochs=6)
    short = answer_of(evidence(Sweep(plan, epochs=6), tmp_path / "short"))
    assert "5 were still improving when training ended, so this is not final" in " ".join(short.details["Convergence"])
    (epochs,) = [row for row in short.rows if row.metric == "epochs_to_convergence"]
    assert epochs.about == "to within 1 % of a run's best loss; 10 runs still improving, so not final"
    assert epochs.word == "inconclusive"


def test_the_gap_stands_beside_that_of_no_dropout(clear: Evidence, said: Answer) -> None:
    best, baseline = clear.choice.best, clear.choice.baseline
    assert best is not None
    assert baseline is not None
    ours, theirs = (value("gap_loss", trial["gap_loss"]) for trial in (best, baseline))
    text = " ".join(said.details["Gap"])
    assert f"The gap in loss of hidden at 0.3 is {ours}, without dropout {theirs}." in text
    assert "A smaller gap alone is not a better network." in text


def test_early_stopping_as_the_objective_of_nothing(tmp_path: Path) -> None:
    """Where all runs were stopped, no configuration has epochs to convergence."""
    asked = {"objective": ["epochs_to_convergence"]}
    plan = grid(("hidden",), RATES, hump, patience=1, epochs=60)
    found = evidence(Sweep(plan, patience=1, epochs=60, seeds=2, session=asked), tmp_path / "s")
    assert (found.table["n_stopped"] > 0).all()
    assert found.choice.best is None
    answer = answer_of(found)
    assert answer.headline == (
        "Nothing to compare: early stopping ended runs, so their epochs to convergence are not known."
    )
    assert any("Early stopping was on" in caution for caution in answer.cautions)


def a_hair(placement: str, rate: float) -> float:
    return 0.004


def nothing(placement: str, rate: float) -> float:
    return 0.0


def test_no_difference_is_what_an_equivalence_test_shows(tmp_path: Path) -> None:
    """Equivalent where the noise is small; with far more noise neither significant nor equivalent."""
    for better in (0.004, 0.0):  # dropout is best by a hair, or no dropout is
        plan = grid(("hidden",), (0.0, 0.01), {0.004: a_hair, 0.0: nothing}[better])
        alike = evidence(Sweep(plan, noise=0.0002, epochs=12), tmp_path / f"alike {better}")
        margin = amount("val_loss", float(alike.tables["to_best"]["margin"].iloc[0]))
        assert alike.table["baseline"].iloc[0] == (better == 0)
        answer = answer_of(alike)
        text = " ".join(answer.details["How sure"])
        if answer.decision.verdict is Verdict.BETTER:
            assert f"The gain is shown to be smaller than the margin of {margin}: it may not matter." in text
        else:
            assert f"Equivalent to the best within {margin} (two one-sided t tests, Holm-corrected): " in text
        noisy = answer_of(evidence(Sweep(plan, noise=0.05, epochs=12), tmp_path / f"noisy {better}"))
        assert "Equivalence with the best within " in " ".join(noisy.details["How sure"])
        assert not noisy.decision.verdict.is_decided


def test_one_seed_gives_no_interval_and_no_word(tmp_path: Path) -> None:
    one = answer_of(evidence(Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=1), tmp_path / "one"))
    assert one.headline == ("Not decided yet: hidden at 0.3 looks best, but with one seed, a difference may be chance.")
    assert one.details["How sure"] == [
        "One seed: no interval is possible, and every difference may be due to the seed."
    ]
    assert {row.word for row in one.rows} == {"inconclusive"}
    assert (one.plausible, one.avoid) == ("", "")


def test_beside_another_trial(folder: Path, clear: Evidence) -> None:
    """All differences are to the trial that was asked for; targets and gaps in words stay those of no dropout."""
    other = 2
    beside = evidence_of(folder, other)
    frames = beside.frames
    name = beside.table.loc[beside.table["trial"] == other, "name"].iloc[0]
    answer = answer_of(beside)
    best = int(beside.table["trial"].iloc[0])
    assert answer.headline == f"Use hidden at 0.3: it is better than {name} (trial 2)."
    runs = frames.runs.pivot(index="seed", columns="trial", values="val_loss")
    row = beside.comparison
    assert row is not None
    assert row["against"] == other
    assert row["mean"] == pytest.approx((runs[best] - runs[other]).mean())
    rows = beside.table.set_index("trial")
    assert rows.loc[0, "val_loss_diff"] == pytest.approx((runs[0] - runs[other]).mean())
    assert rows["val_loss_diff"].isna().to_dict() == {trial: trial == other for trial in rows.index}
    pd.testing.assert_frame_equal(beside.tables["time_ratio"], clear.tables["time_ratio"])
    assert beside.table["target"].nunique() == 1
    (shown,) = [row for row in answer.rows if row.metric == "val_loss"]
    assert shown.other == value("val_loss", float(rows["val_loss"].loc[other]))
    as_json(beside, answer)


def test_the_best_beside_itself(folder: Path, clear: Evidence) -> None:
    best = int(clear.table["trial"].iloc[0])
    found = evidence_of(folder, best)
    answer = answer_of(found)
    assert found.choice.difference is None
    assert answer.headline == f"Use hidden at 0.3 (trial {best}): every other complete configuration is worse."
    others = clear.table[clear.table["trial"] != best]
    assert (answer.heads.word, answer.heads.chosen) == ("chosen", f"hidden at 0.3 (trial {best})")
    assert answer.heads.other == others["name"].iloc[0]
    (row,) = (row for row in answer.rows if row.metric == "val_loss")
    assert (row.other, row.word) == (value("val_loss", others["val_loss"].iloc[0]), "better")


def test_a_trial_that_cannot_be_compared_with(tmp_path: Path) -> None:
    plan = [*grid(("hidden",), (0.0, 0.1, 0.3)), planned("input", 0.4), planned("input", 0.5)]
    folder = Sweep(plan, seeds=2, fate=lambda t, s: "failed" if t == 2 else "complete").write(tmp_path / "s")
    with pytest.raises(UserError, match=r"report\.baseline=9: this trial does not exist; allowed: 0 to 1, 3 to 4"):
        load(folder, 9)
    with pytest.raises(UserError, match="has no complete run"):
        load(folder, 2)


@pytest.mark.parametrize("name", rotated(sweeps(), turn=3, of=6))
def test_odd_sweeps_beside_any_trial(name: str, tmp_path: Path) -> None:
    """`test_report.py` has them beside no dropout, which is what is left where no trial is complete."""
    folder = sweeps()[name][0].write(tmp_path / "s")
    frames = load(folder)
    complete = frames.runs[frames.runs["status"] == "complete"]
    for reference in list(complete["trial"].unique()[-1:]) or [None]:
        found = evidence_of(folder, reference)
        answer = answer_of(found)
        for text in sentences(answer):
            assert not list(check(text))
        as_json(found, answer)


def test_sentences_are_short(clear: Evidence, said: Answer) -> None:
    """At most two lines of 120 characters."""
    texts = [*sentences(said), *(rule.when for rule in RULES), *(meaning for _, meaning in definitions(clear.frames))]
    for sentence in (part for text in texts for part in re.split(r"(?<=[.:]) (?=[A-Z])", text)):
        assert len(sentence) <= 240
        assert not re.search(r"^Of |\b(told|surely)\b", sentence)


def test_the_table_of_comparisons_says_what_its_tests_need(clear: Evidence, tmp_path: Path) -> None:
    """Margins: of each row's own baseline. Tests without a normal distribution: what they could reach."""
    shown = COMPARISONS.show
    assert shown is not None
    few = shown(clear)
    assert few is not None
    text = " ".join(few.prose)
    assert "tests without that assumption (sign-flip, Wilcoxon) cannot reach significance; they need 9 seeds." in text
    many = shown(evidence(Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=6), tmp_path / "many"))
    assert many is not None
    assert "sign-flip" not in " ".join(many.prose)
    plan = [one for lr in (1e-3, 1e-2) for one in grid(rates=RATES, effect=hump, params={"optimizer.lr": lr})]
    for one in plan:
        one.better += -0.3 if one.params["optimizer.lr"] == 1e-2 else 0.0
    losses = evidence(Sweep(plan), tmp_path / "losses")
    table = losses.tables["comparisons"]
    margins = table.loc[table["metric"] == "val_loss", "margin"].head(12)
    assert margins.nunique() == 2
    both = shown(losses)
    assert both is not None
    span = f"{amount('val_loss', margins.min())} to {amount('val_loss', margins.max())}, depending on the loss"
    assert span in " ".join(both.prose)
