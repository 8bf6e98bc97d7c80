"""`dropout-lab export`: the network of a recorded run, as a file that its author's class loads."""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from dropout_lab.app.working_folder import make_importable
from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.core.errors import UserError
from dropout_lab.sweeper.export import Wanted, export

USAGE = """\
dropout-lab export outputs/default --trial 17 --to net.safetensors    the network of trial 17, of its first seed
dropout-lab export ... --seed 3                                       of another seed
dropout-lab export ... --all-data                                     trained anew on train + validation
dropout-lab export ... trust=true                                     if the record names classes of yours"""

TRUST = "trust=true"


class Parser(ArgumentParser):
    """The arguments behind `export`; a mistake is a UserError."""

    def __init__(self) -> None:
        super().__init__(prog="dropout-lab export", usage=USAGE, add_help=False, allow_abbrev=False)
        self.add_argument("folder", nargs="?", type=Path)
        self.add_argument("--trial", type=int)
        self.add_argument("--to", type=Path)
        self.add_argument("--seed", type=int)
        self.add_argument("--all-data", action="store_true")
        self.add_argument("--help", "-h", action="store_true")

    def error(self, message: str) -> NoReturn:
        raise UserError(f"dropout-lab export: {message}\n{USAGE}")


def export_from(argv: Sequence[str]) -> bool:
    """Write the network that `argv` asks for; False if it was trained again and differs from its record.

    Raises UserError for arguments without a meaning.
    """
    parser = Parser()
    asked = parser.parse_intermixed_args([word for word in argv if word != TRUST])
    if asked.help:
        print(USAGE)
        return True
    if asked.folder is None or asked.trial is None or asked.to is None:
        parser.error("it takes a sweep's folder, --trial and --to")
    make_importable()
    console = Console(soft_wrap=True, highlight=False, markup=False)
    wanted = Wanted(
        folder=asked.folder,
        number=asked.trial,
        to=asked.to,
        seed=asked.seed,
        all_data=asked.all_data,
        trusted=TRUST in argv,
    )
    return export(wanted, CohortTrainer(Builder()), console.print)
