"""The use of the cohorts' lanes, and their training time."""

import pandas as pd

from dropout_lab.report.load import Frames
from dropout_lab.report.tables.columns import Columns, made, real, whole

COLUMNS: Columns = {
    "session": whole("which of the commands given to the folder, from 0"),
    "worker": whole("which worker of the command, from 0"),
    "cohort": whole("which cohort of the worker in this command, from 0: a structure at a width"),
    "lanes": whole("runs that it could train at once"),
    "epochs": whole("epochs that it trained; those repeated after an interruption count twice"),
    "run_epochs": whole("epochs of all its runs: its epochs times the lanes in use"),
    "occupancy": real("lanes in use over its epochs, as a share of all its lanes: run_epochs / (epochs x lanes)"),
    "seconds": real("time of its epochs, training and measuring"),
    "elapsed": real("time from the beginning of its first epoch to the end of its last, pauses included"),
    "seconds_per_run_epoch": real("time of an epoch of one run: seconds / run_epochs"),
}


def occupancy(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per cohort, in the order of command, worker and time; no rows if lanes were not recorded. See `COLUMNS`."""
    if frames.lanes.empty:
        return made(COLUMNS)
    epochs = frames.lanes.assign(ended=frames.lanes["started"] + frames.lanes["seconds"])
    found = epochs.groupby(["session", "worker", "cohort"]).agg(
        lanes=("width", "first"),
        epochs=("used", "size"),
        run_epochs=("used", "sum"),
        seconds=("seconds", "sum"),
        began=("started", "min"),
        ended=("ended", "max"),
    )
    found["occupancy"] = found["run_epochs"] / (found["epochs"] * found["lanes"])
    found["elapsed"] = found.pop("ended") - found.pop("began")
    found["seconds_per_run_epoch"] = found["seconds"] / found["run_epochs"]
    return made(COLUMNS, found.reset_index())


def used(cohorts: pd.DataFrame) -> float:
    """Lanes in use as a share of the lanes of all `cohorts`, rows of `occupancy`."""
    return float(cohorts["run_epochs"].sum() / (cohorts["epochs"] * cohorts["lanes"]).sum())
