"""A builder makes every object once, keeps it to itself, and is sent to other processes empty."""

import ast
import pickle
from pathlib import Path

import pytest

from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer

ROOT = Path(__file__).parents[2] / "dropout_lab"
FILES = sorted(path for room in ("app", "build", "sweep") for path in (ROOT / room).rglob("*.py"))
SHORT = [path for path in FILES if "sweep" not in path.relative_to(ROOT).parts]
DIGITS = {"_target_": "dropout_lab.datasets.digits.digits", "limit": 20}
ADAM = {"_target_": "dropout_lab.cohort.optim.Adam", "lr": 0.01}


def test_equal_sections_are_one_object_of_their_builder() -> None:
    builder = Builder()
    assert builder.dataset(DIGITS) is builder.dataset(dict(reversed(DIGITS.items())))
    assert builder.dataset(DIGITS) is not builder.dataset({**DIGITS, "limit": 21})
    assert builder.dataset(DIGITS) is not Builder().dataset(DIGITS)
    assert builder.made("optimizer", ADAM) is builder.made("optimizer", dict(ADAM))


def test_another_process_gets_a_builder_of_its_own() -> None:
    builder = Builder()
    builder.dataset(DIGITS)
    assert builder._datasets.cache_info().currsize == 1
    sent = pickle.loads(pickle.dumps(CohortTrainer(builder)))
    assert sent._builder._datasets.cache_info().currsize == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_and_its_module_keeps_nothing(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert len(path.read_text().splitlines()) < 300
    caches = ("cache", "lru_cache")
    kept = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and _decorators(node) & {*caches}]
    assert kept == []


@pytest.mark.parametrize("path", SHORT, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_function_has_at_most_40_lines(path: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    lines = {function.name: (function.end_lineno or 0) - function.lineno + 1 for function in functions}
    assert {name: count for name, count in lines.items() if count > 40} == {}


def _decorators(function: ast.FunctionDef) -> set[str]:
    return {node.id for one in function.decorator_list for node in ast.walk(one) if isinstance(node, ast.Name)}
