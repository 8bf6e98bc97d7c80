"""`dropout-lab report`: one sweep's report, made once or while the sweep runs; or several sweeps side by side."""

import contextlib
import functools
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from dropout_lab.app.terminal import show
from dropout_lab.core.errors import UserError
from dropout_lab.report.apart import compare_apart, make_apart
from dropout_lab.report.result import Report
from dropout_lab.report.watch import runs, watch

USAGE = """\
dropout-lab report outputs/default                     the report of a sweep
dropout-lab report outputs/default --watch             the same while the sweep runs, whenever the records have grown
dropout-lab report outputs/default report.baseline=12  all compared with trial 12 instead of no dropout
dropout-lab report outputs/default report.table=gaps   one of its tables, as CSV
dropout-lab report outputs/a outputs/b [--out FOLDER]  several sweeps side by side"""


class Parser(ArgumentParser):
    """The arguments behind `report`; a mistake is a UserError."""

    def __init__(self) -> None:
        super().__init__(prog="dropout-lab report", usage=USAGE, add_help=False, allow_abbrev=False)
        self.add_argument("folders", nargs="*", type=Path)
        self.add_argument("--watch", action="store_true")
        self.add_argument("--out", type=Path)
        self.add_argument("--help", "-h", action="store_true")

    def error(self, message: str) -> NoReturn:
        raise UserError(f"dropout-lab report: {message}\n{USAGE}")


def report(argv: Sequence[str]) -> None:
    """Make and show the report that `argv` asks for. Raises UserError for arguments without a meaning."""
    parser, settings = Parser(), _settings(argv)
    asked = parser.parse_intermixed_args([word for word in argv if not _is_setting(word)])
    if asked.help:
        print(USAGE)
        return
    console = Console(soft_wrap=True, highlight=False, markup=False)
    if not asked.folders:
        parser.error("it takes one sweep folder, or several to compare")
    if len(asked.folders) > 1:
        if asked.watch:
            parser.error("--watch takes one sweep folder")
        if settings:
            parser.error(f"report.{next(iter(settings))}= takes one sweep folder")
        show(console, compare_apart(asked.folders, asked.out))
        return
    if asked.out is not None:
        parser.error("--out is for several sweep folders; the report of one is in that folder")
    if "table" in settings and asked.watch:
        parser.error("report.table= is not watched")
    (folder,) = asked.folders
    baseline = int(settings["baseline"]) if "baseline" in settings else None
    make = functools.partial(make_apart, baseline=baseline)
    if "table" in settings:
        _print_table(folder, settings["table"], baseline)
    elif asked.watch:
        _watch(console, folder, make)
    else:
        show(console, make(folder, running=runs(folder)))


def _print_table(folder: Path, name: str, baseline: int | None) -> None:
    from dropout_lab.report.write.table import as_csv  # pandas; a report loads it in a process of its own

    sys.stdout.write(as_csv(folder, name, baseline))


def _watch(console: Console, folder: Path, make: Callable[..., Report]) -> None:
    def at(place: Path, refresh: float | None) -> Report:
        return make(place, refresh, running=refresh is not None)

    with contextlib.closing(watch(folder, at)) as reports:
        for number, made in enumerate(reports):
            if number == 0:
                console.print(f"{made.html} follows the sweep until it ends; Ctrl-C ends it sooner")
            console.print(f"{time.strftime('%H:%M:%S')}  {made.prose[0] if made.prose else ''}")
    show(console, made)


def _is_setting(word: str) -> bool:
    return word.startswith("report.") and "=" in word


def _settings(argv: Sequence[str]) -> dict[str, str]:
    """The values of `report.<key>=value`, by key. Raises UserError for an unknown key and an impossible value."""
    settings = {}
    for word in filter(_is_setting, argv):
        key, _, value = word.removeprefix("report.").partition("=")
        if key not in ("baseline", "table"):
            raise UserError(f"{word}: there is no such key; allowed: report.baseline=TRIAL, report.table=NAME")
        if key == "baseline" and not value.isdecimal():
            raise UserError(f"{word}: takes the number of a trial, a column of trials.csv")
        settings[key] = value
    return settings
