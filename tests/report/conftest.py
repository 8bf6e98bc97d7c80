"""Figures are blank unless a test asks for them by the marker `draws`. The figures have tests of their own."""

from collections.abc import Iterator

import pytest

from tests.report.blank import blank_figures


@pytest.fixture(autouse=True)
def _blank(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("draws"):
        yield
    else:
        with blank_figures():
            yield
