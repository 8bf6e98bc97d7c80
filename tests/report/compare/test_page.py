"""The page of a comparison as a browser has it: on a screen, on a phone, and without a request."""

from pathlib import Path

import pytest

from dropout_lab.report.write.compare import compare
from tests.report.browser import Browser
from tests.report.canned import Sweep, grid, hump

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

NAMES = ("a_sweep_of_a_name_as_long_as_they_come_when_written_by_a_script", "<b>")
SHOWN = "[...document.querySelectorAll('svg.drawing')].filter(e => e.checkVisibility() && e.clientWidth > 300).length"
WIDER = "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth).length"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("compared")
    plan = grid(("<script>alert(1)</script>", "hidden"), (0.0, 0.3), hump)
    return compare([Sweep(plan, seeds=3, epochs=9).write(place / name) for name in NAMES], place / "out").html


@pytest.mark.parametrize("width", [1280, 390])
def test_it_asks_for_nothing_and_nothing_scrolls_sideways(page: Path, tab: Browser, width: int) -> None:
    tab.open(page, width, 900)
    assert tab.asked_for() == [page.resolve().as_uri()]
    assert tab.complaints() == []
    assert tab.value(SHOWN) == 1, "the figure for a screen, or that for a phone"
    assert tab.value("document.querySelectorAll('script').length") == 0, "the names are text"
    assert tab.value(WIDER) == 0
