"""The page as a browser has it: from the disk, without a request, an error or a script that it needs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dropout_lab.report import make
from tests.report.browser import Browser, browser, chromium
from tests.report.canned import Sweep, grid, hump

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

HOSTILE = "<script>alert(1)</script>"

TEXTS = "[...document.querySelectorAll('table.sortable tbody tr')].map(r => r.cells[{column}].textContent)"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("page") / "<img src=x onerror=alert(1)>"
    folder = Sweep(grid(("input", HOSTILE), (0.0, 0.1, 0.3, 0.5), hump), seeds=3, epochs=12).write(place)
    return make(folder, pdf=False).html


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = chromium()
    if program is None:
        pytest.skip("there is no Chromium on this machine: the page was not opened in a browser")
    with browser(program, tmp_path_factory.mktemp("profile")) as one:
        yield one


@pytest.mark.parametrize("width", [1280, 390])
def test_it_opens_from_the_disk_and_asks_for_nothing(page: Path, tab: Browser, width: int) -> None:
    tab.open(page, width, 900)
    asked = [url for url in tab.asked_for() if not url.startswith("data:")]
    assert asked == [page.resolve().as_uri()]
    assert tab.complaints() == []
    assert tab.value("document.querySelectorAll('img').length") > 8
    assert tab.value("[...document.images].every(i => i.complete && i.naturalWidth > 300)")
    assert tab.value("document.querySelectorAll('script').length") == 1, "the names are text"
    assert tab.value("document.documentElement.scrollWidth") <= width, "nothing makes the page wider than it is"


def test_what_may_go_wrong_is_seen(tab: Browser, tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text("<img src='http://127.0.0.1:9/x.png'><script>nosuch()</script>")
    tab.open(tmp_path / "bad.html", 800, 600)
    assert "http://127.0.0.1:9/x.png" in tab.asked_for()
    assert tab.complaints() != []


def test_the_table_sorts_and_filters(page: Path, tab: Browser) -> None:
    tab.open(page, 1280, 900)
    trials = tab.value(TEXTS.format(column=0))
    assert sorted(map(int, trials)) == list(range(7))
    click = "document.querySelectorAll('table.sortable th button')[{column}].click()"
    tab.value(click.format(column=0))
    assert tab.value(TEXTS.format(column=0)) == [str(n) for n in range(7)]
    tab.value(click.format(column=0))
    assert tab.value(TEXTS.format(column=0)) == [str(n) for n in reversed(range(7))]
    losses = "document.querySelector('table.sortable th:nth-child(4)').textContent"
    assert tab.value(losses) == "validation loss"
    tab.value(click.format(column=3))
    found = [float(text.split()[0]) for text in tab.value(TEXTS.format(column=3))]
    assert found == sorted(found)
    tab.value(
        "f = document.querySelector('input[type=search]'); f.value = 'INPUT 0.3'; f.dispatchEvent(new Event('input'))"
    )
    rows = "[...document.querySelectorAll('table.sortable tbody tr')].filter(r => !r.hidden)"
    names = tab.value(f"{rows}.map(r => r.cells[1].textContent)")
    assert "input at 0.3" in names
    assert all("input" in name for name in names)
    assert tab.value("document.querySelector('.filter output').textContent").strip() == f"{len(names)} of 7 rows"


def test_it_is_whole_without_its_script(page: Path, tab: Browser) -> None:
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    tab.open(page, 1280, 900)
    tab.call("Emulation.setScriptExecutionDisabled", value=False)
    assert tab.value("document.querySelectorAll('table.sortable tbody tr').length") == 7
    assert tab.value("document.querySelectorAll('button, input').length") == 0, "nothing is there that does nothing"


def test_paper_has_all_figures_and_no_menu(page: Path, tab: Browser) -> None:
    tab.open(page, 1280, 900)
    tab.call("Emulation.setEmulatedMedia", media="print")
    hidden = "getComputedStyle(document.querySelector('{what}')).display"
    assert tab.value(hidden.format(what="nav")) == "none"
    assert tab.value(hidden.format(what="figure")) == "block"
    assert tab.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    tab.call("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert tab.value("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    tab.call("Emulation.setEmulatedMedia", media="", features=[])
