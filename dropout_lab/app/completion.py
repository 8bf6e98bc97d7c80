"""Tab completion: the command's own name, then Hydra's completion, which knows no commands."""

import os
from collections.abc import Sequence

from dropout_lab.app.application import run
from dropout_lab.core.errors import UserError

COMMANDS = ("data", "export", "report", "sites", "sweep", "train")


def complete(argv: Sequence[str]) -> None:
    """Answer a shell's query, or install the completion. Raises UserError for arguments that do neither."""
    line = os.environ.get("COMP_LINE", "")
    if any("query=" in word for word in argv):
        program, _, rest = line.partition(" ")
        command, space, overrides = rest.lstrip().partition(" ")
        if not space:
            print(" ".join(name for name in COMMANDS if name.startswith(command)))
            return
        if command not in ("train", "sweep", "sites", "data") or "--from" in overrides.split():
            return  # Hydra completes overrides, and would print its usage at an option of ours
        os.environ["COMP_LINE"] = f"{program} {overrides}"
        os.environ["COMP_POINT"] = str(len(os.environ["COMP_LINE"]))
    elif not any(word.partition("=")[0] in ("install", "uninstall") for word in argv):
        raise UserError("dropout-lab -sc takes install=bash or uninstall=bash, or another of Hydra's shells")
    run("sweep", argv)
