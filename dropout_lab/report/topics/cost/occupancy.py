"""The use of the cohorts' lanes."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dropout_lab.report.draw import style
from dropout_lab.report.draw.style import BASELINE, DASHES
from dropout_lab.report.frames.column import Columns, made, real, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import duration, number, percent, plural
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.few import ROWS
from dropout_lab.report.topics.part import Picture, Plan, Shown, Table

COLUMNS: Columns = {
    "session": whole("which of the commands given to the folder, from 0"),
    "worker": whole("which worker of the command, from 0"),
    "cohort": whole("which cohort of the worker in this command, from 0: a structure at a width"),
    "lanes": whole("runs that it could train at once", unit="lanes"),
    "epochs": whole("epochs that it trained; those repeated after an interruption count twice", unit="epochs"),
    "run_epochs": whole("epochs of all its runs: its epochs times the lanes in use", unit="epochs"),
    "occupancy": real(
        "lanes in use over its epochs, as a share of all its lanes: run_epochs / (epochs x lanes)", unit="fraction"
    ),
    "seconds": real("time of its epochs, training and measuring", unit="s"),
    "elapsed": real("time from the beginning of its first epoch to the end of its last, pauses included", unit="s"),
    "seconds_per_run_epoch": real("time of an epoch of one run: seconds / run_epochs", unit="s"),
}


WORKERS = 4
"""Workers that are drawn, the first ones."""


SLICES = 150
"""Slices per worker, roughly at most; neighbouring epochs of a cohort are merged into one."""


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


def slices(frames: Frames) -> pd.DataFrame:
    """A row per slice of time of a cohort: session, worker, cohort, begin, end, lanes, used.

    `begin` and `end`: seconds of training since the first epoch of the sweep, without the time between commands. A
    slice ends where the next of its cohort begins. `used`: lanes that trained, mean over the slice's time, which
    includes the time between its epochs, in which no lane trains.
    """
    lanes = frames.lanes[frames.lanes["worker"] < WORKERS]
    lanes = lanes.assign(end=lanes["started"] + lanes["seconds"], spent=lanes["used"] * lanes["seconds"])
    worker = lanes.groupby(["session", "worker", "cohort"])
    size = max(1, -(-int(lanes.groupby("worker").size().max()) // SLICES)) if len(lanes) else 1
    lanes["slice"] = worker.cumcount() // size
    found = lanes.groupby(["session", "worker", "cohort", "slice"], as_index=False).agg(
        begin=("started", "min"), end=("end", "max"), lanes=("width", "first"), used=("spent", "sum")
    )
    following = found.groupby(["session", "worker", "cohort"])["begin"].shift(-1)
    found["end"] = following.fillna(found["end"])
    found["used"] /= np.maximum(found["end"] - found["begin"], 1e-9)
    sessions = found.groupby("session").agg(begin=("begin", "min"), end=("end", "max"))
    before = (sessions["end"] - sessions["begin"]).cumsum().shift(fill_value=0.0)
    shift = (before - sessions["begin"]).reindex(found["session"]).to_numpy()
    found["begin"] += shift
    found["end"] += shift
    return found.drop(columns="slice")


def draw_occupancy(slices: pd.DataFrame) -> Figure:
    """A panel per worker. Filled: lanes that trained; line: lanes of the cohort; dashes: a new command."""
    workers = list(slices["worker"].unique())
    figure, axes = style.grid(len(workers), 1, height=1.9 if len(workers) == 1 else 1.3, share=True)
    long = bool(slices["end"].max() > 600)
    unit = 60 if long else 1
    sessions = slices.groupby("session")["begin"].min().to_numpy()[1:]
    for worker, ax in zip(workers, axes, strict=True):
        part = slices[slices["worker"] == worker]
        begin, end, used, lanes = (part[name].to_numpy(dtype=float) for name in ("begin", "end", "used", "lanes"))
        begin, end, zero = begin / unit, end / unit, np.zeros(len(part))
        corners = np.stack([begin, zero, begin, used, end, used, end, zero], axis=1).reshape(-1, 4, 2)
        ax.add_collection(
            PolyCollection(list(corners), facecolors=style.OKABE_ITO[5], edgecolors="none", label="in use")
        )
        tops = np.stack([begin, lanes, end, lanes], axis=1).reshape(-1, 2, 2)
        ax.add_collection(
            LineCollection(
                list(tops), colors=BASELINE, linewidths=1.2, capstyle="projecting", label="lanes of the cohort"
            )
        )
        for place in sessions:
            ax.axvline(place / unit, color=BASELINE, linewidth=0.8, linestyle=DASHES)
        ax.set_ylabel("lanes" if len(workers) == 1 else f"lanes,\nworker {worker}")
        ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 5, 10]))
    axes[0].set_xlim(0, slices["end"].max() / unit)
    axes[0].set_ylim(0, 1.08 * slices["lanes"].max())
    for ax in axes[:-1]:
        ax.tick_params(labelbottom=False)
    axes[-1].set_xlabel(f"training time ({'min' if long else 's'})")
    style.legend(figure, axes)
    return figure


def _shown(evidence: Evidence) -> Shown | None:
    table = evidence.tables["occupancy"]
    if table.empty:
        return None
    rows = [
        [
            f"{row['session']}",
            f"{row['worker']}",
            f"{row['cohort']}",
            f"{row['lanes']}",
            f"{row['run_epochs']:,}",
            f"{100 * row['occupancy']:.0f} %",
            duration(row["seconds"]),
            duration(row["elapsed"]),
            f"{number(1000 * row['seconds_per_run_epoch'], 3)} ms",
        ]
        for row in table.sort_values("seconds", ascending=False, kind="stable").head(ROWS).to_dict("records")
    ]
    header = ["command", "worker", "cohort", "lanes", "epochs of runs", "lanes in use", "time in epochs"]
    prose = [
        f"On average {100 * used(table):.0f} % of the lanes trained a run, over all epochs of the cohorts.",
        "Elapsed: from the first epoch to the last, with the time between epochs. An epoch that an interruption "
        "repeated counts twice.",
    ]
    return Shown("Lanes in use", prose, [*header, "elapsed", "time per epoch of a run"], rows)


def _plan(evidence: Evidence) -> Plan | str:
    if evidence.frames.lanes.empty:
        return "Lanes in use are not drawn: the records do not contain them."
    table, cohorts = slices(evidence.frames), evidence.tables["occupancy"]
    seconds, elapsed = float(cohorts["seconds"].sum()), float(table["end"].max())
    sessions, workers = cohorts["session"].nunique(), cohorts["worker"].nunique()
    shown = f" The first {WORKERS} of {workers} workers." if workers > WORKERS else ""
    started = " Dashes: another command continued the training." if sessions > 1 else ""
    return Plan(
        "Lanes in use over time",
        "Runs train as lanes of a cohort, one cohort after another; when a run ends, its lane takes the next one. "
        "Filled: lanes that trained a run, mean over time. Line: lanes of the cohort. White below the line: no run was "
        f"left, or time between epochs.{started}{shown}",
        sentence(
            [
                f"on average {percent(used(cohorts))} of the lanes were in use, in {plural(len(cohorts), 'cohort')} of "
                f"{plural(sessions, 'command')} and {plural(workers, 'worker')}",
                f"the epochs of all workers took {duration(seconds)}; from the first to the last, {duration(elapsed)} "
                "passed",
            ]
        ),
        table,
        partial(draw_occupancy, table),
    )


OCCUPANCY = Table("occupancy", occupancy, COLUMNS, _shown)
SLICE: Columns = {
    "begin": real("of the slice, since the first epoch of the sweep, without the time between commands", unit="s"),
    "end": real("of the slice, likewise", unit="s"),
    "used": real("lanes that trained, mean over the slice's time", unit="lanes"),
}

LANES = Picture("occupancy", _plan, SLICE)
