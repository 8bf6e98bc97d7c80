"""What one worker, or a command, writes into the sweep's records."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from dropout_lab.cohort.recipe import LaneUsage, Result
from dropout_lab.core.tensor_files import packed
from dropout_lab.core.trial import Execution, Run
from dropout_lab.records import predictions, weights
from dropout_lab.records.fields import Record
from dropout_lab.records.ledger import Ledger
from dropout_lab.records.writer import Writer, epoch_records
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.space import params
from dropout_lab.sweeper.trainer_protocol import Described


class Recorder:
    """Writes the records of one process, and keeps its ledger up to date."""

    def __init__(self, plan: Plan, ledger: Ledger, writer: Writer) -> None:
        self._plan, self._ledger, self._writer = plan, ledger, writer
        self._keeps_predictions = bool(plan.config["trainer"]["keep_predictions"])

    def trial(self, number: int, described: Described, values: Mapping[str, Any], *, durable: bool = True) -> None:
        """Write a configuration's record, from which it can be trained again."""
        record = {
            "trial": number,
            "key": described.trial.key,
            "context": described.trial.context,
            "label": dict(described.label),
            "params": params(values),
            "rates": dict(described.trial.rates),
            "config": described.trial.config,
            "structure": described.structure,
        }
        self._writer.append("trials", record, durable=durable)
        self._ledger.add_trial(record)

    def cohort(self, structure: str, execution: Execution) -> None:
        """Write how a structure's cohort is trained, before its first epoch."""
        record = {"structure": structure, "session": self._plan.session, **asdict(execution)}
        self._writer.append("cohorts", record)
        self._ledger.cohorts[structure] = record

    def lanes(self, structure: str, usage: LaneUsage) -> None:
        """Write how an epoch of a structure's cohort used its lanes."""
        where = {"session": self._plan.session, "worker": self._writer.worker, "structure": structure}
        when = {"started": round(usage.started, 6), "seconds": round(usage.seconds, 6)}
        self._writer.append("lanes", {**where, "width": usage.width, "used": usage.used, **when}, durable=False)

    def epoch(self, rows: Mapping[str, Sequence[float | int | str | None]]) -> None:
        """Write the metrics of an epoch, a parallel list per column."""
        for kind, record in epoch_records(rows).items():
            self._writer.append(kind, record, durable=False)

    def results(self, ended: Sequence[tuple[Run, Result]]) -> Sequence[Record]:
        """Write the results of runs that ended together, and return their records."""
        records = [self._result(run, result) for run, result in ended]
        for run, result in ended:
            if result.answers is not None and self._keeps_predictions:
                answers = result.answers
                predictions.write(self._plan.folder, run.id, answers.log_probs, answers.targets, answers.weights)
            if result.network is not None and result.status == "complete":
                notes = {"run": run.id, "trial": str(run.number), "seed": str(run.seed)}
                weights.write(self._plan.folder, run.id, packed(result.network, notes))
        for record in records:
            self._writer.append("runs", record, durable=False)
            self._ledger.add_run(record)
        self._writer.sync()
        return records

    def pruned(self, run: Run) -> Record:
        """Write the record of a run that was pruned before it began, and return it."""
        record = self._run(run) | {
            "status": "pruned",
            "reason": "pruned before it began",
            "epochs": 0,
            **asdict(Execution(width=0, compiled=False, threads=0)),
        }
        self._writer.append("runs", record)
        self._ledger.add_run(record)
        return record

    def _run(self, run: Run) -> dict[str, Any]:
        return {
            "id": run.id,
            "key": run.trial.key,
            "seed": run.seed,
            "attempt": run.attempt,
            "session": self._plan.session,
            "traceback": None,
        }

    def _result(self, run: Run, result: Result) -> Record:
        record = self._run(run) | {
            "status": result.status,
            "reason": result.reason,
            "traceback": result.traceback,
            "stopped_early": result.stopped_early,
            "seconds": result.seconds,
            **asdict(result.execution),
            "epochs": len(result.curves.get("val_loss", ())),
        }
        return record if result.status == "failed" else record | result.metrics
