"""`dropout-lab train --from FOLDER N`: a recorded trial trained again, and compared with its record."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from dropout_lab.app.working_folder import make_importable
from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.core.errors import UserError
from dropout_lab.sweeper.repeat import repeat

TRUST = ("trust=true", "trust=false")


def train_from(argv: Sequence[str]) -> bool:
    """Train a trial again and print both results; whether they are equal. Raises UserError for other arguments."""
    place = argv.index("--from")
    rest = [word for word in (*argv[:place], *argv[place + 1 :]) if word not in TRUST]
    if len(rest) != 2 or not rest[1].isdecimal():
        raise UserError(
            "dropout-lab train --from takes a folder and a trial's number: --from outputs/default 17. Behind them it "
            "takes trust=true alone, for what its record names is what is trained"
        )
    make_importable()
    console = Console(soft_wrap=True, highlight=False, markup=False)
    trainer = CohortTrainer(Builder())
    return repeat(Path(rest[0]), int(rest[1]), trainer, console.print, trusted="trust=true" in argv)
