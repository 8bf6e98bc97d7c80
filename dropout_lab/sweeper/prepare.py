"""A plan held against what its folder knows, before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dropout_lab.config.handed import handed_keys
from dropout_lab.core.trial import Config, digest
from dropout_lab.records import store
from dropout_lab.records.folder import is_sweep
from dropout_lab.records.ledger import Ledger
from dropout_lab.records.store import Records
from dropout_lab.sweeper.cells import Cell, baselines, ends, grid, warnings
from dropout_lab.sweeper.grid import Grid
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.same_sweep import (
    check_data,
    check_folder,
    check_ranges,
    check_settings,
    check_trust,
    check_weights,
)
from dropout_lab.sweeper.search import check_search
from dropout_lab.sweeper.study import sampler
from dropout_lab.sweeper.trainer_protocol import Described, Trainer


@dataclass(frozen=True)
class Prepared:
    """A plan held against what its folder knows. Nothing has been written."""

    plan: Plan
    is_grid: bool
    cells: Sequence[Cell]
    """All cells of a grid; under a sampler the baselines."""
    ledger: Ledger
    records: Records
    data: str | None
    """A hash of the data, where they come from files."""
    task: str
    """See `Trainer.task`."""
    scope: Mapping[str, Any]
    """See `Trainer.scope`."""
    notes: Sequence[str]
    """See `Trainer.data_notes`."""
    columns: Sequence[Mapping[str, Any]]
    """See `Trainer.data_columns`."""
    handed: Sequence[str]
    """The sections of the settings that name an object handed over from Python."""
    warnings: Sequence[str]
    """What may be misread in the data, and what is unwise about the configurations; under a sampler, about those at
    the ends of its search space."""

    @property
    def keys(self) -> Sequence[str]:
        """Keys of the configurations that this command is about, as far as they are known."""
        named = [cell.key for cell in self.cells]
        return named if self.is_grid else list(dict.fromkeys([*named, *self.ledger.trials]))

    def missing(self, key: str) -> list[tuple[int, int]]:
        """(seed, attempt) of the runs that a configuration still needs."""
        return self.ledger.missing(key, range(self.plan.seeds), self.plan.config["retries"])

    def runs_to_train(self) -> int:
        """The number of runs to train; under a sampler the most, for a repeated suggestion is not trained again."""
        known = sum(len(self.missing(key)) for key in self.keys)
        if self.is_grid:
            return known
        searched = sum(1 for record in self.ledger.trials.values() if record["rates"])
        return known + max(0, (self.plan.n_trials or 0) - searched) * self.plan.seeds

    def epochs_per_run(self) -> float:
        """The mean number of epochs of the runs to train, as far as these are known."""
        missing = {cell.key: len(self.missing(cell.key)) for cell in self.cells}
        runs = sum(missing.values())
        if not runs:
            return float(self.plan.config["trainer"]["epochs"])
        return sum(missing[cell.key] * cell.epochs for cell in self.cells) / runs

    def failed(self) -> int:
        """The number of failed runs, according to what the folder holds now."""
        return Ledger.of(store.read(self.plan.folder)).failed(self.keys, range(self.plan.seeds))


def prepare(plan: Plan, trainer: Trainer) -> Prepared:
    """Check everything that can be checked before training, and write nothing.

    Raises UserError for a configuration that cannot be trained, for a folder whose records are damaged or whose
    settings differ, and for a sampler, a pruner and axes that do not go together.
    """
    is_grid = isinstance(sampler(plan.config["sampler"]), Grid)
    check_search(plan, is_grid)
    cells = grid(plan, trainer) if is_grid else []
    described = [cell.described for cell in cells] if is_grid else ends(plan, trainer)
    cells = cells if is_grid else baselines(plan, trainer)
    keys = frozenset(cell.key for cell in cells)
    records = store.read(plan.folder) if is_sweep(plan.folder) else store.NONE
    ledger = Ledger.of(records)
    check_folder(plan)
    check_weights(plan, records, described)
    if records.sessions:
        check_settings(plan, records.sessions[-1])
    if not plan.config["trust"]:
        check_trust(plan, records, keys if is_grid else None, described)
    data = trainer.data(plan.config)
    check_data(plan, records, data)
    if is_grid:
        plan = replace(plan, keys=keys)
    elif records.sessions:
        check_ranges(plan, records.sessions[-1], ledger)
    for spec in _structures([cell.described for cell in cells]):
        trainer.check(spec, plan.seeds, plan.objectives, [axis.key for axis in plan.axes])
    advice = _warnings(plan, trainer, described)
    return Prepared(
        plan=plan,
        is_grid=is_grid,
        cells=cells,
        ledger=ledger,
        records=records,
        data=data,
        task=trainer.task(plan.config),
        scope=trainer.scope(plan.config),
        notes=trainer.data_notes(plan.config),
        columns=trainer.data_columns(plan.config),
        handed=handed_keys(plan.config),
        warnings=advice,
    )


def _structures(described: Sequence[Described]) -> Sequence[Config]:
    """The different structures of some configurations."""
    return list({digest(one.structure): one.structure for one in described}.values())


def _warnings(plan: Plan, trainer: Trainer, described: Sequence[Described]) -> Sequence[str]:
    of_data = [f"warning: {sentence}" for sentence in trainer.data_warnings(plan.config)]
    of_structures = [
        f"warning: {sentence}" for spec in _structures(described) for sentence in trainer.structure_warnings(spec)
    ]
    return [*of_data, *dict.fromkeys(of_structures), *warnings(described), *_unrepeatable(plan)]


def _unrepeatable(plan: Plan) -> Sequence[str]:
    """That the records alone do not repeat these runs, where they name objects handed over from Python."""
    if not (keys := handed_keys(plan.config)):
        return ()
    return (
        f"warning: {' and '.join(keys)} {'is' if len(keys) == 1 else 'are'} handed over from Python under no name that"
        " another process can import: these runs cannot be repeated from their records alone, only by the same call of"
        " dropout_lab.sweep(...)",
    )
