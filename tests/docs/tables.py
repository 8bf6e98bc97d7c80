"""The generated tables of docs/ and experiments/README.md; `python -m tests.docs.tables` writes those out of date.

A table stands between `<!-- members: GROUP -->`, `<!-- keys: FILE -->`, `<!-- groups: all -->`, `<!-- metrics: all -->`
or `<!-- experiments: all -->` and `<!-- end -->`. Its rows come from conf/, the docstrings of what conf/ names,
config/keys.py, core/metrics/on_request.py, and experiments/.
"""

import ast
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from omegaconf import MISSING

from dropout_lab.config.keys import KEYS, Group, Members
from dropout_lab.core.metrics.on_request import ON_REQUEST
from dropout_lab.report.frames.documentation import as_markdown

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "conf"
FRAMES = ROOT / "dropout_lab" / "report" / "frames" / "frames.md"
PAGES = (*sorted((ROOT / "docs").glob("*.md")), ROOT / "experiments" / "README.md")
MARKED = re.compile(r"(<!-- (?P<kind>\w+): (?P<of>\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
KEY = re.compile(r"(?P<indent> *)(?P<name>\w+):(?: +(?P<default>[^ #].*?))?(?: *# (?P<help>.*))?$")
UNLISTED = ("_target_", "defaults", "hydra")


class Key(NamedTuple):
    """A config key, with its dots, its default and its help; the last two as they are written in the file."""

    name: str
    default: str
    help: str


def keys(path: Path) -> Iterator[Key]:
    """The keys that a file of conf/ sets, in its order."""
    section = ""
    for line in path.read_text().splitlines():
        found = KEY.match(line)
        if found is None:
            continue
        if not found["indent"]:
            section = found["name"]
        if section in UNLISTED or found["name"] in UNLISTED or found["default"] is None:
            continue
        name = f"{section}.{found['name']}" if found["indent"] else found["name"]
        yield Key(name, found["default"], found["help"] or "")


def declared() -> Iterator[Key]:
    """The keys of every config but the groups; those whose default is in a member's file have it nowhere else."""
    for key in KEYS.values():
        if key.type not in (Group, Members):
            default = "???" if key.default == MISSING else json.dumps(key.default, ensure_ascii=False)
            yield Key(key.name, default.strip('"'), key.help)


def groups() -> Iterator[Key]:
    """The config groups with their default members, from the defaults list of conf/config.yaml."""
    listed = re.compile(r"  - (?P<name>\w+): (?P<default>\w+|\[\])(?: # (?P<help>.*))?$")
    for found in filter(None, map(listed.match, (CONF / "config.yaml").read_text().splitlines())):
        helps = [KEYS[found["name"]].help] if found["name"] in KEYS else []
        helps += [found["help"]] if found["help"] else []
        yield Key(found["name"], found["default"], "; ".join(helps))


def header(path: Path) -> str:
    """The comment with which a file of conf/ begins."""
    lines = (line for line in path.read_text().splitlines() if not line.startswith("# @package"))
    return " ".join(line.removeprefix("# ") for line in takewhile(lambda line: line.startswith("# "), lines))


def docstring(path: Path) -> str:
    """The first paragraph of the docstring of the module that a member's file names."""
    target = re.search(r"^_target_: (.+)\.\w+$", path.read_text(), re.MULTILINE)
    assert target is not None, path
    module = ROOT / (target[1].replace(".", "/") + ".py")
    paragraph = (ast.get_docstring(ast.parse(module.read_text())) or "").split("\n\n")[0]
    return paragraph.replace("\n", " ")


def rows_of_members(group: str) -> Iterator[Sequence[str]]:
    yield f"`{group}=`", "what it is", "its keys"
    for path in sorted((CONF / group).glob("*.yaml")):
        said = [docstring(path)] if group == "dropout" else []  # their equations begin with what they do
        own = [_spelt(key) for key in keys(path)] if group != "dataset" else []  # so many that they have own tables
        yield f"`{path.stem}`", "<br>".join([*said, header(path)]), "<br>".join(own)


def rows_of_keys(file: str) -> Iterator[Sequence[str]]:
    yield "key", "default", "what it means"
    group = "" if file == "config" else file.partition("/")[0] + "."
    for key in declared() if file == "config" else keys(CONF / f"{file}.yaml"):
        yield f"`{group}{key.name}`", f"`{key.default}`", key.help


def rows_of_groups(_: str) -> Iterator[Sequence[str]]:
    yield "group", "default", "what it decides"
    for key in groups():
        yield f"`{key.name}`", f"`{key.default}`", key.help


def rows_of_metrics(_: str) -> Iterator[Sequence[str]]:
    yield "`metric=`", "what it is", "unit", "range", "better", "tasks"
    for name, one in ON_REQUEST.items():
        low, high = ("" if math.isinf(end) else f"{end:g}" for end in (one.low, one.high))
        ends = f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}"
        better = "higher" if one.direction == "maximize" else "lower"
        tasks = ", ".join(sorted(task.replace("_", " ") for task in one.tasks))
        yield f"`{name}`", one.meaning, one.unit.described, ends, better, tasks


def rows_of_experiments(_: str) -> Iterator[Sequence[str]]:
    yield "`experiment=`", "question", "finding"
    for path in sorted((ROOT / "experiments").glob("*.yaml")):
        question = re.search(r"^# Question: (.+)$", path.read_text(), re.MULTILINE)
        finding = path.with_suffix(".md")
        assert question is not None, path
        yield (
            f"[`{path.stem}`]({path.name})",
            _sentence(question[1]),
            f"{_sentence(answer(finding))} [More]({finding.name})",
        )


def answer(finding: Path) -> str:
    """The line `In short: ...` of a finding, which may go on over several lines."""
    found = re.search(r"^In short: (.+?)(?:\n\n|\Z)", finding.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None, f"{finding.name} has no paragraph that begins with 'In short:'"
    return found[1].replace("\n", " ")


ROWS: Mapping[str, Callable[[str], Iterator[Sequence[str]]]] = {
    "members": rows_of_members,
    "keys": rows_of_keys,
    "groups": rows_of_groups,
    "metrics": rows_of_metrics,
    "experiments": rows_of_experiments,
}


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows, the first of them the head, in GitHub's Markdown. A column without values is left out."""
    cells = [[_escaped(cell) for cell in row] for row in rows]
    filled = [column for column in zip(*cells, strict=True) if any(column[1:])]
    head, *body = zip(*filled, strict=True)
    lines = (" | ".join(row) for row in (head, ["---"] * len(head), *body))
    return "".join(f"| {line} |\n" for line in lines)


def updated(page: str) -> str:
    """The text of a page with its tables made anew."""
    return MARKED.sub(lambda found: found[1] + table(list(ROWS[found["kind"]](found["of"]))) + found[4], page)


def _escaped(cell: str) -> str:
    """A cell whose text outside of code has no signs of Markdown and HTML; `<br>` is a break."""
    parts = re.split(r"(`[^`]*`|<br>)", cell.replace("|", "\\|"))
    return "".join(
        part if index % 2 else part.replace("*", "\\*").replace("<", "&lt;") for index, part in enumerate(parts)
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _spelt(key: Key) -> str:
    return f"`{key.name}={key.default}`" + (f" {key.help}" if key.help else "")


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(updated(page.read_text()))
    FRAMES.write_text(as_markdown())
