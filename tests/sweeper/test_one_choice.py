"""How a structure is trained does not depend on which of its trials other workers have claimed."""

from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from dropout_lab.records import store
from dropout_lab.records.ledger import Ledger
from dropout_lab.records.writer import Writer
from dropout_lab.sweeper.queue import Queue
from dropout_lab.sweeper.study import Study
from tests.sweeper.fake import Fake, begin

TPE = {"sampler": {"_target_": "optuna.samplers.TPESampler", "seed": 0}, "n_trials": 5, "baseline": False}


@pytest.mark.parametrize(("axis", "settings"), [("rate=0.1,0.2,0.3,0.4", {}), ("rate=interval(0.1,0.9)", TPE)])
def test_it_is_chosen_for_the_runs_of_the_plan(tmp_path: Path, axis: str, settings: dict[str, Any]) -> None:
    fake = Fake()
    work, _ = begin(fake, tmp_path / "s", axis, workers=2, **settings)
    found = []
    for worker in range(2):
        writer, ledger = Writer(work.plan.folder, worker), Ledger.of(store.read(work.plan.folder))
        queue = Queue(work.plan, Study(work.plan, worker), ledger, writer, fake, MagicMock())
        assert queue.next_structure() is not None
        found.append((queue.execution(1), queue.planned()))
        while queue.next() is not None and len(queue._trials) < 3:
            pass
        assert queue.planned() == found[0][1]
        writer.close()
    # 4 rates and the baseline, or 5 suggestions, with 2 seeds each, by two workers
    assert found[0] == found[1]
    assert found[0][1] == 5
