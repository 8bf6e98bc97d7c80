"""optuna-dashboard opens the study of a sweep."""

import io
import json
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from dropout_lab.records import store
from dropout_lab.records.folder import JOURNAL
from dropout_lab.sweeper.study import NAME
from tests.cli.conftest import SMALL, Command


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the dashboard's own
def test_the_journal_opens_in_optuna_and_in_its_dashboard(command: Command, tmp_path: Path) -> None:
    from optuna_dashboard import wsgi
    from optuna_dashboard._storage_url import get_storage

    words = ("sweep", *SMALL, "sampler=random", "n_trials=3", "rate=interval(0,0.5)", "name=x")
    assert command(*words, "trainer.compile=never").code == 0
    folder = tmp_path / "outputs" / "x"
    journal = str(folder / JOURNAL)
    study = optuna.load_study(study_name=NAME, storage=JournalStorage(JournalFileBackend(journal)))
    assert len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE])) == 4  # three, and no dropout
    runs = store.read(folder).runs
    assert study.best_value == pytest.approx(
        min(sum(run["val_loss"] for run in runs if run["key"] == key) / 2 for key in {run["key"] for run in runs})
    )
    app = wsgi(get_storage(journal))  # as its command line opens a path
    answers: list[str] = []

    def ask(path: str) -> Any:
        request = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "x", "SERVER_PORT": "80"}
        streams = {"wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(), "wsgi.url_scheme": "http"}
        body = app({**request, **streams}, lambda status, headers, *more: answers.append(status))
        return json.loads(b"".join(body))

    (found,) = ask("/api/studies")["study_summaries"]
    assert found["study_name"] == NAME
    detail = ask(f"/api/studies/{found['study_id']}")
    assert len(detail["trials"]) == len(study.trials)
    assert answers == ["200 OK", "200 OK"]
