"""What the first screen says, against the tables, and of odd cases; and all of it beside another trial."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from dropout_lab.report.advice import RULES
from dropout_lab.report.gallery import Gallery
from dropout_lab.report.prose import prose
from dropout_lab.report.sections import sections
from dropout_lab.report.sections.block import Block
from dropout_lab.report.tiles import tiles

from dropout_lab.core.errors import UserError
from dropout_lab.report import make
from dropout_lab.report.frames.load import load
from dropout_lab.report.spelling import amount, difference, duration, value
from dropout_lab.report.topics.cells import Grid, spread
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.write.definitions import definitions
from dropout_lab.report.write.machine import as_json
from dropout_lab.report.write.page import render
from dropout_lab.report.write.table import as_csv
from tests.report.canned import Sweep, evidence, evidence_of, grid, hump, planned
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


def text(found: Evidence) -> str:
    return " ".join(prose(found).all())


def test_the_numbers_are_those_of_the_tables(clear: Evidence) -> None:
    said = prose(clear)
    assert said.headline == "hidden at 0.3, standard"
    row, optimism = clear.comparison, clear.optimism
    assert row is not None
    assert optimism is not None
    better = " ".join(said.better)
    assert difference("val_loss", row["mean"]) in better
    gap, tests = clear.found.difference, clear.found.tests
    assert gap is not None
    assert gap.low < row["low"] < row["high"] < gap.high
    assert (
        f"95 % interval {difference('val_loss', gap.low)} to {difference('val_loss', gap.high)}, "
        f"simultaneous over the {tests} comparisons"
    ) in better
    assert "better in 5 of 5 pairs" in better
    unseen = " ".join(said.unseen)
    assert f"by about {amount('val_loss', optimism['optimism'])}" in unseen
    assert f"further seeds should show about {value('val_loss', optimism['corrected'])}" in unseen
    ratios = clear.tables["time_ratio"]
    last = ratios[(ratios["trial"] == row["trial"]) & (ratios["progress"] == 1)].iloc[0]
    assert f"{last['restricted_ratio']:.3g} times as many epochs" in " ".join(said.cost)
    own = clear.row("convergence", clear.found.best, definition="own_best")
    assert own is not None
    assert duration(own["restricted_seconds"]) in " ".join(said.cost)
    none = clear.row("convergence", clear.found.baseline, definition="own_best")
    assert none is not None
    cost = next(tile for tile in tiles(clear) if tile.label == "Cost")
    assert cost.number == f"{own['restricted']:.3g} against {none['restricted']:.3g} epochs"
    assert f"{duration(own['restricted_seconds'])} against {duration(none['restricted_seconds'])}" in cost.about
    labels = [tile.label for tile in tiles(clear)]
    assert labels == ["Best by validation", "Against no dropout", "On unseen data", "Cost", "Indistinguishable from it"]


def test_who_was_stopped_or_still_improves_is_said_beside_the_cost(tmp_path: Path) -> None:
    plan = grid(("hidden",), RATES, hump, patience=1)
    stopped = evidence(Sweep(plan, patience=1), tmp_path / "stopped")
    assert (stopped.table["n_stopped"] == 5).any()
    best = stopped.row("convergence", stopped.found.best, definition="own_best")
    assert best is not None
    assert f"{best['n_reached']} of 5 runs come within 1 % of their best loss" in text(stopped)
    none = replace(stopped, tables={**stopped.tables, "convergence": stopped.tables["convergence"].assign(n_reached=0)})
    assert "0 of 5 runs come within 1 % of their best loss: all ended before it was known" in text(none)
    assert next(tile.number for tile in tiles(none) if tile.label == "Cost") == "not known"
    plan = grid(("hidden",), RATES, lambda placement, rate: 0.5, epochs=6)
    short = evidence(Sweep(plan, epochs=6), tmp_path / "short")
    assert "5 were still improving when training ended, so this is not final" in text(short)
    assert "runs still improving at the end: 5 and 5" in next(
        tile.about for tile in tiles(short) if tile.label == "Cost"
    )


def test_the_gap_stands_beside_the_validation(clear: Evidence) -> None:
    best, baseline = clear.found.best, clear.found.baseline
    assert best is not None
    assert baseline is not None
    ours, theirs = (value("val_loss", trial["val_loss"]) for trial in (best, baseline))
    assert f"better model: the validation loss is {ours}, without dropout {theirs}." in " ".join(prose(clear).unseen)


def test_early_stopping_as_the_objective_of_nothing(tmp_path: Path) -> None:
    """Where all runs were stopped, no configuration has epochs to convergence, and that is said."""
    asked = {"objective": ["epochs_to_convergence"]}
    plan = grid(("hidden",), RATES, hump, patience=1, epochs=60)
    found = evidence(Sweep(plan, patience=1, epochs=60, seeds=2, session=asked), tmp_path / "s")
    assert (found.table["n_stopped"] > 0).all()
    assert found.found.best is None
    assert "ended by early stopping, which does not count as convergence" in text(found)
    render(tmp_path / "s", found, prose(found), Gallery([], []), Grid())


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
        assert re.search(f"equivalent.* less than {margin} either way", text(alike))
        noisy = evidence(Sweep(plan, noise=0.05, epochs=12), tmp_path / f"noisy {better}")
        assert re.search("[Ee]quivalence .*could not be shown", text(noisy))
        assert "either way" not in text(noisy)


def test_few_seeds_are_told_what_they_can_never_show(tmp_path: Path, clear: Evidence) -> None:
    assert "nor Wilcoxon's signed-rank test can reach significance after Holm correction" in text(clear)
    assert "that takes 9 seeds" in text(clear), "2^(1 - 9) x 9 is below 0.05, 2^(1 - 8) x 9 is not"
    many = evidence(Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=6), tmp_path / "many")
    assert "signed-rank" not in text(many)
    few = evidence(Sweep(grid(("hidden",), (0.0, 0.3, 0.5), hump), seeds=2, noise=0.05), tmp_path / "few")
    row = few.comparison
    assert row is not None
    assert f"takes about {row['seeds_needed']:.0f} seeds, {row['seeds_needed'] - 2:.0f} more" in text(few)


def test_the_flat_region_and_the_interval_of_the_best_rate(clear: Evidence) -> None:
    sure = " ".join(prose(clear).sure)
    rates = clear.rates
    inside, flat = rates.loc[rates["inside"], "rate"], rates.loc[rates["flat"], "rate"]
    assert "The best rate is 0.3" in sure
    assert (len(inside) > 1) == ("95 % interval" in sure.partition("The best rate is")[2])
    assert (len(flat) > 1) == ("cannot be ruled out as best" in sure)
    assert "from 5 seeds it is rough" in sure


def test_beside_another_trial(folder: Path, clear: Evidence) -> None:
    """All differences are to the trial that was asked for; targets and gaps in words stay those of no dropout."""
    other = 2
    beside = evidence_of(folder, other)
    frames = beside.frames
    said = text(beside)
    name = beside.table.loc[beside.table["trial"] == other, "name"].iloc[0]
    assert f"beats {name} (trial 2)" in said
    runs = frames.runs.pivot(index="seed", columns="trial", values="val_loss")
    best = int(beside.table["trial"].iloc[0])
    row = beside.comparison
    assert row is not None
    assert row["against"] == other
    assert row["mean"] == pytest.approx((runs[best] - runs[other]).mean())
    rows = beside.table.set_index("trial")
    assert rows.loc[0, "val_loss_diff"] == pytest.approx((runs[0] - runs[other]).mean())
    assert rows["val_loss_diff"].isna().to_dict() == {trial: trial == other for trial in rows.index}
    pd.testing.assert_frame_equal(beside.tables["time_ratio"], clear.tables["time_ratio"])
    assert beside.table["target"].nunique() == 1
    assert [tile.label for tile in tiles(beside)][1] == f"Against {name} (trial 2)"


def test_the_best_beside_itself(folder: Path, clear: Evidence) -> None:
    best = int(clear.table["trial"].iloc[0])
    found = evidence_of(folder, best)
    assert found.found.difference is None
    assert "No other configuration has a better mean than hidden at 0.3" in text(found)


def test_a_trial_that_cannot_be_compared_with(tmp_path: Path) -> None:
    plan = [*grid(("hidden",), (0.0, 0.1, 0.3)), planned("input", 0.4), planned("input", 0.5)]
    folder = Sweep(plan, seeds=2, fate=lambda t, s: "failed" if t == 2 else "complete").write(tmp_path / "s")
    with pytest.raises(UserError, match=r"report\.baseline=9: this trial does not exist; allowed: 0 to 1, 3 to 4"):
        load(folder, 9)
    with pytest.raises(UserError, match="has no complete run"):
        load(folder, 2)


@pytest.mark.parametrize("name", rotated(sweeps(), turn=1, of=6))
def test_the_pages_of_odd_sweeps_beside_any_trial(name: str, tmp_path: Path) -> None:
    """`test_report.py` has them beside no dropout, which is what is left where no trial is complete."""
    folder = sweeps()[name][0].write(tmp_path / "s")
    frames = load(folder)
    complete = frames.runs[frames.runs["status"] == "complete"]
    for reference in list(complete["trial"].unique()[-1:]) or [None]:
        found = evidence_of(folder, reference)
        html, markdown = render(folder, found, prose(found), Gallery([], []), Grid())
        for content in (html, markdown):
            assert not re.search(r"\bnan\b|\bNone\b|<NA>", content.replace("&lt;nan&gt;", ""))
        for link in re.findall(r'href="(#[^"]*)"', html):
            assert f'id="{link[1:]}"' in html
        as_json(found, prose(found))


def test_sentences_are_short_and_use_standard_terms(clear: Evidence, tmp_path: Path) -> None:
    """At most two lines of 120 characters, and none of the words that stood for significance before."""
    texts = [
        *prose(clear).all(),
        *(rule.when for rule in RULES),
        *(meaning for _, meaning in definitions(clear.frames)),
    ]
    texts += [sentence for block in blocks(clear, tmp_path).values() for sentence in block.prose]
    for sentence in (part for text in texts for part in re.split(r"(?<=[.:]) (?=[A-Z])", text)):
        assert len(sentence) <= 240
        assert not re.search(r"^Of |\b(told|surely)\b", sentence)


def blocks(found: Evidence, folder: Path) -> dict[str, Block]:
    return {block.name: block for section in sections(folder, found, []) for block in section.blocks}


def test_the_tables_of_the_page_say_what_they_are_of(clear: Evidence, tmp_path: Path) -> None:
    """Effects: of the configurations with dropout, in the objective. Margins: of each row's own baseline."""
    found = blocks(clear, tmp_path)
    assert {"to_best", "curve_shape", "isolation", "variance"} <= found.keys()
    assert all(block.prose for block in found.values())
    assert "among the 9 configurations with dropout" in " ".join(found["effects"].prose), "the tenth is no dropout"
    plan = [one for lr in (1e-3, 1e-2) for one in grid(rates=RATES, effect=hump, params={"optimizer.lr": lr})]
    for one in plan:
        one.better += -0.3 if one.params["optimizer.lr"] == 1e-2 else 0.0
    asked = {"objective": ["val_accuracy"]}
    accuracy = blocks(evidence(Sweep(plan, session=asked), tmp_path / "accuracy"), tmp_path)
    assert "in validation accuracy that each setting explains, among the 18 configurations" in " ".join(
        accuracy["effects"].prose
    )
    losses = evidence(Sweep(plan), tmp_path / "losses")
    table = losses.tables["comparisons"]
    margins = table.loc[table["metric"] == "val_loss", "margin"].head(12)
    assert margins.nunique() == 2
    said = " ".join(blocks(losses, tmp_path)["comparisons"].prose)
    assert (
        f"within {amount('val_loss', margins.min())} to {amount('val_loss', margins.max())}, depending on the loss"
        in said
    )


def test_a_table_by_its_name(tmp_path: Path) -> None:
    folder = Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=2, epochs=3).write(tmp_path / "s")
    make(folder, pdf=False)
    for name in ("optimism", "isolation"):
        assert as_csv(folder, name).encode() == (folder / "tables" / f"{name}.csv").read_bytes()
    with pytest.raises(
        UserError, match=re.escape("report.table=nosuch: there is no such table; allowed: comparisons,")
    ):
        as_csv(folder, "nosuch")


def test_spelling() -> None:
    assert [duration(x) for x in (0.0123, 1.5, 119.0, 180.0, 7200.0)] == [
        "12.3 ms", "1.50 s", "119 s", "3.00 minutes", "2.00 hours",
    ]  # fmt: skip
    assert [amount("val_loss", x) for x in (0.00079, -0.047, 1.234, 0.0)] == ["0.00079", "0.047", "1.2", "0"]
    assert amount("val_accuracy", 0.005) == "0.50 pp"
    assert spread(value, "val_accuracy", 0.95, 0.94, 0.96) == "95.00 % [94.00, 96.00]"
