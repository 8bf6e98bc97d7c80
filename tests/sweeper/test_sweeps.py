"""Whole sweeps with a trainer that is a fake: what is trained, told, pruned, tried again, shared out and continued."""

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from optuna.trial import TrialState

from dropout_lab.core.errors import UserError
from dropout_lab.records import store
from dropout_lab.sweeper.study import Study
from tests.sweeper.fake import Fake, begin, curves, losses, plan, sweep

CONF = Path(__file__).parents[2] / "conf" / "sampler"
SAMPLERS: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text()) for path in sorted(CONF.glob("*.yaml")) if path.stem != "grid"
}

PRUNERS: dict[str, dict[str, Any]] = {
    "median": {"_target_": "optuna.pruners.MedianPruner", "n_startup_trials": 1, "n_warmup_steps": 1},
    "halving": {"_target_": "optuna.pruners.SuccessiveHalvingPruner", "min_resource": 1, "reduction_factor": 2},
    "hyperband": {"_target_": "optuna.pruners.HyperbandPruner", "min_resource": 1, "max_resource": 4},
}

GRID = ("rate=0,0.2,0.4",)

SEARCH = ("rate=interval(0.01,0.8)", "optimizer.lr=interval(0.001,0.1)")


def study(folder: Path, *axes: str, **settings: Any) -> optuna.Study:
    return Study(plan(folder, *axes, **settings)).study


def searched(folder: Path) -> int:
    """How many configurations with dropout there are."""
    return sum(bool(trial["rates"]) for trial in store.read(folder).trials)


def test_a_grid_trains_each_run_once_and_the_study_knows_their_means(tmp_path: Path) -> None:
    sweep(Fake(), tmp_path, *GRID, seeds=3)
    expected = {(rate, seed): curves(rate, seed, 4)["val_loss"][-1] for rate in (0.0, 0.2, 0.4) for seed in range(3)}
    assert losses(tmp_path) == expected
    told = study(tmp_path, *GRID).get_trials(states=[TrialState.COMPLETE])
    means = [sum(expected[rate, seed] or 0.0 for seed in range(3)) / 3 for rate in (0.0, 0.2, 0.4)]
    assert sorted(trial.value or 0.0 for trial in told) == pytest.approx(sorted(means))


def test_the_same_again_trains_nothing_and_more_trains_only_that(tmp_path: Path) -> None:
    sweep(Fake(), tmp_path, *GRID)
    again = Fake()
    assert "6 runs are in the records already and are not trained again" in sweep(again, tmp_path, *GRID)
    assert again.began == []
    sweep(again, tmp_path, "rate=0,0.2,0.6", seeds=3)
    assert len(again.began) == 1 + 1 + 3
    assert len(losses(tmp_path)) == 4 * 3 - 1, "0.4 is not asked for any more"


def test_runs_of_one_structure_are_one_cohort(tmp_path: Path) -> None:
    fake = Fake()
    sweep(fake, tmp_path, "rate=0.1,0.3", "optimizer.lr=0.01,0.001")
    assert [spec for spec, _, _ in fake.cohorts] == [{"lr": 0.01}, {"lr": 0.001}]
    assert len(store.read(tmp_path).runs) == 2 * 3 * 2


def test_a_cohort_is_continued_as_it_was_begun(tmp_path: Path) -> None:
    """Compiled, the last bits of a result depend on the width."""
    how = {"epochs": 4, "keep_predictions": False, "keep": "none"}
    sweep(Fake(), tmp_path, *GRID, trainer={**how, "compile": "always", "width": 2})
    then = Fake()
    sweep(then, tmp_path, *GRID, seeds=4, trainer={**how, "compile": "auto", "width": "auto"})
    assert [compile for _, _, compile in then.cohorts] == ["again"]
    assert {(run["width"], run["compiled"]) for run in store.read(tmp_path).runs} == {(2, True)}


