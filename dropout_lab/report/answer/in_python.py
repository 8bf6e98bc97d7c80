"""A command as the Python call that does the same, for sweeps whose network or data no command line can name."""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

PLAIN = {"true": "True", "false": "False", "null": "None"}
NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")


def in_python(command: str, asked: Mapping[str, Any]) -> str:
    """The command; as a call of Python where the sweep, whose last session is `asked`, has objects of Python's.

    `dropout-lab sweep ...` is the call with all its settings, `dropout-lab train --from FOLDER N` a repetition by its
    result. The model is called by its name, or `model`, and the data `data`.
    """
    words = shlex.split(command)
    if not asked.get("handed") or words[1:2] not in (["sweep"], ["train"]):
        return command
    if words[1] == "sweep":
        return _call(words[2:])
    return f"{_call(shlex.split(str(asked['command']))[2:])}.repeat({words[-1]})"


def _call(words: Sequence[str]) -> str:
    arguments: dict[str, str] = {}
    for key, _, value in (word.partition("=") for word in words):
        if key == "model._target_" and value.startswith("python:"):
            name = value.removeprefix("python:").partition("@")[0]
            arguments["model"] = "model" if name == "lambda" else name
        elif key == "dataset.handed":
            arguments["data"] = "data"
        elif (key, value) != ("dataset", "arrays"):
            arguments[key] = _literal(value)
    plain = [f"{key}={value}" for key, value in arguments.items() if key.isidentifier()]
    dotted = ", ".join(f'"{key}": {value}' for key, value in arguments.items() if not key.isidentifier())
    return f"dropout_lab.sweep({', '.join([*plain, *([f'**{{{dotted}}}'] if dotted else [])])})"


def _literal(value: str) -> str:
    if value in PLAIN:
        return PLAIN[value]
    return value if NUMBER.fullmatch(value) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
