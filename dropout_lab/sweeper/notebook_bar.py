"""A progress bar in the output of a notebook's cell, by IPython alone: rich's needs the package ipywidgets."""

import time
from html import escape
from typing import Any

SECONDS = 0.25
"""The least time between two updates."""


class NotebookBar:
    """One line that is replaced as the sweep proceeds, of `total` runs."""

    def __init__(self, total: int) -> None:
        from IPython.display import display  # a notebook has it

        self._last = time.monotonic()
        self._shown: Any = display(  # type: ignore[no-untyped-call]
            _drawn(0, total, "starting"), raw=True, display_id=True
        )

    def show(self, done: int, total: int, prose: str, *, last: bool = False) -> None:
        """Replace the line, unless it is too new and not the last."""
        if not last and time.monotonic() - self._last < SECONDS:
            return
        self._last = time.monotonic()
        self._shown.update(_drawn(done, total, prose), raw=True)


def _drawn(done: int, total: int, prose: str) -> dict[str, str]:
    text = f"{done} of {total} runs · {prose}"
    bar = f'<progress value="{done}" max="{max(total, 1)}" style="width: 12em"></progress>'
    return {"text/plain": text, "text/html": f"<div>{bar} {escape(text)}</div>"}
