"""The study is made again from the records wherever its journal is lost, damaged, another's, or says something else."""

import json
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from dropout_lab.records import store
from dropout_lab.records.folder import JOURNAL
from dropout_lab.records.ledger import Ledger
from dropout_lab.sweeper import study as studies
from dropout_lab.sweeper.study import KEY, NAME, Study
from tests.report.canned import Sweep, grid, planned
from tests.sweeper.recorded import axes_of, heal, plan_of, write


def fate(trial: int, seed: int) -> str:
    return {(1, 1): "failed", (2, 0): "pruned", (2, 1): "pruned", (3, 1): "absent"}.get((trial, seed), "complete")


@pytest.fixture(scope="module")
def canned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sweep = Sweep(grid(("input", "hidden"), (0.0, 0.3, 0.5)), seeds=2, epochs=4, fate=fate)
    return write(tmp_path_factory.mktemp("canned") / "sweep", sweep)


@pytest.fixture
def folder(canned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(canned, tmp_path / "copied"))


def trials(folder: Path) -> Sequence[FrozenTrial]:
    """As anybody opens the journal with Optuna."""
    journal = JournalStorage(JournalFileBackend(str(folder / JOURNAL)))
    return optuna.load_study(study_name=NAME, storage=journal).trials


def test_the_trials_are_those_of_the_records(folder: Path) -> None:
    found, records = trials(folder), store.read(folder)
    assert [trial.user_attrs[KEY] for trial in found] == [record["key"] for record in records.trials]
    assert [trial.number for trial in found] == [record["trial"] for record in records.trials]
    waiting, complete = TrialState.WAITING, TrialState.COMPLETE
    assert [trial.state for trial in found] == [complete, TrialState.FAIL, TrialState.PRUNED, waiting, complete]
    for trial, record in zip(found, records.trials, strict=True):
        assert trial.params == record["params"]
        if trial.state == complete:
            losses = [run["val_loss"] for run in records.runs if run["key"] == record["key"]]
            assert trial.values == [sum(losses) / len(losses)]


def test_a_folder_may_be_renamed_and_copied(folder: Path) -> None:
    before = (folder / JOURNAL).read_bytes()
    moved = folder.rename(folder.with_name("renamed"))
    assert heal(plan_of(moved)) is None
    assert (moved / JOURNAL).read_bytes() == before
    # What is added gets the next number.
    assert Study(plan_of(moved)).enqueue("another", {"rate": 0.7}, baseline=False) == 5


def named_after_the_folder(folder: Path) -> None:
    lines = (folder / JOURNAL).read_text()
    (folder / JOURNAL).write_text(lines.replace(f'"{NAME}"', '"sweep"'))


