"""`dropout-lab train | sweep | report`: hands the words of the command line to Hydra or to the report."""

import contextlib
import errno
import functools
import gc
import importlib
import os
import re
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

USAGE = """\
dropout-lab: where should dropout go in a network, which kind, at what rate, and how sure can one be?

  dropout-lab sweep [override ...]     train several configurations and compare them; alone: the default sweep
  dropout-lab train [override ...]     train one configuration, all its seeds
  dropout-lab train --from FOLDER N    train trial N of a sweep again, from its record
  dropout-lab report FOLDER [--watch]  make the report of a sweep again, from its records, or while it runs
  dropout-lab report FOLDER FOLDER ... [--out FOLDER]   several sweeps side by side

dropout-lab sweep --help lists the config groups, what each offers, and every key with its default."""

REPORT = """\
dropout-lab report outputs/default                     the report of a sweep
dropout-lab report outputs/default --watch             the same while the sweep runs, whenever the records have grown
dropout-lab report outputs/default report.baseline=12  all compared with trial 12 instead of no dropout
dropout-lab report outputs/default report.table=gaps   one of its tables, as CSV
dropout-lab report outputs/a outputs/b [--out FOLDER]  several sweeps side by side"""

TRUST = ("trust=true", "trust=false")

COMMANDS = ("report", "sweep", "train")

SHOW_ALL = {"--help", "-h", "--hydra-help", "--version", "--shell-completion", "-sc"}
"""Hydra's flags that show what there is, not what would be done."""

RUNNING = {"--run", "-r", "--multirun", "-m"}
"""Hydra's flags that say what `train` and `sweep` say already; beside those that show something, it refuses them."""

OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""Errors that the user can mend, whatever was written when they came."""

OF_A_FILE = frozenset(
    {errno.EACCES, errno.EPERM, errno.EIO, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG}
)
"""Errors that the user can mend where they name a file; without one, they are failures of ours."""

OTHER_MODES = SHOW_ALL | {"--cfg", "-c", "--info", "-i"}
"""Hydra's flags that show something instead of training."""


def main() -> NoReturn:
    """The console script. Exit codes: 0 done, 1 a failure of ours or failed runs, 2 the user's mistake, 130 Ctrl-C."""
    command, rest = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("--help", [])
    try:
        if command in ("--help", "-h", "help"):
            print(USAGE)
        elif command == "--version":
            from dropout_lab import __version__

            print(f"dropout-lab {__version__}")
        elif command in ("-sc", "--shell-completion"):
            _complete(sys.argv[1:])
        elif command == "report":
            _report(rest)
        elif command == "train" and "--from" in rest:
            _train_from(rest)
        elif command in ("train", "sweep"):
            from dropout_lab.app.slips import check_words

            check_words(rest)
            _hydra(command, rest)
        else:
            _leave(2, f"dropout-lab {command}: there is no such command; train, sweep and report are\n\n{USAGE}")
    except KeyboardInterrupt:
        _leave(130)
    except Exception as error:
        _leave(*_explain(error))
    sys.exit(0)


def conf_folder() -> Path:
    """Where the config is: beside the package in a checkout, inside it where it is installed from a wheel."""
    here = Path(__file__).resolve().parents[1]
    inside = here / "conf"
    return inside if inside.is_dir() else here.parent / "conf"


def _hydra(command: str, words: Sequence[str]) -> None:
    """Runs the Hydra application. Its own handling of errors is switched off: `_explain` has a better one."""
    import hydra

    from dropout_lab.app import invocation
    from dropout_lab.config import schema

    invocation.words.set(words)
    words = [_added(word) for word in words if word != "experiment=null"]  # what it is anyway, and Hydra refuses it
    overrides = [word for word in words if word[0] == "~" or ("=" in word and word[0] != "-")]
    options = [word for word in words if word not in overrides and word not in RUNNING]
    overrides = _of_members(overrides)
    shows_all = any(option.partition("=")[0] in SHOW_ALL for option in options)
    if command == "sweep" and not shows_all and all(_is_control(word) for word in overrides):
        overrides.append("experiment=default")
    if not any(word.split("=")[0] in OTHER_MODES for word in options):
        options = ["--multirun", *options]
        overrides.append(f"hydra.sweeper.command={command}")
        _load()
    elif swept := [word for word in overrides if _is_swept(word)]:
        print(f"# swept, so left out here: {' '.join(swept)}", file=sys.stderr)
        overrides = [word for word in overrides if word not in swept]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    schema.register()
    sys.argv = ["dropout-lab", *overrides, *options]  # overrides together, and --info takes none of them as its value
    hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")(_unused)()


