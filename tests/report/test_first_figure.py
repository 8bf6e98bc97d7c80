"""The figure of the first screen: where its axis ends, what it marks, and how it is put into the page."""

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dropout_lab.report.draw import style
from dropout_lab.report.topics.differences.story import STORY
from dropout_lab.report.topics.differences.story_drawing import limits
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Plan
from dropout_lab.report.write.inline import inline
from tests.report.canned import Sweep, evidence, evidence_of, grid, hump, planned


def plan_of(found: Evidence) -> Plan:
    plan = STORY.plan(found)
    assert isinstance(plan, Plan)
    return plan


def rows(*found: tuple[float, float, float, bool]) -> pd.DataFrame:
    return pd.DataFrame(found, columns=["mean", "low", "high", "in_set"])


def test_the_axis_ends_where_decisions_end() -> None:
    """All of the confidence set and no dropout are inside; a hopeless configuration is not."""
    found = rows((-0.05, -0.07, -0.03, True), (-0.04, -0.06, -0.02, True), (0.0, 0.0, 0.0, False), (9.0, 8, 10, False))
    low, high = limits(found, maximised=False)
    assert low < -0.07
    assert 0 < high < 0.1
    mirrored = found.assign(mean=-found["mean"], low=-found["high"], high=-found["low"])
    assert np.allclose(limits(mirrored, maximised=True), (-high, -low))


def test_huge_intervals_leave_room_for_the_means() -> None:
    found = rows((-0.08, -1.3, 1.2, True), (0.0, np.nan, np.nan, True), (0.02, -1.0, 1.0, True))
    low, high = limits(found, maximised=False)
    assert -0.5 < low < -0.08
    assert 0.02 < high < 0.5


def test_one_in_the_set_still_has_an_axis() -> None:
    low, high = limits(rows((0.0, 0.0, 0.0, True), (0.17, 0.1, 0.2, False)), maximised=False)
    assert low < 0 < 0.17 < high
    low, high = limits(rows((0.0, 0.0, 0.0, True)), maximised=False)
    assert low < 0 < high


def test_the_table_says_what_is_drawn(tmp_path: Path) -> None:
    found = evidence(Sweep(grid(effect=hump)), tmp_path / "sweep")
    plan = plan_of(found)
    best = plan.table[plan.table["best"]]
    assert best["trial"].tolist() == [11]
    may = set(plan.table.loc[plan.table["in_set"], "trial"])
    assert may == {11, *found.indistinguishable["trial"]}
    assert (plan.table.loc[plan.table["baseline"], "mean"] == 0).all()
    assert "Lowest mean: hidden at 0.3" in plan.alt
    assert f"{len(may)} of 25 configurations" in plan.alt
    with style.styled():
        drawn, narrow = plan.draw(), plan.narrow and plan.narrow()
    assert narrow is not None
    assert drawn.get_size_inches()[0] > narrow.get_size_inches()[0]
    labels = [text.get_text() for box in drawn.legends for text in box.get_texts()]
    assert labels == [
        "input",
        "hidden",
        "everywhere",
        "no dropout",
        "lowest mean",
        "may be the best",
        "worse than the best",
    ]


def test_a_single_seed_has_no_worse_and_no_bars(tmp_path: Path) -> None:
    plan = plan_of(evidence(Sweep(grid(rates=(0.0, 0.3), effect=hump), seeds=1), tmp_path / "sweep"))
    assert plan.caption == "One seed gives no interval."
    with style.styled():
        labels = [text.get_text() for box in plan.draw().legends for text in box.get_texts()]
    assert "worse" not in labels


def test_sites_are_listed(tmp_path: Path) -> None:
    sites = [planned(None, None, rates={"input": 0.01 * n, "hidden.0": 0.1}) for n in range(1, 9)]
    plan = plan_of(evidence(Sweep([planned("hidden", 0.0), *sites], seeds=3, epochs=12), tmp_path / "sweep"))
    assert "against rate" not in plan.heading
    with style.styled():
        (ax,) = plan.draw().axes
    assert len(ax.get_yticklabels()) == len(plan.table)


def test_another_reference_is_named(tmp_path: Path) -> None:
    folder = Sweep(grid(rates=(0.0, 0.1, 0.3), effect=hump)).write(tmp_path / "sweep")
    assert "hidden at 0.1 (trial 3)" in plan_of(evidence_of(folder, 3)).heading


@pytest.mark.parametrize("text", ["0.046", "−0.025", "94.47 %"])
def test_numbers_that_are_read_stay_whole(text: str) -> None:
    path = '<path d="M 1.2345 2.99 L 3 4" style="opacity: 0.123"/>'
    svg = f'<svg viewBox="0 0 9.123 9"><g id="a">{path}<text>{text}</text></g></svg>'
    found = inline(svg.encode(), "one", "A label.")
    assert f"<text>{text}</text>" in found
    assert "M 1.2 3 L 3 4" in found
    assert "opacity: 0.123" in found


def test_the_page_has_the_numbers_of_the_axis(tmp_path: Path) -> None:
    """Every tick label of the file is in the page: they were once cut to one decimal."""
    plan = plan_of(evidence(Sweep(grid(rates=(0.0, 0.1, 0.3), effect=hump)), tmp_path / "sweep"))
    with style.styled():
        svg = style.save_svg(plan.draw())
    labels = re.findall(r"<text[^>]*>([^<]*\d)</text>", svg.decode())
    assert any(math.isclose(float(label.replace("−", "-")) % 0.1, 0.02, abs_tol=0.01) for label in labels[6:])
    found = inline(svg, "answer", "A label.")
    assert re.findall(r"<text[^>]*>([^<]*\d)</text>", found) == labels
