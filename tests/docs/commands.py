"""The commands that the documents give: each line of a shell block, and each command in the text."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.docs.tables import PAGES, ROOT

DOCUMENTS: Sequence[Path] = (
    ROOT / "README.md",
    ROOT / ".github" / "CONTRIBUTING.md",
    *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
    ROOT / ".pre-commit-config.yaml",
    *PAGES,
    *sorted(path for path in (ROOT / "experiments").glob("*.md") if path not in PAGES),
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
IN_TEXT = re.compile(
    r"`((?:PYTHONPATH=\S+ |\.venv/bin/)?"
    r"(?:dropout-lab|python -m|pip|pre-commit|uv|eval|tensorboard|mlflow|optuna-dashboard|wandb) [^`]+)`"
)
STEP = re.compile(r"^ +(?:- run|entry): (.+)$", re.MULTILINE)


def commands(document: Path) -> Iterator[str]:
    """The commands of a document or a workflow, one by one where `&&` joins several, without comments behind them."""
    text = document.read_text()
    lines = [line for kind, body in BLOCK.findall(text) if kind == "sh" for line in body.splitlines()]
    in_text = [" ".join(found.split()) for found in IN_TEXT.findall(BLOCK.sub("", text))]
    steps = STEP.findall(text) if document.suffix in (".yml", ".yaml") else []
    for line in [*lines, *in_text, *steps]:
        for command in re.sub(r"\s+# .*", "", line).split(" && "):
            if command.strip():
                yield command.strip()


def block(document: Path, first_line: str) -> str:
    """What follows the comment `first_line` in the block that begins with it."""
    bodies: list[str] = [body for _, body in BLOCK.findall(document.read_text())]
    (found,) = (body for body in bodies if body.startswith(first_line + "\n"))
    return found.removeprefix(first_line + "\n")
