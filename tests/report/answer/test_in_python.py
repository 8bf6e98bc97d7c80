"""Commands as calls of Python, which Python reads back."""

import ast
import shlex

import pytest

from dropout_lab.report.answer.in_python import in_python

WORDS = [
    *("model._target_=python:make_net@1234abcd", "dataset=arrays", "dataset.handed=python:arrays@ab"),
    *("placement=own,everywhere", "rate=0.1,0.3", "seeds=5", "baseline=false", "trainer.epochs=3", 'name=a "b"'),
]
SWEEP = shlex.join(["dropout-lab", "sweep", *WORDS])
ASKED = {"command": SWEEP, "handed": ["model", "dataset"]}
CALL = (
    'dropout_lab.sweep(model=make_net, data=data, placement="own,everywhere", rate="0.1,0.3", seeds=5, baseline=False,'
    ' name="a \\"b\\"", **{"trainer.epochs": 3})'
)


@pytest.mark.parametrize(
    ("command", "asked", "said"),
    [
        (SWEEP, ASKED, CALL),
        ("dropout-lab train --from outputs/x 17", ASKED, f"{CALL}.repeat(17)"),
        ("dropout-lab report outputs/x", ASKED, "dropout-lab report outputs/x"),
        (SWEEP, {**ASKED, "handed": []}, SWEEP),
        ("dropout-lab sweep rate=0.1", {"command": "dropout-lab sweep"}, "dropout-lab sweep rate=0.1"),
    ],
)
def test_a_command_is_a_call_where_no_command_line_can_name_its_objects(
    command: str, asked: dict[str, object], said: str
) -> None:
    assert in_python(command, asked) == said


def test_the_call_is_python() -> None:
    ast.parse(in_python("dropout-lab train --from outputs/x 17", ASKED))
    assert in_python("dropout-lab sweep model._target_=python:lambda@1", ASKED) == "dropout_lab.sweep(model=model)"
