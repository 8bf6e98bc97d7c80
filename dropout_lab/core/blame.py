"""Decides whether an error raised while probing a user's network is the user's or ours, and locates it."""

import traceback
from pathlib import Path

import torch
from torch import nn

PACKAGE = Path(__file__).parents[1]
FOREIGN = Path(torch.__file__).parent, PACKAGE
"""Folders of torch's code and of this package's."""
CALLERS = PACKAGE / "cohort", PACKAGE / "adoption"
"""Folders of what calls a user's network."""
STANDARD = Path(traceback.__file__).parent
"""The folder of Python's standard library, in which site-packages is, too."""


def described(error: BaseException) -> str:
    """The message for an error in the user's code, with file and line."""
    if isinstance(error, SystemExit):
        text = f"it ends the process (sys.exit({error.code!r})); raise an error instead"
    else:
        text = f"{type(error).__name__}: {error}".strip().rstrip(".")
    frames = _frames(error)
    return f"{text} ({frames[-1].filename}, line {frames[-1].lineno})" if frames else text


REASONS = (
    ("data-dependent control flow", "a branch on a value"),
    (".item()", ".item() on a value"),
    ("setup_context", "an autograd function of the author's without setup_context"),
    ("randomness", "random numbers of its own"),
    ("atching rule", "an operation that vmap cannot lift"),
    ("data pointer", "an operation that vmap cannot lift"),
    ("vmap", "an operation that vmap cannot lift"),
)
"""What torch says where vmap cannot lift a function -> what it means."""


def blamed(error: BaseException) -> str:
    """Why vmap cannot lift the user's code, in few words, with file and line."""
    text = str(error)
    reason = next((said for word, said in REASONS if word in text), "")
    frames = _frames(error)
    if not reason:
        return described(error)
    return f"{reason} ({frames[-1].filename}, line {frames[-1].lineno})" if frames else reason


def is_ours(error: BaseException) -> bool:
    """Whether this package raised the error: neither the user's code is on the stack, nor a module of torch that the
    network itself is made of, as the parts of an nn.Sequential are."""
    if _frames(error):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    # Of the calls that a mode watches, the frames say nothing.
    files = [Path(frame.filename) for frame in frames if frame.name != "__torch_function__"]
    last = max(index for index, file in enumerate(files) if file.is_relative_to(FOREIGN[1]))
    in_module = Path(nn.modules.module.__file__) in files[last:]
    return not (in_module and any(files[last].is_relative_to(folder) for folder in CALLERS))


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    """The frames of the user's code."""
    return [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_foreign(Path(frame.filename))]


def _is_foreign(file: Path) -> bool:
    is_standard = file.is_relative_to(STANDARD) and "site-packages" not in file.parts
    return is_standard or any(file.is_relative_to(folder) for folder in FOREIGN)
