"""Figures are blank unless a test asks for them by the marker `draws`. The figures have tests of their own."""

from collections.abc import Iterator

import pytest

from tests.report.blank import blank_figures
from tests.report.browser import Browser, browser, chromium


@pytest.fixture(autouse=True)
def _blank(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("draws"):
        yield
    else:
        with blank_figures():
            yield


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """An empty tab of a headless Chromium; skips where there is none."""
    program = chromium()
    if program is None:
        pytest.skip("there is no Chromium on this machine: the page was not opened in a browser")
    with browser(program, tmp_path_factory.mktemp("profile")) as one:
        yield one
