"""Training a recorded trial again, and saying whether it comes out the same."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from dropout_lab.build import train
from dropout_lab.cohort.recipe import Result, RunList
from dropout_lab.cohort.width import Widths
from dropout_lab.config import trust
from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.lookup import curve_names
from dropout_lab.core.trial import Run
from dropout_lab.records import store
from dropout_lab.records.fields import EXECUTION, Record
from dropout_lab.records.ledger import Ledger
from dropout_lab.sweep.progress import name
from dropout_lab.sweep.session import versions


def repeat(folder: Path, number: int, *, trusted: bool = False) -> bool:
    """Trains trial `number` of a sweep again from its record, prints both results, and returns whether they agree.

    Each run gets its recorded width, threads, seed and device, and is compiled if it was; runs with a recorded curve
    are compared epoch by epoch. Nothing is written. Raises UserError if the folder is no sweep or has no such trial,
    none of its runs was finished, or, unless the folder is `trusted`, its record names what is not of this package.
    """
    console = Console(soft_wrap=True, highlight=False, markup=False)
    records = store.read(folder)
    ledger = Ledger.of(records)
    trial = next((record for record in records.trials if record["trial"] == number), None)
    if trial is None:
        numbers = sorted(record["trial"] for record in records.trials)
        raise UserError(f"{folder} has no trial {number}; it has {_ranges(numbers)}")
    if not trusted:
        trust.check({section: trial[section] for section in ("config", "structure")}, f"{folder}, trial {number}")
    runs = [run for (key, _), run in sorted(ledger.runs.items()) if key == trial["key"] and run["status"] == "complete"]
    if not runs:
        raise UserError(f"{folder}: trial {number} has no complete run to compare with")
    for sentence in records.torn:
        console.print(sentence)
    console.print(f"trial {number}: {name(trial['label'])}, {len(runs)} runs")
    recorded = _curves(records, {run["id"] for run in runs})
    same = True
    for width, compiled, threads in sorted({tuple(run[how] for how in EXECUTION) for run in runs}):
        wanted = [run for run in runs if tuple(run[how] for how in EXECUTION) == (width, compiled, threads)]
        recipes = [
            train.recipe(Run(ledger.trial(run["key"]), number, run["seed"], run["attempt"]), trial["structure"])
            for run in wanted
        ]
        again = RunList(recipes)
        device = train.device(records.sessions[-1]["device"] if records.sessions else "auto")
        train.train(trial["structure"], Widths.fixed(width), "always" if compiled else "never", again, device, threads)
        for run in wanted:
            same &= _compare(console, run, again.results[run["id"]], recorded[run["id"]])
    console.print("the result is the same" if same else "the result is NOT the same")
    if not same:
        now, then = versions(), _versions(records, runs[-1]["session"])
        changed = [
            f"{package} {then.get(package)} -> {now[package]}" for package in now if now[package] != then.get(package)
        ]
        console.print(f"versions that differ: {', '.join(changed) or 'none'}")
    return same


def _versions(records: store.Records, session: int) -> Mapping[str, str]:
    found: Mapping[str, str] = next((s["versions"] for s in records.sessions if s["session"] == session), {})
    return found


def _compare(console: Console, run: Record, result: Result, curves: Mapping[str, Sequence[float | None]]) -> bool:
    if result.status == "failed":
        console.print(f"  seed {run['seed']}: failed now: {result.reason}")
        return False
    loss = result.metrics["val_loss"]
    apart = max(
        (
            abs(a - b) if a is not None and b is not None else float(a is not b)
            for metric in curves
            for a, b in zip(result.curves[metric], curves[metric], strict=False)
        ),
        default=0.0,
    )
    epochs = len(result.curves["val_loss"]), len(curves["val_loss"])
    if not epochs[1]:
        same, verdict = (
            bool(loss == run["val_loss"]),
            "its curve is not in the records, so only this number is compared",
        )
    else:
        same = apart == 0 and epochs[0] == epochs[1]
        verdict = "the same in every epoch" if same else f"largest difference of any metric {apart:.3g}"
    console.print(f"  seed {run['seed']}: validation loss {run['val_loss']:.7g} then, {loss:.7g} now; {verdict}")
    return same


def _curves(records: store.Records, ids: set[str]) -> Mapping[str, Mapping[str, list[float | None]]]:
    """The recorded curves of some runs, without metrics that are newer; an epoch trained twice has its later record."""
    found: dict[str, dict[int, dict[str, float | None]]] = {run_id: {} for run_id in ids}
    for record in records.curves:
        for index, run_id in enumerate(record["id"]):
            if run_id in ids:
                known = [metric for metric in curve_names() if metric in record]
                found[run_id][record["epoch"][index]] = {metric: record[metric][index] for metric in known}
    return {
        run_id: {
            metric: [epochs[epoch][metric] for epoch in sorted(epochs)]
            for metric in curve_names()
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
