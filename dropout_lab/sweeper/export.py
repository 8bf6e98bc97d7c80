"""A recorded run's network as a file: from the weights that were kept, or trained again from the record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from torch import Tensor

from dropout_lab.cohort.recipe import Recipe, RunList
from dropout_lab.cohort.width import ExecutionPlan, Widths
from dropout_lab.core.errors import UserError
from dropout_lab.core.tensor_files import SAFE, packed, unpacked
from dropout_lab.core.trial import Config, Run
from dropout_lab.records import weights
from dropout_lab.records.fields import Record
from dropout_lab.sweeper.progress import name
from dropout_lab.sweeper.repeat import Recorded, recorded, train_again
from dropout_lab.sweeper.trainer_protocol import Trainer

Say = Callable[[str], None]


class Exported(Protocol):
    """What the author's class says with a trained network's tensors; see `dropout_lab.build.exported.Exported`."""

    @property
    def test_loss(self) -> float | None: ...
    @property
    def notes(self) -> Mapping[str, str]: ...


class Exporter(Trainer, Protocol):
    """A trainer that also has the networks' classes."""

    def exported(self, spec: Config, seed: int, tensors: Mapping[str, Tensor]) -> Exported: ...


CLOSE = {"float32": 1e-3, "bfloat16": 3e-2}
"""By precision of the training: a relative difference between two test losses of one network that its rounding may
make, as the author's class computes in float32."""


@dataclass(frozen=True)
class Wanted:
    """What is exported. `seed`: None for the first complete one. `all_data`: train on the validation part as well."""

    folder: Path
    number: int
    to: Path
    seed: int | None = None
    all_data: bool = False
    trusted: bool = False


def export(wanted: Wanted, trainer: Exporter, say: Say) -> bool:
    """Write a run's network to a safetensors file; False if it was trained again and differs from the record.

    Raises UserError, before training, for a folder, trial or seed that does not exist, a file that does, and a record
    that names what is not of this package unless it is trusted.
    """
    _check_file(wanted.to)
    found = recorded(wanted.folder, wanted.number, trusted=wanted.trusted)
    run = _run(wanted, found)
    for sentence in found.records.torn:
        say(sentence)
    is_given = wanted.seed is not None or len(found.runs) == 1
    seeds = "" if is_given else f", the first of {len(found.runs)}; --seed takes another"
    say(f"trial {wanted.number}: {name(found.trial['label'])}, seed {run['seed']}{seeds}")
    _check_data(wanted.folder, found, run, trainer)
    if wanted.all_data:
        tensors, same, spec = _of_all_data(found, run, trainer, say), True, _with_all_data(found.trial["structure"])
    else:
        (tensors, same), spec = _as_recorded(wanted.folder, found, run, trainer, say), found.trial["structure"]
    made = trainer.exported(spec, run["seed"], tensors)
    notes = {"run": run["id"], "trial": str(wanted.number), "seed": str(run["seed"]), "epoch": str(run["best_epoch"])}
    measured = _measured(made.test_loss, run, found.trial, all_data=wanted.all_data)
    trained_on = "train and validation" if wanted.all_data else "train"
    if (first := spec["pretraining"]) is not None:
        trained_on += f"; before that, {_pretrained(first)}"
        say(f"it was {_pretrained(first)}; it answers the other classes alone, in the order of the file's metadata")
    weights.put(wanted.to, packed(tensors, {**notes, "trained_on": trained_on, "measured": measured, **made.notes}))
    say(measured)
    target = str(found.trial["config"]["model"]["_target_"])
    say(f"{wanted.to}: {len(tensors)} tensors by the names of {target}. Its state_dict loads them strictly:")
    say(f"  net.load_state_dict(safetensors.torch.load_file({str(wanted.to)!r}), strict=True)")
    say(f"The file's metadata says how its inputs were read: {', '.join(made.notes) or 'as they are'}")
    return same


def _pretrained(first: Config) -> str:
    classes = ", ".join(map(str, first["pretrain_classes"]))
    return f"pretrained for {first['pretrain_epochs']} epochs on the training part of the classes {classes}"


def _check_file(to: Path) -> None:
    if to.suffix != SAFE:
        raise UserError(f"--to {to}: must be the name of a file that ends in {SAFE}")
    if to.exists():
        raise UserError(f"--to {to}: there is such a file already; it is not overwritten")
    if not to.parent.is_dir():
        raise UserError(f"--to {to}: there is no folder {to.parent}")