def _unused(config: object) -> NoReturn:
    """The task function that Hydra wants: jobs are the sweeper's workers, so none runs it."""
    raise AssertionError("dropout-lab trains through its sweeper")


def _added(word: str) -> str:
    """Sites are keys that the config cannot list, so those of `rates` and `dropouts` are added, not changed."""
    from dropout_lab.config.roles import by_site

    return f"++{word}" if re.match(rf"({'|'.join(by_site())})[.=]", word) else word


def _is_control(override: str) -> bool:
    """Whether an override says how, where or how much is trained, not what."""
    from dropout_lab.config.roles import role

    key = override.partition("=")[0].lstrip("+~")
    return role(key) in ("control", "machine") or re.match(r"hydra[./]", key) is not None


def _of_members(overrides: Sequence[str]) -> list[str]:
    """Overrides of a key in a group that is swept as a sweep of one value: Hydra would demand it of every member."""
    keys = {word: word.partition("=")[0] for word in overrides}
    grouped = {key.partition(".")[0] for key in keys.values() if "." in key}
    swept = {key for word, key in keys.items() if key in grouped and _is_swept(word)}
    return [
        f"{key}=choice({word.partition('=')[2]})"
        if "." in key and key.partition(".")[0] in swept and not _is_swept(word)
        else word
        for word, key in keys.items()
    ]


def _is_swept(override: str) -> bool:
    """Whether an override names several values."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import OverrideParseException

    try:
        return OverridesParser.create().parse_overrides([override])[0].is_sweep_override()
    except OverrideParseException:
        return False  # Hydra says what is wrong with it


def _complete(words: Sequence[str]) -> None:
    """Tab completion: of the command itself, and behind train and sweep Hydra's, which knows no commands."""
    from dropout_lab.core.errors import UserError

    line = os.environ.get("COMP_LINE", "")
    if any("query=" in word for word in words):
        program, _, rest = line.partition(" ")
        command, space, overrides = rest.lstrip().partition(" ")
        if not space:
            print(" ".join(name for name in COMMANDS if name.startswith(command)))
            return
        if command not in ("train", "sweep") or "--from" in overrides.split():
            return  # Hydra completes overrides, and would print its usage at an option of ours
        os.environ["COMP_LINE"] = f"{program} {overrides}"
        os.environ["COMP_POINT"] = str(len(os.environ["COMP_LINE"]))
    elif not any(word.partition("=")[0] in ("install", "uninstall") for word in words):
        raise UserError("dropout-lab -sc takes install=bash or uninstall=bash, or another of Hydra's shells")
    _hydra("sweep", words)


def _load() -> None:
    """Loads what a training needs, and beside it, in another process, what its report will need."""
    from dropout_lab.core import interrupts
    from dropout_lab.report import apart

    apart.preload()
    with interrupts.held_back():  # in the middle of a module's loading it surfaces as any error
        gc.disable()  # of the million objects that are made now, none is garbage
        importlib.import_module("dropout_lab.app.command")
        gc.freeze()
        gc.enable()


def _report(words: Sequence[str]) -> None:
    """One sweep's report, made once or while the sweep runs; or several sweeps side by side."""
    from argparse import ArgumentParser

    from rich.console import Console

    from dropout_lab.app.terminal import show
    from dropout_lab.core.errors import UserError
    from dropout_lab.report.apart import compare_apart, make_apart
    from dropout_lab.report.watch import watch

    class Parser(ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise UserError(f"dropout-lab report: {message}\n{REPORT}")

    parser = Parser(prog="dropout-lab report", usage=REPORT, add_help=False, allow_abbrev=False)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--watch", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--help", "-h", action="store_true")
    settings = _settings(words)
    asked = parser.parse_intermixed_args([word for word in words if not _is_setting(word)])
    if asked.help:
        print(REPORT)
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
    baseline = int(settings["baseline"]) if "baseline" in settings else None
    if "table" in settings:
        if asked.watch:
            parser.error("report.table= is not watched")
        from dropout_lab.report.tables.one import as_csv

        sys.stdout.write(as_csv(asked.folders[0], settings["table"], baseline))
        return
    make = functools.partial(make_apart, baseline=baseline)
    if not asked.watch:
        show(console, make(asked.folders[0]))
        return
    with contextlib.closing(watch(asked.folders[0], make)) as reports:
        for number, report in enumerate(reports):
            if number == 0:
                console.print(f"{report.html} follows the sweep until it ends; Ctrl-C ends it sooner")
            console.print(f"{time.strftime('%H:%M:%S')}  {report.words[0] if report.words else ''}")
    show(console, report)