def test_a_failed_run_is_tried_again_as_often_as_asked(tmp_path: Path) -> None:
    def fate(rate: float, seed: int, attempt: int) -> str:
        return "failed" if (rate, seed) == (0.2, 1) else "complete"

    sweep(Fake(fate), tmp_path, *GRID)
    assert "1 failed runs are tried again" in sweep(Fake(fate), tmp_path, *GRID)
    (said,) = (line for line in sweep(Fake(fate), tmp_path, *GRID) if "failed" in line)
    assert said == "1 failed runs are not tried again: retries=1 is used up"
    failed = [run for run in store.read(tmp_path).runs if run["status"] == "failed"]
    assert [run["attempt"] for run in failed] == [1, 2]
    assert failed[0]["reason"] == "it failed"
    assert len(losses(tmp_path)) == 5
    states = [trial.state for trial in study(tmp_path, *GRID).trials]
    assert states.count(TrialState.COMPLETE) == 2, "a mean over some of the seeds is no value"


def test_a_failed_run_that_succeeds_at_last_counts(tmp_path: Path) -> None:
    fake = Fake(lambda rate, seed, attempt: "failed" if attempt == 1 and rate == 0.4 else "complete")
    sweep(fake, tmp_path, *GRID)
    sweep(fake, tmp_path, *GRID)
    assert len(losses(tmp_path)) == 6


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_trains_as_many_configurations_as_asked_and_the_baselines(name: str, tmp_path: Path) -> None:
    two = {"objective": ["val_loss", "gap"]} if name == "nsgaii" else {}
    settings: dict[str, Any] = {"sampler": SAMPLERS[name], "baseline": True, **two}
    sweep(Fake(), tmp_path, "rate=interval(0.01,0.8)", n_trials=4, **settings)
    assert searched(tmp_path) == 4
    assert len(losses(tmp_path)) == 5 * 2
    sweep(Fake(), tmp_path, "rate=interval(0.01,0.8)", n_trials=6, **settings)
    assert searched(tmp_path) == 6
    sweep(Fake(), tmp_path, "rate=interval(0.01,0.8)", n_trials=6, seeds=3, **settings)
    assert searched(tmp_path) == 6
    assert len(losses(tmp_path)) == 7 * 3, "what has been searched gets the new seed too"


def test_a_search_comes_nearer_to_what_is_best(tmp_path: Path) -> None:
    """The sampler is told the values: with 0.3 the best of all rates, later suggestions lie around it."""
    sweep(Fake(), tmp_path, "rate=interval(0.01,0.99)", n_trials=40, sampler=SAMPLERS["tpe"])
    rates = [trial["label"]["rate"] for trial in store.read(tmp_path).trials if trial["rates"]]
    early, late = (sum(abs(rate - 0.3) for rate in part) / len(part) for part in (rates[:10], rates[-10:]))
    assert late < early / 2


def test_a_sampler_that_repeats_itself_gets_the_known_result_and_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep(Fake(), tmp_path, "rate=0.1,0.2,0.3", n_trials=20, sampler=SAMPLERS["random"])
    assert "exhausted" in capsys.readouterr().out
    assert len(losses(tmp_path)) == 4 * 2
    known = study(tmp_path, "rate=0.1,0.2,0.3", sampler=SAMPLERS["random"])
    told = known.get_trials(states=[TrialState.COMPLETE])
    assert known.get_trials(states=[TrialState.RUNNING, TrialState.WAITING]) == [], "the repeats are told as well"
    assert len(told) > 3
    assert len({trial.value for trial in told}) == 3, "no dropout is not in the search space"


