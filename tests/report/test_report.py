"""Whole reports of finished, half-finished and odd sweep folders."""

import html
import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from dropout_lab.core.errors import UserError
from dropout_lab.report import make
from dropout_lab.report.result import Report
from dropout_lab.report.write.table import as_csv
from tests.report.blank import blank_figures
from tests.report.canned import Planned, Sweep, answer_of, evidence, evidence_of, grid, hump, planned
from tests.rotate import rotated

GRID = {"axes": {"placement": ["input", "hidden", "everywhere"], "rate": [0.0, 0.1, 0.2, 0.3]}}
RATES = (0.0, 0.1, 0.2, 0.3)
SMALL = grid(("hidden", "input"), (0.0, 0.3), hump)


def said(report: Report) -> str:
    return " ".join(report.prose)


def test_a_clear_winner(tmp_path: Path) -> None:
    report = make(Sweep(grid(effect=hump)).write(tmp_path / "sweep"))
    text = said(report)
    assert report.prose[0] == "Dropout helps: use it at hidden with rate 0.3. (Finished: 125 runs.)"
    assert report.header == ["", "chosen", "no dropout", "difference", ""]
    assert all(len(row) == 5 for row in report.rows)
    assert [row[0] for row in report.rows] == [
        "test loss (nats)", "test accuracy", "validation loss (nats)", "epochs to its own best"
    ]  # fmt: skip
    assert report.command in text
    page, twin = (html.unescape((report.html.parent / name).read_text()) for name in ("report.html", "report.md"))
    for sentence in (
        "Dropout helps: use it at hidden with rate 0.3.",
        "The difference of hidden at 0.3 to no dropout in validation loss is",
        "simultaneous over 24 comparisons; paired t test, p < 0.001 after Holm correction",
        "Picking the best of 25 configurations",
    ):
        assert sentence in page, sentence
        assert sentence in twin, sentence
    for name in ("rate", "gap", "answer", "heatmap", "forest"):
        assert (tmp_path / "sweep" / "figures" / f"{name}.csv").stat().st_size > 100, name
    trials = pd.read_csv(tmp_path / "sweep" / "trials.csv")
    assert len(trials) == 25
    assert len(pd.read_parquet(tmp_path / "sweep" / "runs.parquet")) == 125
    assert len(pd.read_parquet(tmp_path / "sweep" / "curves.parquet")) == 125 * 30
    assert not list((tmp_path / "sweep").rglob("*.tmp"))


def test_no_effect_is_said_to_be_none(tmp_path: Path) -> None:
    """Without planted effects, every curve shape equal but for noise, the report names no winner."""

    class Flat(Sweep):
        def curves(self, planned: Planned, seed: int, status: str) -> dict[str, list[float | None]]:
            values = super().curves(planned, seed, status)
            noise = random.Random(f"{planned.trial.key} {seed} flat")
            shift = 0.3 + 0.02 * noise.gauss(0, 1)
            values["val_loss"] = [shift + 1 / epoch for epoch in range(1, len(values["val_loss"]) + 1)]
            return values

    found = answer_of(evidence(Flat(grid(rates=RATES), epochs=12), tmp_path / "sweep"))
    assert found.headline.startswith("Not decided yet: ")
    assert found.plausible.startswith("10 of 10 configurations may be the best")
    assert found.avoid == "No configuration has a significantly worse validation loss than no dropout."


