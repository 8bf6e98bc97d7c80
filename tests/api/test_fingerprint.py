"""Equal code has one fingerprint, in another process too; edited code, and what it reaches, has another."""

import functools
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from dropout_lab.api.fingerprint import fingerprint, importable
from tests.api.nets import Net, make_net

SCRIPT = """
import torch
from torch import nn
from dropout_lab.api.fingerprint import fingerprint

WIDTH = 8

class Net(nn.Module):
    '''A network.'''
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(6, WIDTH)

    def forward(self, x):
        return self.head(x).relu()

def make():
    return Net()

print(fingerprint(make), fingerprint(Net), fingerprint(lambda: Net()))
"""
EDITS = {
    "a constant": ("WIDTH = 8", "WIDTH = 9"),
    "a method": (".relu()", ".tanh()"),
    "an argument": ("nn.Linear(6", "nn.Linear(5"),
}


def of(script: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "script.py"
    path.write_text(script)
    return subprocess.run([sys.executable, path], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.slow
def test_only_an_edit_changes_it(tmp_path: Path) -> None:
    first = of(SCRIPT, tmp_path)
    assert of(SCRIPT.replace("'''A network.'''", "# A network, better said\n"), tmp_path) == first
    for old, new in EDITS.values():
        assert set(of(SCRIPT.replace(old, new), tmp_path)).isdisjoint(first), new


def test_what_is_held_counts() -> None:
    def made(width: int, weights: Any = None) -> Any:
        return lambda outputs, rate=0.1: (Net(outputs, width), weights, rate)

    assert fingerprint(made(4)) == fingerprint(made(4))
    assert fingerprint(made(4)) != fingerprint(made(5))
    assert fingerprint(made(4, torch.zeros(2))) != fingerprint(made(4, torch.ones(2)))
    assert fingerprint(made(4, {"a": [1, {2}]})) != fingerprint(made(4, {"a": [1, {3}]}))
    assert fingerprint(functools.partial(made(4), 2)) != fingerprint(functools.partial(made(4), 3))


def test_what_refers_to_itself_has_one() -> None:
    def countdown(number: int) -> Any:
        return number and countdown(number - 1)

    assert len(fingerprint(countdown)) == 8


def test_only_what_another_process_can_import_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert importable(Net) == "tests.api.nets.Net"
    assert importable(make_net) == "tests.api.nets.make_net"
    assert importable(lambda: None) is None
    monkeypatch.setattr("tests.api.nets.make_net", None)
    assert importable(make_net) is None
    monkeypatch.setattr(make_net, "__module__", "__main__")
    assert importable(make_net) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SimpleNamespace(h=3), SimpleNamespace(h=300)),
        (Path("a"), Path("b")),
        (torch.float32, torch.float64),
        (torch.nn.Linear(2, 2), torch.nn.Linear(2, 3)),
    ],
)
def test_what_an_object_in_a_closure_holds_counts(one: Any, other: Any) -> None:
    made = [fingerprint(lambda value=value: Net(value)) for value in (one, other, one)]
    assert made[0] == made[2] != made[1]