def test_a_suggestion_that_cannot_be_trained_is_said_and_the_search_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Picky(Fake):
        def describe(self, config: Any, choices: Any) -> Any:
            if 0.2 < config["rate"] < 0.4 or 0.41 < config["rate"] < 0.7:  # neither an end nor the middle
                raise UserError("not this one")
            return super().describe(config, choices)

    sweep(Picky(), tmp_path, "rate=interval(0.01,0.8)", n_trials=6, sampler=SAMPLERS["random"])
    assert "a suggestion of the sampler that cannot be trained: {'rate': 0." in capsys.readouterr().out
    assert searched(tmp_path) == 6


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("name", PRUNERS)
def test_a_pruner_stops_the_runs_of_bad_configurations(name: str, tmp_path: Path) -> None:
    axes = ("rate=0.3,0.31,0.29,0.9,0.95,0.97,0.98,0.99",)
    narrow = {"epochs": 4, "keep_predictions": False, "keep": "none", "compile": "never", "width": 2}
    settings: dict[str, Any] = {"pruner": PRUNERS[name], "trainer": narrow}
    sweep(Fake(), tmp_path, *axes, **settings)
    records = store.read(tmp_path)
    rates = {trial["key"]: trial["label"]["rate"] for trial in records.trials}
    pruned = [run for run in records.runs if run["status"] == "pruned"]
    assert pruned
    assert all(run["epochs"] < 4 for run in pruned)
    if name == "median":  # the others may stop what is good so far, too
        assert all(rates[run["key"]] > 0.5 for run in pruned)
    states = [trial.state for trial in study(tmp_path, *axes, **settings).trials]
    assert states.count(TrialState.PRUNED) == len({run["key"] for run in pruned})
    again = Fake()
    sweep(again, tmp_path, *axes, **settings)
    assert again.began == []


def test_a_pruner_by_seed_leaves_out_the_seeds_of_what_is_bad(tmp_path: Path) -> None:
    narrow = {"epochs": 4, "keep_predictions": False, "keep": "none", "compile": "never", "width": 3}
    settings: dict[str, Any] = {"pruner": PRUNERS["median"], "prune_step": "seed", "trainer": narrow, "seeds": 6}
    fake, axes = Fake(), ("rate=0.3,0.31,0.32,0.9,0.95,0.99",)
    sweep(fake, tmp_path, *axes, **settings)
    records = store.read(tmp_path)
    seeds = {run["id"]: run["seed"] for run in records.runs}
    assert [seeds[name] for name in fake.began[:3]] == [0, 0, 0], "what is compared has the same seeds"
    rates = {trial["key"]: trial["label"]["rate"] for trial in records.trials}
    unbegun = [run for run in records.runs if run["reason"] == "pruned before it began"]
    assert unbegun
    assert {rates[run["key"]] > 0.5 for run in unbegun} == {True}
    assert len(records.runs) == 7 * 6, "of each run there is a record"
    states = [trial.state for trial in study(tmp_path, *axes, **settings).trials]
    assert states.count(TrialState.PRUNED) == len({run["key"] for run in unbegun})
    assert TrialState.RUNNING not in states


def interrupted(epoch: int) -> None:
    if epoch == 6:
        raise KeyboardInterrupt


def killed(epoch: int) -> None:
    if epoch == 6:
        os.kill(os.getpid(), signal.SIGKILL)


NARROW = {"epochs": 4, "keep_predictions": False, "keep": "none", "compile": "never", "width": 2}


def test_interrupted_and_continued_is_as_in_one_sitting(tmp_path: Path) -> None:
    sweep(Fake(), tmp_path / "one", *GRID, trainer=NARROW)
    with pytest.raises(KeyboardInterrupt):
        sweep(Fake(after_epoch=interrupted), tmp_path / "two", *GRID, trainer=NARROW)
    before = len(losses(tmp_path / "two"))
    assert 0 < before < 6
    then = Fake()
    said = " ".join(sweep(then, tmp_path / "two", *GRID, trainer=NARROW))
    assert "in training when" not in said, "it gave its trials back itself"
    assert len(then.began) == 6 - before
    assert losses(tmp_path / "two") == losses(tmp_path / "one")


