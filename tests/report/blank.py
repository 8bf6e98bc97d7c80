"""Reports whose figures are blank: everything is computed and written, and nothing is drawn, which takes longest."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from dropout_lab.report.draw.style import Drawing
from dropout_lab.report.topics.part import Plan
from dropout_lab.report.write import gallery

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63f80f0001010100b138f6140000"
    "000049454e44ae426082"
)
"""A PNG of one white pixel."""

PAGE = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


@contextmanager
def blank_figures() -> Iterator[None]:
    """While it lasts, a report made in this process has blank figures."""

    def drawn(plans: Sequence[Plan], jobs: int, pdf: bool) -> Sequence[Drawing]:
        paper = b"%PDF-1.7" if pdf else None
        return [Drawing(PIXEL, PAGE, paper, PAGE if plan.narrow else None) for plan in plans]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gallery, "_drawn", drawn)
        yield
