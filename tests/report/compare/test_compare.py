"""Several sweeps side by side, with planted effects, against scipy and the records."""

import html
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dropout_lab.core.errors import UserError
from dropout_lab.records import store
from dropout_lab.report.result import Report
from dropout_lab.report.write.compare import compare
from dropout_lab.report.write.compare.sweeps import names, sweeps
from dropout_lab.report.write.compare.table import compared
from tests.report.canned import SESSION, Sweep, grid, hump, planned

RATES = (0.0, 0.1, 0.3)


def write(tmp_path: Path, **sweeps: Sweep) -> list[Path]:
    return [sweep.write(tmp_path / name) for name, sweep in sweeps.items()]


def settings(**of: object) -> dict[str, object]:
    return {"settings": {**SESSION["settings"], **of}}


def losses(folder: Path) -> pd.DataFrame:
    """Seed x trial: validation loss of the complete runs, from the records."""
    records = store.read(folder)
    numbers = {trial["key"]: trial["trial"] for trial in records.trials}
    rows = [(r["seed"], numbers[r["key"]], r["val_loss"]) for r in records.runs if r["status"] == "complete"]
    return pd.DataFrame(rows, columns=["seed", "trial", "loss"]).pivot(index="seed", columns="trial", values="loss")


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """One in which dropout helps, one in which it does nothing, one in which it harms."""
    return write(
        tmp_path,
        helps=Sweep(grid(rates=RATES, effect=hump), session=settings(model={"width": 512})),
        nothing=Sweep(grid(("input",), RATES), noise=0.01, session=settings(model={"width": 32})),
        harms=Sweep(grid(("hidden",), RATES, lambda placement, rate: -0.5 * rate), seeds=8),
    )


def test_each_sweep_has_its_answer_corrected_over_all(three: list[Path]) -> None:
    report = compare(three)
    out = three[0].parent / "compared_helps_nothing_harms"
    assert report.html == out / "report.html"
    table = pd.read_csv(out / "compared.csv")
    assert table["sweep"].tolist() == ["helps", "nothing", "harms"]
    everything = [losses(folder) for folder in three]
    p: dict[tuple[int, Any], float] = {
        (number, trial): stats.ttest_rel(values[trial], values[0]).pvalue
        for number, values in enumerate(everything)
        for trial in values.columns[1:]  # the first is trial 0, the baseline
    }
    assert (table["tests"] == len(p)).all()
    ordered, holm, least = sorted(p, key=lambda one: p[one]), {}, 0.0
    for rank, one in enumerate(ordered):
        least = max(least, min(1.0, p[one] * (len(p) - rank)))
        holm[one] = least
    for number, (values, (_, row)) in enumerate(zip(everything, table.iterrows(), strict=True)):
        best = values.drop(columns=0).mean().idxmin()
        assert row["dropout_trial"] == best
        assert row["best_trial"] == values.mean().idxmin()
        pairs = values[best] - values[0]
        assert row["difference"] == pytest.approx(pairs.mean())
        assert row["p"] == pytest.approx(p[number, best])
        assert row["p_holm"] == pytest.approx(holm[number, best])
        for level, ends in ((0.95, ("low", "high")), (1 - 0.05 / len(p), ("wide_low", "wide_high"))):
            low, high = stats.t.interval(level, len(pairs) - 1, pairs.mean(), stats.sem(pairs))
            if level > 0.95 and holm[number, best] < 0.05:  # where Holm rejects, the interval ends at 0 at least
                low, high = (max(low, 0.0), high) if pairs.mean() > 0 else (low, min(high, 0.0))
            assert [row[f"difference_{end}"] for end in ends] == pytest.approx([low, high])
    assert table["word"].tolist() == ["better", "inconclusive", "worse"]
    assert table["best"].tolist()[2] == "no dropout"
    said = " ".join(report.prose)
    assert "helps: hidden at 0.3 has the lowest mean validation loss, 0." in said
    assert re.search(r"Its difference from no dropout is −0\.\d+ \[−0.*?\] \(p < 0\.001, Holm\): better\.", said)
    assert re.search(r"\(p = [\d.]+, Holm\): inconclusive\.", said)
    assert "harms: no dropout has the lowest mean validation loss" in said
    assert "The best with dropout is hidden at 0.1; its difference from no dropout is +0.0" in said
    assert "no dropout in" not in said
    page, twin = (out / "report.html").read_text(), (out / "report.md").read_text().replace("\\", "")
    for sentence in report.prose:
        name, _, words = sentence.partition(": ")
        assert (words if name in ("helps", "nothing", "harms") else sentence) in html.unescape(page)
        assert sentence in html.unescape(twin)
    assert (out / "figures" / "differences.svg").stat().st_size > 1000
    assert len(pd.read_csv(out / "figures" / "differences.csv")) == 3
    assert len(report.rows) == 3
    widths = '<th scope="row">model.width</th><td data-head="helps">512</td><td data-head="nothing">32</td>'
    assert widths in page


def test_a_word_an_interval_and_holm_never_disagree(tmp_path: Path) -> None:
    """Effects around what the seeds can tell, so that Holm rejects more than Bonferroni does."""
    names = [f"s{number}" for number in range(6)]

    def helps(number: int) -> Callable[[str, float], float]:
        return lambda placement, rate: 0.02 * number

    plan = [grid(("hidden",), (0.0, 0.1, 0.2), helps(number)) for number in range(6)]
    folders = [Sweep(one, seeds=6, noise=0.02).write(tmp_path / name) for name, one in zip(names, plan, strict=True)]
    table = compared(sweeps(folders))
    assert {"inconclusive", "better"} <= set(table["word"])
    excludes = (table["difference_wide_low"] >= 0) | (table["difference_wide_high"] <= 0)
    np.testing.assert_array_equal(excludes, table["p_holm"] < 0.05)
    np.testing.assert_array_equal(excludes, table["word"] != "inconclusive")


