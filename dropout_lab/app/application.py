"""The Hydra application behind `train` and `sweep`."""

import gc
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import hydra

from dropout_lab.app import typed
from dropout_lab.app.working_folder import make_importable
from dropout_lab.cohort.compilation import ahead
from dropout_lab.config import hydra_schema
from dropout_lab.config.overrides import for_hydra
from dropout_lab.core import interrupts
from dropout_lab.report import apart


def run(command: str, argv: Sequence[str]) -> None:
    """Run `train`, `sweep`, `sites` or `data` with the arguments behind it.

    Raises any error of Hydra's, whose own handling is switched off: `app.explain` has a better one.
    """
    typed.argv.set(argv)
    asked = for_hydra(command, argv)
    if asked.trains and command != "data":
        _load(may_compile=not {"trainer.compile=never", "dry_run=true"} & set(argv))
    if asked.left_out:
        print(f"# swept, so left out here: {' '.join(asked.left_out)}", file=sys.stderr)
    make_importable()
    os.environ["HYDRA_FULL_ERROR"] = "1"
    hydra_schema.register()
    sys.argv = list(asked.argv)
    try:
        hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")(_unused)()
    finally:
        ahead.dismiss()


def conf_folder() -> Path:
    """The config's folder: beside the package in a checkout, inside it where it is installed from a wheel."""
    here = Path(__file__).resolve().parents[1]
    inside = here / "conf"
    return inside if inside.is_dir() else here.parent / "conf"


def _unused(config: object) -> NoReturn:
    """The task function that Hydra wants: jobs are the sweeper's workers, so none runs it."""
    raise AssertionError("dropout-lab trains through its sweeper")


def _load(*, may_compile: bool) -> None:
    """Load what a training needs; at the same time other processes load the compiler and what its report will need."""
    if may_compile:
        ahead.start()
    apart.preload()
    with interrupts.held_back():  # while a module loads, an interruption surfaces as any error
        gc.disable()  # none of the million objects that are made now is garbage
        importlib.import_module("dropout_lab.app.command")
        gc.freeze()
        gc.enable()
