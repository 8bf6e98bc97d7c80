"""Which of several named arrays are the inputs and which the targets, of which part, by the usual names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import given

ROLES = {
    "inputs": ("x", "xs", "data", "input", "inputs", "feature", "features", "image", "images", "img", "imgs"),
    "targets": ("y", "ys", "label", "labels", "target", "targets", "class", "classes", "t"),
}
PARTS = {
    "": ("",),
    "_train": ("train", "training", "tr"),
    "_val": ("val", "valid", "validation", "va", "dev"),
    "_test": ("test", "testing", "te"),
}
POSITIONAL = ("arr_0", "arr_1")
"""What `numpy.savez(file, X, y)` calls them."""
Names = tuple[str, str]
"""Of the inputs and of the targets."""
FEW = 20


def named_pairs(
    arrays: Mapping[str, Any], where: str, inputs: str | None, targets: str | None
) -> tuple[list[str], list[Names], list[str]]:
    """The parts, in the order of PARTS, their names in `arrays`, and what was made of them.

    `inputs`, `targets`: what the user calls them, in the place of the usual names; `emb` is also `emb_train`. Raises
    UserError where the names do not say it.
    """
    words = {role: (one,) if one else ROLES[role] for role, one in (("inputs", inputs), ("targets", targets))}
    found = {role: _by_part(arrays, words[role]) for role in words}
    if tuple(arrays) == POSITIONAL and not (inputs or targets):
        found = {"inputs": {"": ["arr_0"]}, "targets": {"": ["arr_1"]}}
    for role in found:
        for names in found[role].values():
            if len(names) > 1:
                raise UserError(
                    f"{where}: {' and '.join(names)} may both be the {role}; choose with {given(role, names[0])}"
                )
    pairs = {part: (found["inputs"][part][0], found["targets"][part][0]) for part in PARTS if _has(found, part)}
    if not pairs or (("" in pairs) == ("_train" in pairs)):
        raise UserError(_not_said(arrays, where, found, inputs, targets))
    halves = [part for part in PARTS if (part in found["inputs"]) != (part in found["targets"]) and part]
    if halves:
        half = halves[0]
        role = "inputs" if half in found["inputs"] else "targets"
        raise UserError(f"{where}: {found[role][half][0]} has no {_other(role)} beside it; has {_listed(arrays)}")
    used = [name for pair in pairs.values() for name in pair]
    said = "; ".join(f"{x} are inputs, {y} their targets" for x, y in pairs.values())
    notes = (
        [f"{where}: {said}; change that with dataset.inputs= and dataset.targets="] if not (inputs and targets) else []
    )
    if left := [name for name in arrays if name not in used]:
        notes.append(f"{where}: left out: {', '.join(left[:FEW])}")
    return list(pairs), list(pairs.values()), notes


def _by_part(arrays: Mapping[str, Any], words: Sequence[str]) -> dict[str, list[str]]:
    spelt = {_plain(one): part for part in PARTS for word in words for one in _spellings(word, part)}
    found: dict[str, list[str]] = {}
    for name in arrays:
        if (part := spelt.get(_plain(name))) is not None:
            found.setdefault(part, []).append(name)
    exact = [name for name in arrays if name in words and len(words) == 1]
    return {**found, "": exact} if exact else found


def _spellings(word: str, part: str) -> Iterator[str]:
    for one in PARTS[part]:
        yield word + one
        yield one + word


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())


def _has(found: Mapping[str, Mapping[str, Sequence[str]]], part: str) -> bool:
    return part in found["inputs"] and part in found["targets"]


def _other(role: str) -> str:
    return "targets" if role == "inputs" else "inputs"


def _not_said(
    arrays: Mapping[str, Any],
    where: str,
    found: Mapping[str, Mapping[str, Sequence[str]]],
    inputs: str | None,
    targets: str | None,
) -> str:
    for role, name in (("inputs", inputs), ("targets", targets)):
        if name and not found[role]:
            return f"dataset.{role}={name}: {where} has no such array; it has {_listed(arrays)}"
    missing = [role for role in ROLES if not found[role]]
    what = f"which of them are the {' and the '.join(missing)}" if missing else "which of them belong together"
    return (
        f"{where}: has {_listed(arrays)}, and the names do not say {what}; give dataset.inputs=NAME"
        " dataset.targets=NAME (the usual names are X and y, or X_train, y_train, X_test and y_test)"
    )


def _listed(arrays: Mapping[str, Any]) -> str:
    said = [f"{name} {_shape(value)}" for name, value in list(arrays.items())[:FEW]]
    return ", ".join(said) + (f" and {len(arrays) - FEW} more" if len(arrays) > FEW else "")


def _shape(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return f"({', '.join(map(str, shape))})" if shape is not None else f"({type(value).__name__})"