def test_no_dropout_is_that_of_the_same_settings(tmp_path: Path) -> None:
    """A network without dropout and other settings may be better than all: it is the best, and no sentence hides it."""
    plan = [p for lr in (0.001, 0.01) for p in grid(("hidden",), (0.0, 0.3), params={"optimizer.lr": lr})]
    for one in plan:
        one.better = {(0.001, 0): 0.0, (0.001, 1): 0.1, (0.01, 0): 0.5, (0.01, 1): 0.0}[
            one.params["optimizer.lr"], int(one.params["rate"] > 0)
        ]
    folders = write(tmp_path, a=Sweep(plan), b=Sweep(grid(rates=RATES)))
    first = compare(folders, tmp_path / "out").prose[0]
    assert first.startswith("a: no dropout, lr=0.01 has the lowest mean validation loss")
    assert "The best with dropout is hidden at 0.3, lr=0.001; its difference from no dropout with the same" in first


def test_the_page_is_read_on_a_phone_in_the_dark_and_aloud(three: list[Path]) -> None:
    """One figure for a screen and one for a phone, in the page's colours; captions; and nothing that asks for more."""
    page = compare(three).html.read_text()
    assert page.count("<svg ") == 2
    assert 'class="drawing broad"' in page
    assert 'class="drawing narrow"' in page
    assert "<img" not in page
    assert "<script" not in page
    assert "var(--c0)" in page
    assert page.count("<caption>") == page.count("<table>") == 2
    assert page.count("<main>") == 1
    assert "prefers-color-scheme: dark" in page
    assert 'aria-label="Validation loss: difference from no dropout. ' in page


def test_the_same_sweeps_make_the_same_files_in_their_place(three: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "mine"
    compare(three, out)
    first = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    compare(three, out)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == first
    for place, why in ((three[1], "a sweep's folder"), (tmp_path, "something other than a comparison")):
        with pytest.raises(UserError, match=why):
            compare(three, place)


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (Sweep(grid(rates=RATES)), Sweep(grid(rates=RATES), classification=False), "classification and .*regression"),
        (Sweep(grid(rates=RATES)), Sweep(grid(rates=RATES), session={"objective": ["val_accuracy"]}), "one objective"),
        (Sweep(grid(rates=RATES)), Sweep(grid(rates=RATES), fate=lambda t, s: "absent"), "no run is complete"),
        (
            Sweep(grid(rates=RATES), session={"objective": ["gap_loss"], **settings(trainer={"gap_examples": 50})}),
            Sweep(grid(rates=RATES), session={"objective": ["gap_loss"], **settings(trainer={"gap_examples": 9})}),
            "trainer.gap_examples=50 .* 9",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(one: Sweep, other: Sweep, why: str, tmp_path: Path) -> None:
    folders = write(tmp_path, one=one, other=other)
    with pytest.raises(UserError, match=why):
        compare(folders)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "other"]


def test_the_same_sweep_twice_and_what_is_none(tmp_path: Path) -> None:
    (folder,) = write(tmp_path, one=Sweep(grid(rates=RATES), seeds=2))
    with pytest.raises(UserError, match="given twice"):
        compare([folder, tmp_path / "x" / ".." / "one"])
    with pytest.raises(UserError, match="no such folder"):
        compare([folder, tmp_path / "nothing"])


def test_sweeps_without_an_answer_have_a_row_too(tmp_path: Path) -> None:
    folders = write(
        tmp_path,
        early=Sweep(grid(rates=RATES), seeds=2, fate=lambda trial, seed: "absent" if seed else "complete"),
        bare=Sweep([planned("hidden", 0.3)], seeds=2),
        lone=Sweep([planned("hidden", 0.0)], seeds=2),
        single=Sweep(grid(rates=RATES), seeds=1),
    )
    for some in itertools.pairwise(folders):
        compare(some, tmp_path / "out")
        page = (tmp_path / "out" / "report.html").read_text()
        assert "nan" not in page
        assert "None" not in page
    report: Report = compare(folders)
    said = " ".join(report.prose)
    assert "early: no configuration has all its seeds complete" in said
    assert "There is no run without dropout" in said
    assert "There is no complete configuration with dropout" in said
    table = pd.read_csv(report.html.parent / "compared.csv")
    np.testing.assert_array_equal(table["difference"].notna(), [False, False, False, True])
    assert "(one seed shows no spread): inconclusive." in said
    assert table["word"].tolist()[3] == "inconclusive"
    assert table["word"].isna()[:3].all()


def test_a_sweep_of_any_name_stays_text(tmp_path: Path) -> None:
    folders = write(tmp_path, **{"<script>alert(1)<": Sweep(grid(rates=RATES), seeds=2), "b|c": Sweep(grid(), seeds=2)})
    page = compare(folders, tmp_path / "out").html
    assert "<script" not in page.read_text()
    assert "b\\|c" in (page.parent / "report.md").read_text()


def test_names_are_as_long_as_they_must_be() -> None:
    assert names([Path("/a/x"), Path("/a/y")]) == ["x", "y"]
    assert names([Path("/a/x"), Path("/b/x"), Path("/b/y")]) == ["a/x", "b/x", "b/y"]
