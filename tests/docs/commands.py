"""The commands that the documents give: each line of a shell block, and each command in the text."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.docs.tables import PAGES, ROOT

DOCUMENTS: Sequence[Path] = (
    ROOT / "README.md",
    ROOT / ".github" / "CONTRIBUTING.md",
    *PAGES,
    *sorted(path for path in (ROOT / "experiments").glob("*.md") if path not in PAGES),
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
IN_TEXT = re.compile(
    r"`((?:PYTHONPATH=\S+ |\.venv/bin/)?(?:dropout-lab|python -m|pip|uv|eval|tensorboard|mlflow|optuna-dashboard) [^`]+)`"
)


def commands(text: str) -> Iterator[str]:
    """The commands of a document, one by one where `&&` joins several; a comment behind a command is no part of it."""
    lines = [line for kind, block in BLOCK.findall(text) if kind == "sh" for line in block.splitlines()]
    in_text = [" ".join(found.split()) for found in IN_TEXT.findall(BLOCK.sub("", text))]
    for line in [*lines, *in_text]:
        for command in re.sub(r"\s+# .*", "", line).split(" && "):
            if command.strip() and not command.startswith("#"):
                yield command.strip()


def block(document: Path, first_line: str) -> str:
    """What follows the comment `first_line` in the block that begins with it."""
    (found,) = (
        body.removeprefix(first_line + "\n")
        for _, body in BLOCK.findall(document.read_text())
        if body.startswith(first_line + "\n")
    )
    return found
