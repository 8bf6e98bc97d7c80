"""The order of the page, which is one list, and what stands in it."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropout_lab.report import topics
from dropout_lab.report.topics.outline import OUTLINE, pictures, tables
from dropout_lab.report.topics.part import Part, Picture, Table
from dropout_lab.report.write.gallery import gallery
from dropout_lab.report.write.page import render
from tests.report.canned import Sweep, answer_of, evidence, grid, hump


def declared() -> Iterator[Part]:
    """The tables and figures of all files of the topics."""
    for found in pkgutil.walk_packages(topics.__path__, f"{topics.__name__}."):
        if not found.ispkg and not found.name.endswith((".outline", ".part")):
            module = importlib.import_module(found.name)
            yield from (part for part in vars(module).values() if isinstance(part, Table | Picture))


def test_what_a_topic_declares_is_on_the_page_or_in_a_file() -> None:
    """A file that nobody named in the outline would be written for nothing."""
    listed = [part for section in OUTLINE for part in section.parts]
    assert {id(part) for part in declared()} == {id(part) for part in listed}
    assert len(listed) == len(tables()) + len(pictures()), "names are unique among tables, and among figures"


def test_anchors_are_unique() -> None:
    anchors = [section.anchor for section in OUTLINE]
    assert len(set(anchors)) == len(anchors)
    assert not set(anchors) & set(pictures()), "figures have anchors too"


@pytest.mark.parametrize("failures", [False, True])
def test_page_and_markdown_have_one_order(failures: bool, tmp_path: Path) -> None:
    plan = grid(("hidden",), (0.0, 0.3), hump, epochs=3)
    failed = 1 if failures else None
    sweep = Sweep(plan, seeds=2, epochs=3, fate=lambda trial, seed: "failed" if trial == failed else "complete")
    found = evidence(sweep, tmp_path / "s")
    html, markdown = render(tmp_path / "s", found, answer_of(found), gallery(found, pdf=False))
    sections = re.findall(r'<details id="([^"]*)">\s*<summary><h2>([^<]*)</h2>', html)
    titles = [title for _, title in sections]
    assert sections == [(section.anchor, section.title) for section in OUTLINE if section.title in titles]
    assert {"How sure", "All configurations", "Methods", "Files"} <= set(titles)
    assert ("<h3>Failed runs</h3>" in html) == failures
    headings = re.findall("(?m)^## (.*)$", markdown)
    story = [] if failures else ["Validation loss: difference from no dropout against rate"]
    assert headings == story + [title for title in titles if title != "Files"]
    ids = re.findall(r'\bid="([^"]*)"', html)
    assert len(ids) == len(set(ids))