def test_killed_is_not_lost(tmp_path: Path) -> None:
    work, _ = begin(Fake(after_epoch=killed), tmp_path, *GRID, trainer=NARROW)
    process = multiprocessing.get_context("fork").Process(target=work, args=(0,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    before = len(losses(tmp_path))
    assert 0 < before < 6
    then = Fake()
    said = " ".join(sweep(then, tmp_path, *GRID, trainer=NARROW))
    assert "configurations were in training when the sweep was interrupted: they go on" in said
    assert len(then.began) == 6 - before
    assert len(losses(tmp_path)) == 6
    assert study(tmp_path, *GRID).get_trials(states=[TrialState.RUNNING]) == []


def test_two_workers_train_every_run_once(tmp_path: Path) -> None:
    """The second begins while the first is in the middle of a cohort, and ends before it."""
    other = Fake()

    def meanwhile(epoch: int) -> None:
        if epoch == 1:
            replace(work, trainer=other)(1)

    first = Fake(after_epoch=meanwhile)
    work, _ = begin(first, tmp_path, "rate=0,0.2,0.4,0.6,0.8", workers=2, trainer=NARROW)
    work(0)
    assert first.began
    assert other.began
    assert len(first.began) + len(other.began) == 10
    assert len(losses(tmp_path)) == 10


def test_workers_share_one_budget(tmp_path: Path) -> None:
    other = Fake()

    def meanwhile(epoch: int) -> None:
        if epoch == 1:
            replace(work, trainer=other)(1)

    settings: dict[str, Any] = {"sampler": SAMPLERS["tpe"], "n_trials": 7, "trainer": NARROW}
    work, _ = begin(Fake(after_epoch=meanwhile), tmp_path, "rate=interval(0.01,0.8)", workers=2, **settings)
    work(0)
    assert searched(tmp_path) == 7
    assert len(losses(tmp_path)) == 8 * 2


def test_a_second_worker_of_the_same_number_is_refused(tmp_path: Path) -> None:
    def meanwhile(epoch: int) -> None:
        with pytest.raises(UserError, match=r"another process is training in this folder \(worker-0\)"):
            work(0)

    work, _ = begin(Fake(after_epoch=meanwhile), tmp_path, "rate=0.2", baseline=False, seeds=1)
    work(0)
    assert len(losses(tmp_path)) == 1


def test_a_folder_of_other_settings_is_refused_before_it_is_touched(tmp_path: Path) -> None:
    sweep(Fake(), tmp_path, *GRID)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match=r"retries: 1 there, 2 now|optimizer\.lr: 0\.001 there, 0\.1 now"):
        sweep(Fake(), tmp_path, *GRID, optimizer={"lr": 0.1})
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("axes", "settings", "said"),
    [
        (GRID, {"n_trials": 3}, "n_trials: a grid trains each of its cells"),
        (GRID, {"sampler": SAMPLERS["random"]}, "needs to know how many"),
        ((), {"sampler": SAMPLERS["random"], "n_trials": 3}, "nothing to search"),
        (GRID, {"sampler": SAMPLERS["random"], "n_trials": 3, "grids": [{"rate": [0.1]}]}, "grids: a sampler searches"),
        (GRID, {"pruner": PRUNERS["median"], "objective": ["val_loss", "gap"]}, "cannot prune for two objectives"),
        (GRID, {"pruner": PRUNERS["median"], "objective": "epochs_to_convergence"}, "known only at the end"),
        (
            GRID,
            {"pruner": {"_target_": "optuna.pruners.WilcoxonPruner"}, "prune_step": "epoch"},
            "prune_step=epoch: WilcoxonPruner compares paired replicates",
        ),
        (("rate=0.2,1.0",), {}, "rate=1.0"),
    ],
)
def test_what_does_not_go_together_is_refused(
    axes: tuple[str, ...], settings: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=said):
        sweep(Fake(), tmp_path / "s", *axes, **settings)
    assert not (tmp_path / "s").exists()
