"""The order of the report's sections, which is declared once."""

import re
from pathlib import Path

import pytest
from dropout_lab.report.outline import SECTIONS
from dropout_lab.report.prose import prose

from dropout_lab.report import gallery, sections
from dropout_lab.report.topics.cells import Grid
from dropout_lab.report.write.page import render
from tests.report.canned import Sweep, evidence, grid, hump


def test_every_figure_and_table_is_in_a_section() -> None:
    assert set(gallery._MODULES) | set(sections.TABLES) <= set(SECTIONS)


def test_anchors_are_unique() -> None:
    anchors = [section.anchor for section in SECTIONS]
    assert len(set(anchors)) == len(anchors)
    assert not set(anchors) & set(gallery.NAMES), "figures have anchors too"


@pytest.mark.parametrize("failures", [False, True])
def test_page_contents_and_markdown_have_one_order(failures: bool, tmp_path: Path) -> None:
    plan = grid(("hidden",), (0.0, 0.3), hump, epochs=3)
    failed = 1 if failures else None
    sweep = Sweep(plan, seeds=2, epochs=3, fate=lambda trial, seed: "failed" if trial == failed else "complete")
    found = evidence(sweep, tmp_path / "s")
    html, markdown = render(tmp_path / "s", found, prose(found), gallery.Gallery([], []), Grid())
    contents = re.findall(r'<li><a href="#([^"]*)">([^<]*)</a>', html)
    headings = re.findall(r'<h2 id="([^"]*)">([^<]*)</h2>', html)
    titles = [title for _, title in headings]
    assert contents == headings
    assert titles == [section.title for section in SECTIONS if section.title in titles]
    assert ("Failed runs" in titles) == failures
    assert re.findall("(?m)^## (.*)$", markdown) == [title for title in titles if title != "Files"]
