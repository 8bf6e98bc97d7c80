"""dropout-lab: where should dropout go in a network, which kind, at what rate, and how sure can one be?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from dropout_lab.core.errors import UserError

if TYPE_CHECKING:
    from os import PathLike

    from dropout_lab.api.result import SweepResult
    from dropout_lab.report.frames.load import Frames

__all__ = ["UserError", "load", "sweep"]
__version__ = "0.1.0"


@overload
def sweep(model: Any = None, data: Any = None, *, dry_run: Literal[False] = False, **settings: Any) -> SweepResult: ...
@overload
def sweep(model: Any = None, data: Any = None, *, dry_run: Literal[True], **settings: Any) -> None: ...


def sweep(model: Any = None, data: Any = None, *, dry_run: bool = False, **settings: Any) -> SweepResult | None:
    """Train several configurations, compare them, and return what `dropout-lab sweep` reports.

    model: a member of the config group (`"cnn"`), or what makes an `nn.Module`: a class, a function, a partial, a
    lambda. It gets what its signature names of `input_shape`, `outputs`, `vocabulary`, `per_position` and `is_stream`.
    data: `(X, y)`, `(X_train, y_train, X_test, y_test)`, or six arrays with a validation part between them; map-style
    `torch.utils.data.Dataset`s, one, (train, test) or (train, validation, test). X has the shape (examples, ...) and
    y (examples,): classes or numbers. Both are read into memory once, as float32. None: `dataset=...` says which.
    dry_run: print what would be trained and how long that takes, train nothing, and return None.
    settings: the overrides of the command line, by the same names. A list is swept: `rate=[0.1, 0.3]`. A string is
    what stands behind the equals sign: `rate="interval(0,0.5)"`. A mapping names keys below: `optimizer={"lr": 0.01}`;
    so does `**{"optimizer.lr": [0.1, 0.01]}`.

    The same call continues a sweep that was interrupted, and trains nothing twice. Raises `dropout_lab.UserError` for
    what the command line refuses, with the same message, and KeyboardInterrupt as it comes.
    """
    from dropout_lab.api.undisturbed import undisturbed

    with undisturbed():
        from dropout_lab.api import sweep as calling  # loads torch; some of what it loads sets global state, too

        return calling.sweep(model, data, settings if not dry_run else {**settings, "dry_run": True})


def load(folder: str | PathLike[str]) -> Frames:
    """The frames of a sweep's folder, finished or not: `.trials`, `.runs`, `.curves`, `.learned` and `.lanes`,
    pandas frames.

    report/frames/frames.md says what every column is and its unit; `dropout_lab.report.frames.documentation.described`
    says it for these frames. Raises `dropout_lab.UserError` for a folder that is no sweep, or is damaged. Needs no
    torch.
    """
    from pathlib import Path

    from dropout_lab.report.frames import load as loading  # pandas is slow to import

    return loading.load(Path(folder))
