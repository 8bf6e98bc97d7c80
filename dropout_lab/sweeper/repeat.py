"""A recorded trial trained again, and compared with its record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dropout_lab.cohort.recipe import Compile, Keep, Result, RunList
from dropout_lab.cohort.width import ExecutionPlan, Widths
from dropout_lab.config import trust
from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.lookup import metric_of, possible_curve_names
from dropout_lab.core.metrics.measured import Measured
from dropout_lab.core.metrics.metric import SECONDS
from dropout_lab.core.trial import Run
from dropout_lab.records import store
from dropout_lab.records.fields import EXECUTION, Record
from dropout_lab.records.ledger import Ledger
from dropout_lab.records.store import Records
from dropout_lab.sweeper.progress import name
from dropout_lab.sweeper.same_sweep import changed_versions
from dropout_lab.sweeper.trainer_protocol import Trainer

Curves = Mapping[str, Sequence[float | None]]
"""Metric -> value per epoch."""


@dataclass(frozen=True)
class Recorded:
    """A trial in a folder's records. `runs`: its complete ones, at least one, by seed."""

    records: Records
    ledger: Ledger
    trial: Record
    runs: Sequence[Record]

    @property
    def device(self) -> str:
        """The device of the last command."""
        return str(self.records.sessions[-1]["device"]) if self.records.sessions else "auto"


def recorded(folder: Path, number: int, *, trusted: bool) -> Recorded:
    """Trial `number` of a sweep.

    Raises UserError if the folder is no sweep or has no such trial, none of its runs was finished, or, unless the
    folder is `trusted`, its record names what is not of this package.
    """
    records = store.read(folder)
    ledger = Ledger.of(records)
    trial = _trial(folder, number, records)
    if not trusted:
        trust.check({section: trial[section] for section in ("config", "structure")}, f"{folder}, trial {number}")
    runs = [run for (key, _), run in sorted(ledger.runs.items()) if key == trial["key"] and run["status"] == "complete"]
    if not runs:
        raise UserError(f"{folder}: trial {number} has no complete run")
    return Recorded(records, ledger, trial, runs)


def repeat(folder: Path, number: int, trainer: Trainer, say: Callable[[str], None], *, trusted: bool = False) -> bool:
    """Train trial `number` of a sweep again from its record, `say` both results, and return whether they agree.

    Nothing is written. Raises UserError as `recorded` does.
    """
    found = recorded(folder, number, trusted=trusted)
    for sentence in found.records.torn:
        say(sentence)
    say(f"trial {number}: {name(found.trial['label'])}, {len(found.runs)} runs")
    _, same = train_again(found, found.runs, trainer, say)
    return same


def train_again(
    found: Recorded, runs: Sequence[Record], trainer: Trainer, say: Callable[[str], None], keep: Keep | None = None
) -> tuple[Mapping[str, Result], bool]:
    """Train complete runs of a trial again: the results by run, and whether they agree with the records.

    Each run gets its recorded width, threads, seed and device, and is compiled if it was; runs with a recorded curve
    are compared epoch by epoch.
    """
    device = trainer.device(found.device)
    curves = _curves(found.records, {run["id"] for run in runs})
    results: dict[str, Result] = {}
    same = True
    for how in sorted({_execution(run) for run in runs}):
        wanted = [run for run in runs if _execution(run) == how]
        results |= _train(trainer, found, wanted, device, keep)
        for run in wanted:
            same &= _compare(say, run, results[run["id"]], curves[run["id"]])
    say("the result is the same" if same else "the result is NOT the same")
    if not same:
        changed = _changed_versions(found.records, runs[-1]["session"])
        say(f"versions that differ: {', '.join(changed) or 'none'}")
    return results, same


def _trial(folder: Path, number: int, records: Records) -> Record:
    trial = next((record for record in records.trials if record["trial"] == number), None)
    if trial is None:
        numbers = sorted(record["trial"] for record in records.trials)
        raise UserError(f"{folder} has no trial {number}; it has {_ranges(numbers)}")
    return trial


def _execution(run: Record) -> tuple[int, bool, int]:
    width, compiled, threads = (run[how] for how in EXECUTION)
    return width, compiled, threads


def _train(
    trainer: Trainer, found: Recorded, runs: Sequence[Record], device: str, keep: Keep | None
) -> Mapping[str, Result]:
    """The results, by run, of runs that were trained in one way."""
    width, compiled, threads = _execution(runs[0])
    number = found.trial["trial"]
    recipes = [trainer.recipe(Run(found.ledger.trial(run["key"]), number, run["seed"], run["attempt"])) for run in runs]
    again = RunList([replace(recipe, keep=keep) for recipe in recipes])
    compile: Compile = "always" if compiled else "never"
    how = ExecutionPlan(Widths.fixed(width), compile, device, threads)
    trainer.train(found.trial["structure"], how, again)
    return again.results


def _changed_versions(records: Records, session: int) -> list[str]:
    then: Mapping[str, str] = next((s["versions"] for s in records.sessions if s["session"] == session), {})
    return changed_versions(then)


def _compare(say: Callable[[str], None], run: Record, result: Result, curves: Curves) -> bool:
    if result.status == "failed":
        say(f"  seed {run['seed']}: failed now: {result.reason}")
        return False
    loss = result.metrics["val_loss"]
    epochs = len(result.curves["val_loss"]), len(curves["val_loss"])
    if not epochs[1]:
        same = bool(loss == run["val_loss"])
        verdict = "its curve is not in the records, so only this number is compared"
    else:
        difference = _largest_difference(result.curves, curves)
        difference = max(difference, _largest_of_measured(run, result))
        same = difference == 0 and epochs[0] == epochs[1]
        verdict = "the same in every epoch" if same else f"largest difference of any metric {difference:.3g}"
    say(f"  seed {run['seed']}: validation loss {run['val_loss']:.7g} then, {loss:.7g} now; {verdict}")
    return same


def _largest_difference(one: Curves, other: Curves) -> float:
    """Between two runs' metrics at an epoch; 1 where only one of them has the metric."""
    differences = (
        abs(a - b) if a is not None and b is not None else float(a is not b)
        for metric in other
        for a, b in zip(one[metric], other[metric], strict=False)
    )
    return max(differences, default=0.0)


def _largest_of_measured(run: Record, result: Result) -> float:
    """The largest difference of what `measure=` found, times aside."""
    names = [name for name in run if isinstance(metric := metric_of(name), Measured) and metric.unit is not SECONDS]
    now, then = ({name: [one.get(name)] for name in names} for one in (result.metrics, run))
    return _largest_difference(now, then)


def _curves(records: Records, ids: set[str]) -> Mapping[str, Curves]:
    """The recorded curves of some runs, without metrics that are newer than they are.

    For an epoch that was trained twice, the later record counts.
    """
    found: dict[str, dict[int, dict[str, float | None]]] = {run_id: {} for run_id in ids}
    for record in records.curves:
        for index, run_id in enumerate(record["id"]):
            if run_id in ids:
                known = [metric for metric in possible_curve_names() if metric in record]
                found[run_id][record["epoch"][index]] = {metric: record[metric][index] for metric in known}
    return {
        run_id: {
            metric: [epochs[epoch][metric] for epoch in sorted(epochs)]
            for metric in possible_curve_names()
            if all(metric in at for at in epochs.values())
        }
        for run_id, epochs in found.items()
    }


def _ranges(numbers: Sequence[int]) -> str:
    """0, 1, 2, 5 -> "0 to 2, 5"."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in spans) or "none"
