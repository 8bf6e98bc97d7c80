"""The page as a browser has it: from the disk, without a request, an error or a script that it needs."""

import itertools
from pathlib import Path

import pytest

from dropout_lab.report import make
from tests.report.browser import Browser
from tests.report.canned import Sweep, grid, hump

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

HOSTILE = "<script>alert(1)</script>"

TEXTS = "[...document.querySelectorAll('table.sortable tbody tr')].map(r => r.cells[{column}].textContent)"

SHOWN = "[...document.querySelectorAll('svg.drawing')].filter(s => s.checkVisibility({contentVisibilityAuto: true}))"

OPEN = "document.querySelectorAll('details').forEach(one => { one.open = true; })"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("page") / "<img src=x onerror=alert(1)>"
    folder = Sweep(grid(("input", HOSTILE), (0.0, 0.1, 0.3, 0.5), hump), seeds=3, epochs=12).write(place)
    return make(folder, pdf=False).html


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page as large as that of the default sweep."""
    folder = Sweep(grid(effect=hump), seeds=10, epochs=40).write(tmp_path_factory.mktemp("page") / "default")
    return make(folder, pdf=False).html


@pytest.mark.parametrize("width", [1280, 390])
def test_it_opens_from_the_disk_and_asks_for_nothing(page: Path, tab: Browser, width: int) -> None:
    tab.open(page, width, 900)
    asked = [url for url in tab.asked_for() if not url.startswith("data:")]
    assert asked == [page.resolve().as_uri()]
    assert tab.complaints() == []
    assert tab.value(f"{SHOWN}.length") == 1, "the answer's figure; the others are folded"
    assert tab.value("document.querySelectorAll('script').length") == 1, "the names are text"
    assert tab.value("document.documentElement.scrollWidth") <= width, "nothing makes the page wider than it is"
    tab.value(OPEN)
    assert tab.value(f"{SHOWN}.length") > 8
    assert tab.value("document.documentElement.scrollWidth") <= width, "neither does a section"
    assert tab.complaints() == []


def test_what_may_go_wrong_is_seen(tab: Browser, tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text("<img src='http://127.0.0.1:9/x.png'><script>nosuch()</script>")
    tab.open(tmp_path / "bad.html", 800, 600)
    assert "http://127.0.0.1:9/x.png" in tab.asked_for()
    assert tab.complaints() != []


def test_the_default_page_is_short(default: Path, tab: Browser) -> None:
    assert default.stat().st_size <= 700_000
    tab.open(default, 1400, 900)
    assert tab.value("document.body.innerText.split(/\\s+/).length") < 900
    assert tab.value(f"{SHOWN}.length") <= 6
    top = tab.value("document.getElementById('sections').getBoundingClientRect().top")
    assert 700 < top < 900, "the answer fills the first screen, and no more"
    assert tab.pages() <= 2
    tab.value(OPEN)
    assert tab.pages() <= 14


def test_the_answer_is_in_order(default: Path, tab: Browser) -> None:
    tab.open(default, 390, 844)
    parts = (".state", "h1", ".scope", ".rows", "#answer svg.narrow", ".then dt", ".then pre", "#sections")
    tops = [tab.value(f"document.querySelector('{part}').getBoundingClientRect().top") for part in parts]
    assert tops == sorted(tops)


def test_a_screen_reader_finds_its_way(default: Path, tab: Browser) -> None:
    tab.open(default, 1280, 900)
    levels = tab.value("[...document.querySelectorAll('h1, h2, h3, h4')].map(one => +one.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert tab.value("document.querySelectorAll('main').length") == 1
    assert tab.value("document.getElementById(document.querySelector('a.skip').hash.slice(1)) !== null")
    assert tab.value("[...document.querySelectorAll('table')].every(one => one.caption && one.caption.textContent)")
    assert tab.value("[...document.querySelectorAll('th')].every(one => one.scope && one.textContent.trim())")
    assert tab.value("[...document.querySelectorAll('[tabindex]')].every(one => one.ariaLabel)")
    assert tab.value("[...document.querySelectorAll('svg')].every(s => s.role === 'img' && /[0-9]/.test(s.ariaLabel))")
    tab.value(OPEN)
    ids = tab.value(f"{SHOWN}.map(one => one.closest('figure').id)")
    assert len(ids) == len(set(ids)), "a figure is announced once"


def test_a_link_into_a_section_opens_it(default: Path, tab: Browser) -> None:
    tab.open(default, 1280, 900)
    tab.value("location.hash = '#gap'")
    tab.value("new Promise(done => setTimeout(done, 100))")
    assert tab.value("document.querySelector('#gap').closest('details').open")
    tab.value("document.getElementById('open-all').click()")
    assert tab.value("[...document.querySelectorAll('details')].every(one => one.open)")
    tab.value("document.getElementById('open-all').click()")
    assert not tab.value("[...document.querySelectorAll('details')].some(one => one.open)")


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
    assert tab.value("[...document.querySelectorAll('button, input')].every(one => !one.checkVisibility())"), (
        "nothing is there that does nothing"
    )


def test_paper_is_white_and_the_dark_is_dark(page: Path, tab: Browser) -> None:
    tab.open(page, 1280, 900)
    tab.call("Emulation.setEmulatedMedia", media="print")
    shown = "getComputedStyle(document.querySelector('{what}')).display"
    assert tab.value(shown.format(what=".tools")) == "none"
    assert tab.value(shown.format(what="details")) == "none", "what is folded is not printed"
    tab.value(OPEN)
    assert tab.value(shown.format(what="details")) == "block"
    assert tab.value(shown.format(what="figure")) == "block"
    paper, dark = "getComputedStyle(document.body).backgroundColor", {"name": "prefers-color-scheme", "value": "dark"}
    assert tab.value(paper) == "rgb(255, 255, 255)"
    line = "getComputedStyle(document.querySelector('#answer text')).fill"
    tab.call("Emulation.setEmulatedMedia", media="print", features=[dark])
    assert tab.value(paper) == "rgb(255, 255, 255)", "on paper, even if the screen is dark"
    assert tab.value(line) == "rgb(0, 0, 0)"
    tab.call("Emulation.setEmulatedMedia", media="", features=[dark])
    assert tab.value(paper) == "rgb(20, 23, 27)"
    tab.call("Emulation.setEmulatedMedia", media="", features=[])
