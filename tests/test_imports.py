"""What the package imports is what it declares; see pyproject.toml."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
OURS = {"dropout_lab", "hydra_plugins"}
FILES = sorted((ROOT / "dropout_lab").rglob("*.py"))


@cache
def declared() -> dict[str, frozenset[str]]:
    """Distributions that an installation without extras has, and those that one with all extras but `dev` has."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for name, lines in project["optional-dependencies"].items() if name != "dev" for line in lines]
    plain = frozenset(distribution(line) for line in project["dependencies"])
    return {"plain": plain, "with extras": plain | {distribution(line) for line in extras}}


@cache
def distributions() -> dict[str, set[str]]:
    return {name: {distribution(one) for one in found} for name, found in packages_distributions().items()}


def distribution(requirement: str) -> str:
    """The name of a distribution as registries compare it, without its version."""
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names - OURS


def missing(source: str) -> set[str]:
    """Packages that are imported and not declared: when the module is imported by every installation, else by one with
    the extras."""
    tree = ast.parse(source)
    always, ever = imported(iter(tree.body)), imported(ast.walk(tree))

    def undeclared(names: set[str], which: str) -> set[str]:
        return {name for name in names if not distributions().get(name, {distribution(name)}) & declared()[which]}

    return undeclared(always, "plain") | undeclared(ever, "with extras")


def test_every_import_is_declared() -> None:
    assert {str(file.relative_to(ROOT)): found for file in FILES if (found := missing(file.read_text()))} == {}


@pytest.mark.parametrize("source", ["import requests", "import datasets", "def f():\n    from bs4 import x"])
def test_an_undeclared_import_is_found(source: str) -> None:
    assert missing(source)


def test_the_types_are_marked_as_such() -> None:
    assert files("dropout_lab").joinpath("py.typed").is_file()