def sweeps() -> dict[str, tuple[Sweep, str]]:
    """Odd sweeps, and a piece of what has to be said of each."""
    sampler = [planned("hidden", 0.0)]
    sampler += [planned("hidden", 0.02 * n, params={"optimizer.lr": 0.01 * n}) for n in range(1, 40)]
    sites = [planned(None, None, rates={"input": 0.01 * n, "hidden.0": 0.02 * n % 0.7}) for n in range(12)]
    contexts = [p for lr in (1e-3, 1e-2) for p in grid(("hidden",), RATES, hump, params={"optimizer.lr": lr})]
    small = grid(rates=RATES, effect=hump)
    return {
        "nothing": (Sweep([]), "No run has finished, so there is nothing to compare."),
        "no runs": (Sweep(small, fate=lambda t, s: "absent"), "No run has finished"),
        "all failed": (Sweep(small, fate=lambda t, s: "failed"), "All 50 recorded runs failed"),
        "all pruned": (Sweep(small, fate=lambda t, s: "pruned"), "No run is complete, so"),
        "seeds missing": (
            Sweep(small, fate=lambda t, s: "absent" if s else "complete"),
            "no configuration has all its 5 seeds complete",
        ),
        "trials missing": (
            Sweep(small, fate=lambda t, s: "absent" if t > 5 else "complete"),
            "20 of 50 runs have no record",
        ),
        "some pruned": (Sweep(small, fate=lambda t, s: "pruned" if t == 4 else "complete"), "ended 5 unpromising runs"),
        "no baseline": (Sweep(grid(rates=(0.1, 0.3), effect=hump)), "nothing was trained without dropout"),
        "baseline failed": (
            Sweep(small, fate=lambda t, s: "complete" if t else "failed"),
            "the runs without dropout are not complete",
        ),
        "baseline alone": (Sweep([planned("hidden", 0.0)]), "only no dropout has all its seeds complete"),
        "one trial": (Sweep([planned("hidden", 0.3)]), "nothing was trained without dropout"),
        "one seed": (Sweep(small, seeds=1), "with one seed, a difference may be chance"),
        "one epoch": (Sweep(small, seeds=2, epochs=1), "configurations"),
        "two seeds": (Sweep(small, seeds=2), "2 seeds each"),
        "regression": (Sweep(small, classification=False), "Dropout helps"),
        "edge": (Sweep(small, session=GRID), "is the highest that was tried"),
        "sampler": (Sweep(sampler, seeds=2), "39 contexts have no baseline"),
        "sites": (Sweep(sites, seeds=2), "input at 0."),
        "contexts": (Sweep(contexts), "2 contexts"),
        "methods": (Sweep([*grid(rates=RATES), *grid(rates=RATES[1:], method="gaussian")]), "configurations"),
        "placements": (Sweep(grid([f"place {n}" for n in range(12)], RATES), seeds=2), "configurations"),
        "stopped": (Sweep(grid(rates=RATES, effect=hump, patience=2), patience=2), "Early stopping was on"),
        "two objectives": (Sweep(small, session={"objective": ["val_accuracy", "gap"]}), "on the Pareto front"),
        "an objective of its own": (Sweep(small, session={"objective": ["seconds"]}), "seconds (s)"),
        "absent placement": (Sweep(small, session={"axes": {"placement": ["hidden", "last"]}}), "placement last"),
        "placement $x_1^2$": (Sweep(grid(("$x_1^2$", "$a|b"), RATES), seeds=2), "$"),
    }


@pytest.mark.parametrize("name", rotated(sweeps(), turn=0, of=6))
def test_odd_sweeps(name: str, tmp_path: Path) -> None:
    sweep, piece = sweeps()[name]
    report = make(sweep.write(tmp_path / name.replace(" ", "_")))
    page = report.html.read_text()
    assert piece in html.unescape(page)
    for content in (page, (report.html.parent / "report.md").read_text()):
        assert not re.search(
            r"\bnan\b|\bNone\b|<NA>", re.sub(r"base64,[^\"]*|&lt;nan&gt;|<script.*?</script>", "", content, flags=re.S)
        )
    for link in re.findall(r'href="#([^"]*)"', page):
        assert f'id="{link}"' in page


@pytest.mark.slow
@pytest.mark.draws
@pytest.mark.parametrize(
    "name", ["some pruned", "baseline alone", "one epoch", "regression", "sites", "methods", "placement $x_1^2$"]
)
def test_odd_sweeps_are_drawn(name: str, tmp_path: Path) -> None:
    sweep, _ = sweeps()[name]
    folder = make(sweep.write(tmp_path / "sweep"), pdf=name.startswith("placement")).html.parent
    drawn = {path.stem for path in (folder / "figures").glob("*.png")}
    assert {path.stem for path in (folder / "figures").glob("*.csv")} <= drawn
    for file in (folder / "figures").iterdir():
        assert file.stat().st_size > (20 if file.suffix == ".csv" else 1000), file
    kinds = {"png", "svg", "pdf"} if name.startswith("placement") else {"png", "svg"}
    for figure in drawn:
        assert {path.suffix[1:] for path in (folder / "figures").glob(f"{figure}.*")} >= kinds


