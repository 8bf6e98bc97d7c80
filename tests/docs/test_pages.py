"""The pages: their links lead somewhere, the README stays short, its test command is CI's."""

import re
from pathlib import Path

import pytest
import yaml

from tests.docs.commands import DOCUMENTS
from tests.docs.tables import ROOT

PAGES = [path for path in DOCUMENTS if path.suffix == ".md"]


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(), flags=re.DOTALL)
    for link in re.findall(r"\]\((?!https?:)(.+?)\)", text):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_is_one_short_page_with_a_small_picture() -> None:
    readme = ROOT / "README.md"
    assert len(readme.read_bytes()) <= 8000
    (picture,) = re.findall(r"!\[.+?\]\((.+?)\)", readme.read_text())
    assert (ROOT / picture).stat().st_size < 60_000


def test_the_readme_has_the_test_command_of_ci() -> None:
    (command,) = re.findall(r'^tests="(.+)"$', (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert command in (ROOT / "README.md").read_text().splitlines()


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_what_github_reads_is_yaml(path: Path) -> None:
    assert isinstance(yaml.safe_load(path.read_text()), dict)
