"""MLflow: a run for every run, in an experiment for the sweep."""

import logging
import os
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from dropout_lab.core.errors import UserError
from dropout_lab.tracker.tracker import AbstractTracker, TrackedRun, TrackedSweep

SWEEP, RUN = "dropout_lab.sweep", "dropout_lab.run"
"""Tags that identify a run."""

STATUS = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}

METRICS, PARAMS = 1000, 100
"""The most that MLflow accepts in one batch."""

LONGEST_PARAM, LONGEST_TAG = 6000, 5000


@dataclass
class MLflowTracker(AbstractTracker):
    """`uri`: of the server or database; None: that in MLFLOW_TRACKING_URI, else `mlflow.db` in the sweep's folder.

    `experiment`: its name; None: the name of the sweep's folder. `uri` must not contain a password, because settings
    are written into the report: use MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_URI.
    """

    uri: str | None = None
    experiment: str | None = None
    _client: Any = field(default=None, init=False)
    _experiment: str = field(default="", init=False)
    _sweep: TrackedSweep | None = field(default=None, init=False)

    package = "mlflow"
    extra = "mlflow"

    def check(self) -> None:
        if self.uri and urlsplit(self.uri).password is not None:
            raise UserError(
                "tracker.uri: it holds a password, and settings are written into the report; set the variable "
                "MLFLOW_TRACKING_URI to it and leave tracker.uri out"
            )
        super().check()

    def open(self, sweep: TrackedSweep) -> Collection[str]:
        # By default it sends usage data, retries for minutes to reach a server, and logs about its tables.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
        os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
        from mlflow import MlflowClient

        logging.getLogger("alembic").setLevel(logging.WARNING)

        own = None if self.uri or os.environ.get("MLFLOW_TRACKING_URI") else sweep.folder.resolve()
        uri = self.uri or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{sweep.folder.resolve()}/mlflow.db"
        self._client = MlflowClient(tracking_uri=uri)
        self._sweep = sweep
        name = self.experiment or sweep.name
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            self._experiment = found.experiment_id
        else:
            place = None if own is None else (own / "mlflow").as_uri()
            self._experiment = self._client.create_experiment(name, artifact_location=place)
        whole = set()
        for run in self._runs(f"tags.`{SWEEP}` = '{sweep.id}'"):
            if run.info.status in STATUS.values():
                whole.add(run.data.tags[RUN])
            else:  # left by an interruption
                self._client.delete_run(run.info.run_id)
        return whole

    def log(self, run: TrackedRun) -> None:
        from mlflow.entities import Metric, Param

        assert self._sweep is not None  # set by `open`
        now = round(1000 * time.time())
        began = now - round(1000 * run.summary.get("seconds", 0.0))
        about = {name: str(value)[:LONGEST_TAG] for name, value in run.about.items()}
        tags = {**about, SWEEP: self._sweep.id, RUN: run.id}
        run_id = self._client.create_run(self._experiment, began, tags, run.name).info.run_id
        params = [Param(name, str(value)[:LONGEST_PARAM]) for name, value in run.params.items()]
        for part in _parts(params, PARAMS):
            self._client.log_batch(run_id, params=part)
        last = max((epoch for curve in run.curves.values() for epoch in curve), default=0)
        metrics = [
            Metric(name, value, now, epoch) for name, curve in run.curves.items() for epoch, value in curve.items()
        ]
        metrics += [Metric(f"summary/{name}", value, now, last) for name, value in run.summary.items()]
        for part in _parts(metrics, METRICS):
            self._client.log_batch(run_id, metrics=part)
        self._client.set_terminated(run_id, STATUS[run.status], now)

    def _runs(self, wanted: str) -> Iterator[Any]:
        token = None
        while True:
            page = self._client.search_runs([self._experiment], wanted, max_results=1000, page_token=token)
            yield from page
            token = page.token
            if not token:
                return


def _parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