def test_names_are_escaped(tmp_path: Path) -> None:
    folder = Sweep(grid(("<b>bold</b>", "x"), (0.0, 0.3)), seeds=2).write(tmp_path / "<script>")
    report = make(folder)
    page = report.html.read_text()
    assert page.count("<script") == 1
    assert '<script>"use strict";' in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page
    assert "<b>" not in (folder / "report.md").read_text()


@dataclass(frozen=True)
class Reported:
    """A report of a sweep with a failed run, a torn last record, and a figure of an earlier report."""

    report: Report
    stale: Path

    @property
    def folder(self) -> Path:
        return self.report.html.parent


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    sweep = Sweep(SMALL, seeds=2, fate=lambda t, s: "failed" if (t, s) == (2, 1) else "complete")
    folder = sweep.write(tmp_path_factory.mktemp("s") / "sweep")
    with (folder / "runs-0.jsonl").open("a") as file:
        file.write('{"id": "half')
    stale = folder / "figures" / "sites.svg"
    stale.parent.mkdir()
    stale.write_text("of another time")
    with blank_figures():
        return Reported(make(folder), stale)


def test_failures_are_listed_with_their_reason(reported: Reported) -> None:
    page = reported.report.html.read_text()
    assert "Failed runs" in page
    assert "the loss is not finite &lt;nan&gt;" in page


def test_the_page_needs_no_network(reported: Reported) -> None:
    page = reported.report.html.read_text()
    links = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert links
    for link in links:
        anchor = link.startswith("#") and f'id="{link[1:]}"' in page
        assert anchor or link.startswith("data:image/png;base64,") or (reported.folder / link).is_file(), link
    assert "url(" not in page
    assert "@import" not in page
    assert all(re.search(r'<img alt="[^"]{20,}"', image) for image in re.findall(r"<img[^>]*?src", page))


def test_the_same_records_make_the_same_files(reported: Reported) -> None:
    first = {path: path.read_bytes() for path in sorted(reported.folder.rglob("*")) if path.is_file()}
    make(reported.folder)
    assert {path: path.read_bytes() for path in sorted(reported.folder.rglob("*")) if path.is_file()} == first


def test_figures_of_an_earlier_report_do_not_linger(reported: Reported) -> None:
    assert not reported.stale.exists()


def test_a_torn_record_is_noted(reported: Reported) -> None:
    assert len(reported.report.notes) == 1
    assert "torn" in reported.report.html.read_text()


def test_what_is_no_sweep(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no sweep folder"):
        make(tmp_path)
    folder = Sweep(SMALL, seeds=2, epochs=1).write(tmp_path / "sweep")
    (folder / "trials.jsonl").write_text("[]\n")
    with pytest.raises(UserError, match=r"trials\.jsonl, line 1"):
        make(folder)


def test_the_last_command_counts(tmp_path: Path) -> None:
    folder = Sweep(SMALL, seeds=2).write(tmp_path / "sweep")
    record = json.loads((folder / "sessions.jsonl").read_text())
    with (folder / "sessions.jsonl").open("a") as file:
        file.write(json.dumps({**record, "session": 1, "seeds": 3}) + "\n")
    assert answer_of(evidence_of(folder)).headline == "Not decided yet: no configuration has all its 3 seeds complete."


def test_a_table_by_its_name(reported: Reported) -> None:
    for name in ("optimism", "edges", "best_epoch"):
        assert as_csv(reported.folder, name).encode() == (reported.folder / "tables" / f"{name}.csv").read_bytes()
    with pytest.raises(UserError, match=re.escape("report.table=nosuch: there is no such table; allowed: ")):
        as_csv(reported.folder, "nosuch")
