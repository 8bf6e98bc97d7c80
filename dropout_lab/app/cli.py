"""`dropout-lab`, the command line: each command is imported when it is asked for."""

import sys
from collections.abc import Sequence
from typing import NoReturn

USAGE = """\
dropout-lab: where should dropout go in a network, which kind, at what rate, and how sure can one be?

  dropout-lab sweep [override ...]     train several configurations and compare them; alone: the default sweep
  dropout-lab train [override ...]     train one configuration, all its seeds
  dropout-lab train --from FOLDER N    train trial N of a sweep again, from its record
  dropout-lab sites [override ...]     list where dropout can act in a network, and what its author wrote there
  dropout-lab data [override ...]      print what was understood of a data set: dataset=table dataset.path=my.csv
  dropout-lab report FOLDER [--watch]  make the report of a sweep again, from its records, or while it runs
  dropout-lab report FOLDER FOLDER ... [--out FOLDER]   several sweeps side by side
  dropout-lab export FOLDER --trial N --to net.safetensors   the weights of a trained network

dropout-lab sweep --help lists the config groups, what each offers, and every key with its default."""


def main() -> NoReturn:
    """The console script. Exit codes: 0 done, 1 a failure of ours or failed runs, 2 the user's mistake, 130 Ctrl-C."""
    command, argv = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("--help", [])
    try:
        done = _run(command, argv)
    except KeyboardInterrupt as stop:
        from dropout_lab.core.interrupts import Interrupted

        if not isinstance(stop, Interrupted):  # before anything was begun, or in a command that does not go on
            _say_interrupted([command, *argv])
        _leave(130)
    except Exception as error:
        from dropout_lab.app.explain import explain

        _leave(*explain(error))
    sys.exit(0 if done else 1)


def _run(command: str, argv: Sequence[str]) -> bool:
    """Run a command with the arguments behind it; False if a repeated training does not agree with its record."""
    if command in ("--help", "-h", "help"):
        print(USAGE)
    elif command == "--version":
        from dropout_lab import __version__

        print(f"dropout-lab {__version__}")
    elif command in ("-sc", "--shell-completion"):
        from dropout_lab.app.completion import complete

        complete([command, *argv])
    elif command == "report":
        from dropout_lab.app.report import report

        report(argv)
    elif command == "export":
        from dropout_lab.app.export import export_from

        return export_from(argv)
    elif command == "train" and "--from" in argv:
        from dropout_lab.app.train_from import train_from

        return train_from(argv)
    elif command in ("train", "sweep", "sites", "data"):
        from dropout_lab.app.slips import check_words

        check_words(argv)
        from dropout_lab.app import application

        application.run(command, argv)
    else:
        _leave(
            2,
            f"dropout-lab {command}: there is no such command; train, sweep, sites, data, report and export are\n\n"
            + USAGE,
        )
    return True


def _say_interrupted(words: Sequence[str]) -> None:
    import shlex

    goes_on = words[0] in ("train", "sweep") and "--from" not in words
    how = "What is done is kept. To continue" if goes_on else "To begin again"
    print(f"\nInterrupted. {how}:\n  {shlex.join(['dropout-lab', *words])}", flush=True)


def _leave(code: int, message: str = "") -> NoReturn:
    if message:
        print(message.rstrip(), file=sys.stderr)
    sys.exit(code)