def _run(wanted: Wanted, found: Recorded) -> Record:
    by_seed: Mapping[int, Record] = {run["seed"]: run for run in found.runs}
    if wanted.seed is None:
        return by_seed[min(by_seed)]
    if wanted.seed not in by_seed:
        known = ", ".join(map(str, sorted(by_seed)))
        raise UserError(f"--seed {wanted.seed}: trial {wanted.number} has complete runs of the seeds {known}")
    return by_seed[wanted.seed]


def _check_data(folder: Path, found: Recorded, run: Record, trainer: Exporter) -> None:
    """Raises UserError if the files of the data have changed: the network would be measured, and described, by others.

    Data that do not come from files have no hash.
    """
    then = next((one.get("data") for one in found.records.sessions if one["session"] == run["session"]), None)
    if then is not None and trainer.data(found.trial["config"]) != then:
        raise UserError(f"{folder}: the data have changed since its runs learned from them; restore the file")


def _as_recorded(
    folder: Path, found: Recorded, run: Record, trainer: Exporter, say: Say
) -> tuple[Mapping[str, Tensor], bool]:
    """The network of the record's best epoch; and whether it is known to be that, or only made in the same way."""
    content = weights.read(folder, run["id"])
    if content is not None:
        path = weights.path_of(folder, run["id"])
        say(f"the weights of its best epoch, {run['best_epoch']}, are in {path}")
        return unpacked(content, f"{path} (without it, the run is trained again)"), True
    say("its weights were not kept (trainer.keep): the run is trained again, as its record says")
    results, same = train_again(found, [run], trainer, say, keep="best")
    tensors = results[run["id"]].network
    if tensors is None:
        raise UserError("the run has failed now, so there is no network to export")
    if not same:
        say("the file gets the network that was trained now, which is NOT the one of the record")
    return tensors, same


def _with_all_data(spec: Config) -> Config:
    return {**spec, "all_data": True}


def _of_all_data(found: Recorded, run: Record, trainer: Exporter, say: Say) -> Mapping[str, Tensor]:
    """The network after as many epochs on all that is not in the test set as the record's best epoch has."""
    epochs = int(run["best_epoch"])
    say(
        f"trained on train + validation for {epochs} epochs, the best epoch of the record, and not stopped by a"
        " validation loss: nothing is left to validate with. An epoch has more steps than the recorded ones"
    )
    recipe = trainer.recipe(Run(found.ledger.trial(run["key"]), found.trial["trial"], run["seed"], run["attempt"]))
    queue = _Until(replace(recipe, patience=None, keep="last"), epochs)
    device = trainer.device(found.device)
    spec = _with_all_data(found.trial["structure"])
    trainer.train(spec, ExecutionPlan(Widths.fixed(1), "auto", device, trainer.threads(1)), queue)
    result = queue.results[recipe.id]
    if result.network is None:
        raise UserError(f"the training on all data failed: {result.reason}")
    return result.network


class _Until(RunList):
    """One run, which ends after an epoch of its training; schedules still run over all epochs of its recipe."""

    def __init__(self, recipe: Recipe, last: int) -> None:
        super().__init__([recipe])
        self._id, self._last = recipe.id, last

    def epoch(self, rows: Mapping[str, Sequence[float | int | str | None]]) -> set[str]:
        return {self._id} if self._last in rows["epoch"] else set()


def _measured(test_loss: float | None, run: Record, trial: Record, *, all_data: bool) -> str:
    """A sentence on the test loss of the author's class with these tensors, beside that of the record."""
    then = run.get("test_loss")
    if test_loss is None or then is None:
        return "its test loss was not measured again: it carries a state from batch to batch"
    if all_data:
        return f"test loss {test_loss:.4g}; {then:.4g} when trained on the training part alone"
    if abs(test_loss - then) <= CLOSE[trial["structure"]["precision"]] * max(abs(then), 1e-6):
        return f"test loss {test_loss:.4g} in a class without dropout-lab, as in the record"
    method = trial["label"]["dropout"]
    why = "" if method == "none" else f" It lacks the method {method}, which may act in evaluation mode too."
    return (
        f"NOTE: test loss {test_loss:.4g} in a class without dropout-lab, and {then:.4g} in the record: the class alone"
        f" does not answer as the trained network did.{why}"
    )