def _is_setting(word: str) -> bool:
    return word.startswith("report.") and "=" in word


def _settings(words: Sequence[str]) -> dict[str, str]:
    """What `report.<key>=value` among the words set; raises UserError for another key, or a value that is none."""
    from dropout_lab.core.errors import UserError

    settings = {}
    for word in filter(_is_setting, words):
        key, _, value = word.removeprefix("report.").partition("=")
        if key not in ("baseline", "table"):
            raise UserError(f"{word}: there is no such key; allowed: report.baseline=TRIAL, report.table=NAME")
        if key == "baseline" and not value.isdecimal():
            raise UserError(f"{word}: takes the number of a trial, a column of trials.csv")
        settings[key] = value
    return settings


def _train_from(words: Sequence[str]) -> None:
    from dropout_lab.app.repeat import repeat
    from dropout_lab.core.errors import UserError

    place = words.index("--from")
    rest = [word for word in (*words[:place], *words[place + 1 :]) if word not in TRUST]
    if len(rest) != 2 or not rest[1].isdecimal():
        raise UserError(
            "dropout-lab train --from takes a folder and a trial's number: --from outputs/default 17. Behind them it "
            "takes trust=true alone, for what its record names is what is trained"
        )
    sys.exit(0 if repeat(Path(rest[0]), int(rest[1]), trusted="trust=true" in words) else 1)


def _explain(error: Exception) -> tuple[int, str]:
    """Exit code and message of an error: the user's mistake in a sentence, a failure of ours with its traceback."""
    from hydra.errors import HydraException, MissingConfigException, OverrideParseException
    from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

    from dropout_lab.app import invocation
    from dropout_lab.app.slips import missing_member, unreadable, wrong_word
    from dropout_lab.config.refusals import unknown_key
    from dropout_lab.core.errors import UserError

    if isinstance(error, UserError):
        return 2, f"dropout-lab: {error}"
    cause = error.__cause__ if isinstance(error, HydraException) else error
    if isinstance(error, OverrideParseException):
        return 2, f"dropout-lab: {unreadable(error.override)}"
    if isinstance(cause, ConfigAttributeError | ConfigKeyError) and cause.full_key:
        return 2, f"dropout-lab: {unknown_key(cause.full_key, cause.parent_node)}"
    if isinstance(error, MissingConfigException) and error.options:
        group, _, member = str(error.missing_cfg_file).rpartition("/")
        return 2, f"dropout-lab: {missing_member(group, member, error.options)}"
    if isinstance(cause, OmegaConfBaseException) and (said := wrong_word(invocation.words.get(()), cause.full_key)):
        return 2, f"dropout-lab: {said}"
    if isinstance(error, HydraException | OmegaConfBaseException):
        about = [str(error)] if isinstance(cause, HydraException | None) else [str(error), str(cause)]
        lines = [line for text in about for line in text.splitlines() if not _is_internal(line)]
        return 2, "dropout-lab: " + "\n".join(dict.fromkeys(lines))
    if type(error).__module__.startswith("yaml."):
        return 2, f"dropout-lab: a file of the config is no YAML: {error}"
    if "Config group override must be" in str(error):
        return 2, "dropout-lab: a config group cannot be null: give it one of its members, which --help lists"
    if isinstance(error, OSError) and error.errno in (
        OF_THE_DISK if error.filename is None else OF_THE_DISK | OF_A_FILE
    ):
        where = "" if error.filename is None else f"{error.filename}: "
        return 2, f"dropout-lab: {where}{error.strerror}. What was written before is kept; the same command goes on"
    if type(error).__name__ == "RunsFailed":
        return 1, f"dropout-lab: {error}"
    return 1, "".join(traceback.format_exception(error))


def _is_internal(line: str) -> bool:
    """Whether a line of an OmegaConf message speaks of its types, not of the user's value."""
    return line.strip().startswith(("full_key:", "object_type=", "reference_type="))


def _leave(code: int, message: str = "") -> NoReturn:
    if message:
        print(message.rstrip(), file=sys.stderr)
    sys.exit(code)