def half_a_line(folder: Path) -> None:
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    (folder / JOURNAL).write_bytes(b"".join([lines[0], lines[1][: len(lines[1]) // 2], *lines[2:]]))


def of_fewer_trials(folder: Path) -> None:
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    (folder / JOURNAL).write_bytes(b"".join(lines[:-1]))


def of_other_objectives(folder: Path) -> None:
    lines = (folder / JOURNAL).read_text()
    assert '"directions":[1]' in lines
    (folder / JOURNAL).write_text(lines.replace('"directions":[1]', '"directions":[2]'))


def of_other_values(folder: Path) -> None:
    lines = (folder / JOURNAL).read_text().splitlines()
    first = json.loads(lines[1])
    value = "value" if first.get("value") is not None else "values"
    first[value] = 0.123 if value == "value" else [0.123]
    (folder / JOURNAL).write_text("\n".join([lines[0], json.dumps(first), *lines[2:], ""]))


def of_a_shuffled_order(folder: Path) -> None:
    lines = (folder / JOURNAL).read_text().splitlines()
    (folder / JOURNAL).write_text("\n".join([lines[0], lines[2], lines[1], *lines[3:], ""]))


def with_a_line(text: str) -> Callable[[Path], None]:
    def add(folder: Path) -> None:
        with (folder / JOURNAL).open("a") as file:
            file.write(f"{text}\n")

    return add


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "deleted": (lambda folder: (folder / JOURNAL).unlink(), "is missing"),
    "empty": (lambda folder: (folder / JOURNAL).write_text(""), "holds no study"),
    "of NUL": (lambda folder: (folder / JOURNAL).write_bytes(bytes(100) + b"\n"), "damaged in line 1"),
    "half a line": (half_a_line, "is damaged in line 2"),
    "{}": (with_a_line("{}"), "is damaged"),
    "[]": (with_a_line("[]"), "is damaged in line 7"),
    "null": (with_a_line("null"), "is damaged in line 7"),
    "a line of no kind": (with_a_line('{"op_code":99,"worker_id":"x"}'), "is damaged"),
    "named after its folder": (named_after_the_folder, "holds no study of this program"),
    "fewer trials": (of_fewer_trials, "does not agree"),
    "other objectives": (of_other_objectives, "is of other objectives"),
    "other values": (of_other_values, "does not agree"),
    "another order": (of_a_shuffled_order, "does not agree"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_study_is_made_again_and_said(damage: str, folder: Path) -> None:
    before = [(trial.number, trial.state, trial.values, trial.params, trial.user_attrs) for trial in trials(folder)]
    hurt, said = DAMAGES[damage]
    hurt(folder)
    sentence = heal(plan_of(folder))
    assert sentence is not None
    assert said in sentence
    assert sentence.endswith("the study is made again from the records (configurations: 5)")
    after = [(trial.number, trial.state, trial.values, trial.params, trial.user_attrs) for trial in trials(folder)]
    assert after == before
    assert heal(plan_of(folder)) is None


def test_lines_may_end_as_on_windows(folder: Path) -> None:
    path = folder / JOURNAL
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert heal(plan_of(folder)) is None


def test_lost_runs_are_waited_for(folder: Path) -> None:
    runs = (folder / "runs-0.jsonl").read_text().splitlines(keepends=True)
    (folder / "runs-0.jsonl").write_text("".join(runs[1:]))
    assert "does not agree" in str(heal(plan_of(folder)))
    assert trials(folder)[0].state == TrialState.WAITING


def test_the_cells_of_the_command_may_lack_their_records(folder: Path) -> None:
    # Their records are written again, under the study's numbers.
    lines = (folder / "trials.jsonl").read_text().splitlines(keepends=True)
    (folder / "trials.jsonl").write_text("".join(lines[1:]))
    assert heal(plan_of(folder), json.loads(lines[0])["key"]) is None
    assert "does not agree" in str(heal(plan_of(folder)))
    assert [KEY in trial.user_attrs for trial in trials(folder)] == [False, True, True, True, True]


def test_more_seeds_keep_what_fewer_gave(folder: Path) -> None:
    # The first command asked for two seeds; this one asks for three, of which none has a third.
    (folder / JOURNAL).unlink()
    assert heal(plan_of(folder, seeds=3)) is not None
    assert trials(folder)[0].state == TrialState.COMPLETE


def test_nothing_is_said_of_a_new_folder(tmp_path: Path) -> None:
    from dropout_lab.sweeper.rebuild import agree

    assert agree(plan_of(tmp_path), store.NONE, Ledger(), ()) is None
    assert not (tmp_path / JOURNAL).exists()


# Samplers and pruners


def searched(folder: Path, **more: Any) -> Path:
    """Seven configurations of a sampler, whose third and fourth trial repeated an earlier one."""
    rates = (None, 0.1, 0.2, 0.25, 0.3, 0.4, 0.6)
    found = [
        planned("none", 0.0, params={"rate": 0.0})
        if rate is None
        else planned("hidden", rate, params={"rate": rate, "placement": None})
        for rate in rates
    ]
    for one in found:
        one.params = {"rate": one.params["rate"]}
    Sweep(found, seeds=2, epochs=4, **more).write(folder)
    path = folder / "trials.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps({**one, "trial": n + 2 * (n > 2)}) + "\n" for n, one in enumerate(lines)))
    return folder


def test_a_sampler_learns_from_the_records(tmp_path: Path) -> None:
    folder = searched(tmp_path / "sweep")
    target = {"_target_": "optuna.samplers.TPESampler", "n_startup_trials": 2, "seed": 0}
    plan = plan_of(folder, axes_of("rate=interval(0,0.5)"), sampler=target, n_trials=9)
    assert heal(plan) is not None
    study = Study(plan)
    found = study.trials()
    assert [trial.number for trial in found if KEY in trial.user_attrs] == [0, 1, 2, 5, 6, 7, 8]
    assert study.spent() == 6
    learned = [trial for trial in found if trial.state == TrialState.COMPLETE]
    assert [trial.params["rate"] for trial in learned] == [0.0, 0.1, 0.2, 0.25, 0.3, 0.4]
    assert all(trial.distributions == {"rate": plan.axes[0].distribution} for trial in learned)
    assert studies.OUTSIDE in found[8].user_attrs  # 0.6 lies outside of what is searched now
    assert study.study.ask().number == 9
    assert heal(plan) is None


def test_a_genetic_sampler_knows_its_generations(tmp_path: Path) -> None:
    folder = searched(tmp_path / "sweep")
    target = {"_target_": "optuna.samplers.NSGAIISampler", "population_size": 2, "seed": 0}
    plan = plan_of(folder, axes_of("rate=interval(0,0.8)"), sampler=target, n_trials=9)
    assert heal(plan) is not None
    generations = [set(trial.system_attrs.values()) for trial in trials(folder)]
    assert generations == [set(), {0}, {0}, set(), set(), {1}, {1}, {2}, {2}]
    study = Study(plan)
    trial = study.study.ask()
    plan.axes[0].suggest(trial)
    assert study.trials()[trial.number].system_attrs.get("NSGAIISampler:generation") == 3


CMA_ES = {"_target_": "optuna.samplers.CmaEsSampler", "n_startup_trials": 1, "seed": 0}
WITH_MEMORY: dict[str, dict[str, Any]] = {
    "cma:": CMA_ES,
    "sepcma:": {**CMA_ES, "use_separable_cma": True},
    "cmawm:": {**CMA_ES, "with_margin": True},
}


@pytest.mark.parametrize("is_wrapped", [False, True])
@pytest.mark.parametrize("prefix", WITH_MEMORY)
def test_a_pickled_memory_is_not_loaded_without_trust(prefix: str, is_wrapped: bool, folder: Path) -> None:
    target = WITH_MEMORY[prefix]
    if is_wrapped:
        fixed = "optuna.samplers.PartialFixedSampler"
        target = {"_target_": fixed, "fixed_params": {}, "base_sampler": target}
    plan = plan_of(folder, sampler=target)
    heal(plan)
    Study(plan).study.add_trial(
        optuna.trial.create_trial(state=TrialState.RUNNING, system_attrs={f"{prefix}optimizer:0": "80049500"})
    )
    assert heal(plan_of(folder, sampler=target, trust=True)) is None
    assert "as a pickle, which could run anything; trust=true" in str(heal(plan))
    assert not any(trial.system_attrs for trial in trials(folder))


def test_a_pickled_memory_of_the_study_is_not_loaded_for_any_sampler(folder: Path) -> None:
    plan = plan_of(folder)
    study = Study(plan).study
    study._storage.set_study_system_attr(study._study_id, "another:optimizer", "80049500")
    assert heal(plan_of(folder, trust=True)) is None
    assert "as a pickle, which could run anything; trust=true" in str(heal(plan))
    assert heal(plan) is None


@pytest.mark.parametrize("objective", ["val_loss", "gap"])
def test_a_pruner_knows_the_means_over_seeds(objective: str, tmp_path: Path) -> None:
    folder = searched(tmp_path / "sweep", fate=lambda trial, seed: "pruned" if (trial, seed) == (2, 1) else "complete")
    pruner = {"_target_": "optuna.pruners.MedianPruner"}
    plan = plan_of(folder, objective=objective, pruner=pruner)
    assert heal(plan) is not None
    records, found = store.read(folder), trials(folder)
    curves: dict[str, list[float]] = {}
    for rows in records.curves:
        for run, val, train in zip(rows["id"], rows["val_loss"], rows["train_loss"], strict=True):
            curves.setdefault(run, []).append(val if objective == "val_loss" else val - train)
    for trial in found:
        if KEY not in trial.user_attrs:
            continue
        own = [curves[run["id"]] for run in records.runs if run["key"] == trial.user_attrs[KEY]]
        epochs = min(map(len, own))
        expected = {epoch + 1: math.fsum(one[epoch] for one in own) / 2 for epoch in range(epochs)}
        assert trial.intermediate_values == expected
        assert trial.state == (TrialState.PRUNED if trial.number == 2 else TrialState.COMPLETE)


def test_a_pruner_by_seeds_knows_the_seeds(tmp_path: Path) -> None:
    folder = searched(tmp_path / "sweep", fate=lambda trial, seed: "pruned" if (trial, seed) == (2, 1) else "complete")
    pruner = {"_target_": "optuna.pruners.WilcoxonPruner"}
    assert heal(plan_of(folder, pruner=pruner, prune_step="seed")) is not None
    runs = store.read(folder).runs
    for trial in trials(folder):
        own = [run for run in runs if run["key"] == trial.user_attrs.get(KEY) and run["status"] == "complete"]
        assert trial.intermediate_values == {run["seed"]: run["val_loss"] for run in own}


@pytest.mark.parametrize(
    ("pruner", "more"), [("HyperbandPruner", {"max_resource": 4}), ("SuccessiveHalvingPruner", {})]
)
def test_a_pruner_with_rungs_knows_who_reached_them(pruner: str, more: dict[str, int], tmp_path: Path) -> None:
    folder = searched(tmp_path / "sweep")
    target = {"_target_": f"optuna.pruners.{pruner}", "min_resource": 2, "reduction_factor": 2, **more}
    assert heal(plan_of(folder, pruner=target)) is not None
    known = [trial for trial in trials(folder) if KEY in trial.user_attrs]
    rungs = [2, 4] if more else [2]  # a bracket of hyperband begins at either
    for trial in known:
        assert trial.system_attrs["completed_rung_0"] in [trial.intermediate_values[rung] for rung in rungs]
    assert all(trial.state == TrialState.COMPLETE and len(trial.intermediate_values) == 4 for trial in known)
