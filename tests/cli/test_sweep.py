"""Sweeps from the command line to the records and the report."""

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.records import store
from dropout_lab.records.fields import EXECUTION
from dropout_lab.records.folder import is_sweep
from dropout_lab.sweeper.study import Study
from tests.cli.conftest import SMALL, Command, Trained, table
from tests.rotate import rotated

GRID = ("sweep", *SMALL, "placement=input,hidden", "rate=0,0.3", "name=grid")


def runs(folder: Path) -> list[dict[str, Any]]:
    return [dict(run) for run in store.read(folder).runs]


def test_a_grid_is_its_distinct_cells_each_trained_once(reported: Command, tmp_path: Path) -> None:
    outcome = reported(*GRID)
    assert outcome.code == 0
    folder = tmp_path / "outputs" / "grid"
    records = store.read(folder)
    # Rate 0 is the baseline, whatever the placement: four cells are three configurations.
    assert [trial["label"]["placement"] for trial in records.trials] == ["none", "input", "hidden"]
    assert sorted((run["key"], run["seed"]) for run in runs(folder)) == sorted(
        (trial["key"], seed) for trial in records.trials for seed in (0, 1)
    )
    assert "outputs/grid/report.html" in outcome.out
    for name in ("report.html", "report.md", "trials.csv", "runs.parquet", "curves.parquet", "config.yaml"):
        assert (folder / name).stat().st_size > 0


def test_the_same_command_again_trains_nothing(command: Command, trained: Trained, tmp_path: Path) -> None:
    before = runs(trained(*GRID))
    outcome = command(*GRID)
    assert outcome.code == 0
    assert "6 runs are in the records already" in outcome.out
    assert "0 runs to train" in outcome.out
    assert runs(tmp_path / "outputs" / "grid") == before


def test_a_wider_grid_and_more_seeds_keep_every_old_result(command: Command, trained: Trained) -> None:
    folder = trained(*GRID)
    before = runs(folder)
    wider = ("sweep", *SMALL, "placement=input,hidden,everywhere", "rate=0,0.3", "seeds=3", "name=grid")
    assert command(*wider).code == 0
    after = runs(folder)
    assert after[: len(before)] == before
    assert len(after) == 4 * 3


@pytest.mark.slow
def test_what_is_trained_in_two_sittings_equals_what_is_trained_in_one(command: Command, tmp_path: Path) -> None:
    command("sweep", *SMALL, "rate=0,0.3,0.5", "seeds=3", "name=one")
    command("sweep", *SMALL, "rate=0,0.3", "seeds=2", "name=two")
    command("sweep", *SMALL, "rate=0,0.3,0.5", "seeds=3", "name=two")
    columns = ["rate", "val_loss", "val_loss_low", "val_loss_diff", "test_accuracy", "gap_loss"]
    one, two = (table(tmp_path / "outputs" / name)[columns].sort_values("rate") for name in ("one", "two"))
    pd.testing.assert_frame_equal(one.reset_index(drop=True), two.reset_index(drop=True), check_exact=True)


def test_a_dry_run_says_what_would_be_trained_and_writes_nothing(
    command: Command, trained: Trained, tmp_path: Path
) -> None:
    outcome = command(*GRID, "dry_run=true")
    assert outcome.code == 0
    for said in ("3 configurations x 2 seeds = 6 runs", "no dropout", "hidden 0.3", "6 runs in 6 lanes", "estimated"):
        assert said in outcome.out
    assert list(tmp_path.iterdir()) == []
    trained(*GRID)
    assert "6 runs are done already, 0 are to be trained" in command(*GRID, "dry_run=true").out


@pytest.mark.parametrize(
    "search", rotated([("rate=0.1,0.2",), ("sampler=random", "n_trials=2", "rate=interval(0.1,0.2)")])
)
def test_what_is_unwise_is_said_once_before_training(search: tuple[str, ...], command: Command) -> None:
    words = ("sweep", "dataset.limit=100", "model=cnn", "placement=conv,hidden", "dry_run=true", *search)
    warned = [line for line in command(*words).out.splitlines() if line.startswith("warning: ")]
    assert len(warned) == 1
    assert warned[0].startswith("warning: dropout=standard at conv.0, conv.1: ")
    assert "dropout=spatial" in warned[0]
    assert "warning" not in command(*words, "dropout=spatial").out


@pytest.mark.slow
def test_sites_that_everywhere_leaves_out_are_named_before_training(command: Command) -> None:
    words = ("sweep", "model=transformer", "placement=everywhere", "rate=0.1,0.2", "trainer.compile=never")
    outcome = command(*words, "dataset.limit=100", "model.width=8", "dry_run=true")
    assert outcome.code == 0
    (warned,) = (line for line in outcome.out.splitlines() if line.startswith("warning: "))
    assert warned.startswith("warning: dropout=standard at layer.0, layer.1: it does not drop there")
    assert "everywhere 0.2" in outcome.out
    assert "attention_out.0" in outcome.out


def test_train_is_one_configuration_with_all_its_seeds(command: Command, tmp_path: Path) -> None:
    assert command("train", *SMALL, "placement=hidden", "rate=0.5", "seeds=3", "name=mine").code == 0
    records = store.read(tmp_path / "outputs" / "mine")
    assert len(records.trials) == 1
    assert [run["seed"] for run in records.runs] == [0, 1, 2]


@pytest.mark.slow
@pytest.mark.usefixtures("built_here")
def test_compiled_runs_stay_compiled_and_come_out_the_same_again(command: Command, tmp_path: Path) -> None:
    words = (*(word for word in SMALL if "compile" not in word), "rate=0.1,0.2", "name=c")
    assert "compiled" in command("sweep", *words, "trainer.compile=always").out
    first = store.read(tmp_path / "outputs" / "c").runs
    # More seeds would now fill more lanes, and so little work would not be compiled for.
    assert command("sweep", *words, "seeds=5").code == 0
    records = store.read(tmp_path / "outputs" / "c").runs
    assert len(records) > len(first)
    assert {(run["compiled"], run["width"]) for run in records} == {(True, first[0]["width"])}
    # How a cohort is trained is known from its first epoch on, before any of its runs has ended.
    (tmp_path / "outputs" / "c" / "runs-0.jsonl").unlink()
    assert command("sweep", *words).code == 0
    records = store.read(tmp_path / "outputs" / "c").runs
    assert {tuple(run[how] for how in EXECUTION) for run in records} == {tuple(first[0][how] for how in EXECUTION)}
    assert "the result is the same" in command("train", "--from", "outputs/c", "1").out


def test_a_recorded_trial_comes_out_the_same_again(command: Command, trained: Trained, tmp_path: Path) -> None:
    trained(*GRID)
    outcome = command("train", "--from", "outputs/grid", "2")
    assert outcome.code == 0
    assert outcome.out.count("the same in every epoch") == 2
    assert "the result is the same" in outcome.out
    # A record that says something else than the training is found out.
    path = tmp_path / "outputs" / "grid" / "curves-0.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    key = store.read(tmp_path / "outputs" / "grid").trials[2]["key"]
    where = next(i for i, run_id in enumerate(lines[0]["id"]) if run_id.startswith(key))
    lines[0]["val_loss"][where] += 1e-6
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    outcome = command("train", "--from", "outputs/grid", "2")
    assert outcome.code == 1
    assert "NOT the same" in outcome.out


@pytest.mark.slow
def test_a_diverging_run_fails_alone_and_is_tried_again_so_often(command: Command, tmp_path: Path) -> None:
    words = ("sweep", *SMALL, "optimizer=sgd", "optimizer.lr=0.1,1e30", "rate=0.3", "name=nan")
    outcome = command(*words)
    assert outcome.code == 1
    assert "failed: trial" in outcome.out
    assert "diverged" in outcome.out
    assert "4 runs failed" in outcome.err
    folder = tmp_path / "outputs" / "nan"
    statuses = [run["status"] for run in runs(folder)]
    assert (statuses.count("complete"), statuses.count("failed")) == (4, 4)
    assert "4 failed runs are tried again" in command(*words).out
    outcome = command(*words)
    assert "4 failed runs are not tried again" in outcome.out
    assert outcome.code == 1
    assert max(run["attempt"] for run in runs(folder)) == 2


def test_an_exception_in_training_is_recorded_with_its_traceback(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dropout_lab.dropout.standard import Standard

    def explode(*arguments: object) -> None:
        raise ZeroDivisionError("the mask is gone")

    monkeypatch.setattr(Standard, "train", explode)
    outcome = command("train", *SMALL, "name=boom")
    assert outcome.code == 1
    for run in runs(tmp_path / "outputs" / "boom"):
        assert run["status"] == "failed"
        assert run["reason"] == "ZeroDivisionError: the mask is gone"
        assert "in explode" in run["traceback"]


@pytest.mark.slow
def test_a_suggestion_that_cannot_be_trained_is_told_and_the_search_goes_on(command: Command, tmp_path: Path) -> None:
    # Either end of each range goes with the first end of the other; weight x rate does not stay below 1 everywhere.
    weights = ("placement=none", "+placement.weights.hidden=interval(0.2,3.0)", "rate=interval(0.0,0.9)")
    outcome = command("sweep", *SMALL, "sampler=random", "sampler.seed=0", *weights, "n_trials=8", "name=s")
    assert outcome.code == 0
    assert "a suggestion of the sampler that cannot be trained" in outcome.out
    assert sum(bool(trial["rates"]) for trial in store.read(tmp_path / "outputs" / "s").trials) == 8


@pytest.mark.slow
def test_fewer_seeds_are_reported_without_the_others(reported: Command, trained: Trained, tmp_path: Path) -> None:
    words = ("sweep", *SMALL[:-1], "rate=0,0.3")
    trained(*words, "seeds=2", "name=two")
    trained(*words, "seeds=4", "name=s")
    said = reported(*words, "seeds=2", "name=s").out
    columns = ["val_loss", "val_loss_low", "n_complete"]
    found, expected = (table(tmp_path / "outputs" / name)[columns] for name in ("s", "two"))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert "2 seeds each" in " ".join(said.split())
    assert "the runs of other seeds are in the records" in (tmp_path / "outputs" / "s" / "report.md").read_text()


IMAGES = (
    *("model=cnn", "placement=conv", "dataset.limit=40", "trainer.epochs=1", "trainer.batch_size=20", "seeds=2"),
    "trainer.compile=never",
)


def configurations(folder: Path) -> list[tuple[Any, ...]]:
    """What was swept, of every trial with dropout."""
    return sorted(tuple(trial["params"].items()) for trial in store.read(folder).trials if trial["rates"])


@pytest.mark.parametrize("sizes", ["2,3", "2"])
@pytest.mark.slow
def test_a_key_of_one_member_is_swept_where_that_member_is(sizes: str, command: Command, tmp_path: Path) -> None:
    words = ("sweep", *IMAGES, "dropout=standard,dropblock", f"dropout.block_size={sizes}", "rate=0.2", "name=s")
    assert command(*words).code == 0
    expected = [(("dropout", "dropblock"), ("dropout.block_size", int(size))) for size in sizes.split(",")]
    found = [tuple(item for item in trial if item[0] != "rate") for trial in configurations(tmp_path / "outputs" / "s")]
    assert found == [*expected, (("dropout", "standard"),)]


@pytest.mark.slow
def test_a_sampler_asks_for_such_a_key_where_it_means_something(command: Command, tmp_path: Path) -> None:
    words = ("dropout=standard,dropblock", "dropout.block_size=2,3", "rate=interval(0.1,0.5)", "sampler=random")
    assert command("sweep", *IMAGES, *words, "sampler.seed=1", "n_trials=6", "name=s").code == 0
    trials = [dict(trial) for trial in configurations(tmp_path / "outputs" / "s")]
    assert {trial["dropout"] for trial in trials} == {"standard", "dropblock"}
    assert all(("dropout.block_size" in trial) == (trial["dropout"] == "dropblock") for trial in trials)


def test_zipped_keys_go_together_value_by_value(command: Command, tmp_path: Path) -> None:
    words = (
        "rate=0.1,0.3,0.5",
        "optimizer.lr=0.01,0.02,0.03",
        "optimizer.weight_decay=0,0.1",
        "zip=[[rate,optimizer.lr]]",
    )
    assert command("sweep", *SMALL, *words, "name=s").code == 0
    found = [dict(trial) for trial in configurations(tmp_path / "outputs" / "s")]
    assert {(trial["rate"], trial["optimizer.lr"]) for trial in found} == {(0.1, 0.01), (0.3, 0.02), (0.5, 0.03)}
    assert len(found) == 6


@pytest.mark.slow
def test_a_zip_has_repeats_and_is_for_the_grids_that_have_its_keys(command: Command, tmp_path: Path) -> None:
    grids = "grids=[{rate:[0.1,0.1,0.3],optimizer.lr:[0.01,0.02,0.03]},{placement:[input]}]"
    assert command("sweep", *SMALL, grids, "zip=[[rate,optimizer.lr]]", "name=s").code == 0
    found = [dict(trial) for trial in configurations(tmp_path / "outputs" / "s")]
    pairs = {(trial["placement"], trial["rate"], trial["optimizer.lr"]) for trial in found}
    assert pairs == {
        *(("hidden", 0.1, 0.01), ("hidden", 0.1, 0.02), ("hidden", 0.3, 0.03)),
        ("input", 0.5, 0.001),
    }


@pytest.mark.slow
def test_no_dropout_is_trained_alike_whatever_losses_are_swept(command: Command, tmp_path: Path) -> None:
    words = ("model.norm=batch", "placement=last", "rate=0.3")
    assert command("sweep", *SMALL, *words, "name=one").code == 0
    for order in ("plain,multi_sample", "multi_sample,plain"):
        assert command("sweep", *SMALL, *words, f"loss={order}", f"name={order[:5]}").code == 0
    runs = [store.read(tmp_path / "outputs" / name) for name in ("one", "plain", "multi")]
    key = next(trial["key"] for trial in runs[0].trials if not trial["rates"])
    one, *others = ({run["seed"]: run["val_loss"] for run in read.runs if run["key"] == key} for read in runs)
    assert others == [one, one]


@pytest.mark.slow
def test_data_that_have_changed_are_not_mixed_with_what_was_learnt(command: Command, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,b,y\n" + "".join(f"{i % 7},{i % 5},{i % 2}\n" for i in range(80)))
    words = ("dataset=table", f"dataset.path={table}", "dataset.target=y", *SMALL[1:], "rate=0.1", "name=s")
    assert command("sweep", *words).code == 0
    assert command("sweep", *words, "seeds=3").code == 0
    table.write_text(table.read_text().replace("3,", "4,"))
    outcome = command("sweep", *words, "seeds=4")
    assert outcome.code == 2
    assert "has changed since" in outcome.err


@pytest.mark.slow
def test_united_grids_have_their_own_keys_and_the_defaults_of_the_others(command: Command, tmp_path: Path) -> None:
    grids = "grids=[{placement:input,rate:[0.1,0.2]},{dropout:[standard,gaussian]},{optimizer.lr:0.02,seeds_:1}]"
    assert "seeds_: there is no such key" in command("sweep", *SMALL, grids, "name=s").err
    grids = grids.replace(",seeds_:1}", "},{rates:{input:0.3}}")
    assert command("sweep", *SMALL, grids, "name=s").code == 0
    keys = ("placement", "rate", "dropout", "optimizer.lr")
    found = [tuple(dict(trial).get(key) for key in keys) for trial in configurations(tmp_path / "outputs" / "s")]
    assert sorted(found) == [
        ("hidden", 0.5, "gaussian", 0.001),
        ("hidden", 0.5, "standard", 0.001),
        ("hidden", 0.5, "standard", 0.001),  # and 0.3 at the input
        ("hidden", 0.5, "standard", 0.02),
        ("input", 0.1, "standard", 0.001),
        ("input", 0.2, "standard", 0.001),
    ]


@pytest.mark.slow
def test_methods_by_site_are_swept_named_and_trained_again(command: Command, tmp_path: Path) -> None:
    words = ("placement=everywhere", "rate=0.2", "dropouts.conv=spatial,max_pooling", "dropouts.hidden=dropconnect")
    assert command("sweep", *IMAGES[:1], *IMAGES[2:], *words, "name=s").code == 0
    folder = tmp_path / "outputs" / "s"
    labels = sorted(trial["label"]["dropout"] for trial in store.read(folder).trials if trial["rates"])
    assert labels == [
        f"standard: input, pool.0, pool.1; {method}: conv.0, conv.1; dropconnect: hidden.0"
        for method in ("max_pooling", "spatial")
    ]
    number = next(trial["trial"] for trial in store.read(folder).trials if trial["rates"])
    assert "the result is the same" in command("train", "--from", "outputs/s", str(number)).out
    # One method at all sites that drop is that method, however it was spelt.
    spelt = ("placement=conv", "rate=0.2")
    command("sweep", *IMAGES[:1], *IMAGES[2:], *spelt, "dropout=spatial", "name=one")
    command("sweep", *IMAGES[:1], *IMAGES[2:], *spelt, "dropouts.conv=spatial", "name=two")
    one, two = (store.read(tmp_path / "outputs" / name).trials[-1] for name in ("one", "two"))
    assert (one["key"], one["label"]["dropout"]) == (two["key"], two["label"]["dropout"])


@pytest.mark.slow
def test_the_report_says_how_sure_the_networks_are(reported: Command, tmp_path: Path) -> None:
    learning = ("trainer.epochs=9", "optimizer.lr=0.01")
    assert reported("sweep", *SMALL, *learning, "rate=0.3", "trainer.mc_samples=5", "seeds=3", "name=s").code == 0
    folder = tmp_path / "outputs" / "s"
    sure = pd.read_csv(folder / "tables" / "confidence.csv")
    assert sure["members"].tolist() == [3] * len(sure)
    probs = [np.exp(np.load(path)["log_probs"].astype(float)) for path in sorted((folder / "predictions").iterdir())]
    targets = np.load(next((folder / "predictions").iterdir()))["targets"]
    runs = pd.read_parquet(folder / "runs.parquet")
    for _, row in sure.iterrows():
        ids = sorted(runs[runs["trial"] == row["trial"]]["id"])
        mine = [
            probs[index] for index, path in enumerate(sorted((folder / "predictions").iterdir())) if path.stem in ids
        ]
        mean = np.mean([p / p.sum(1, keepdims=True) for p in mine], axis=0)
        assert row["ensemble_accuracy"] == pytest.approx((mean.argmax(1) == targets).mean())
        assert row["ensemble_loss"] == pytest.approx(-np.log(mean[np.arange(len(targets)), targets]).mean(), rel=1e-6)
    assert "One network and the ensemble" in (folder / "report.md").read_text()
    assert "mutual information" in (folder / "report.html").read_text()
    assert reported("sweep", *SMALL, "rate=0.3", "trainer.keep_predictions=false", "name=none").code == 0
    assert not (tmp_path / "outputs" / "none" / "predictions").exists()
    assert "One network and the ensemble" not in (tmp_path / "outputs" / "none" / "report.md").read_text()


@pytest.mark.parametrize("words", rotated([(), ("device=cpu",), ("hydra.verbose=false", "seeds=2")], turn=2))
def test_a_sweep_of_nothing_in_particular_is_the_default_sweep(words: tuple[str, ...], command: Command) -> None:
    outcome = command("sweep", *words, "dry_run=true")
    assert f"25 configurations x {2 if len(words) == 2 else 10} seeds" in outcome.out
    assert "limit: 300" in command("sweep", *words, "--cfg", "job").out


@pytest.mark.parametrize(
    ("model", "placements"),
    [
        ("rnn", "input,everywhere"),
        ("transformer", "input,everywhere"),
        ("mlp", "input,hidden"),
    ],
)
@pytest.mark.slow
def test_the_default_sweep_has_the_placements_of_the_model(model: str, placements: str, command: Command) -> None:
    words = (f"model={model}", "model.width=8", "name=mine", "dry_run=true", "seeds=1", "trainer.epochs=1")
    result = command("sweep", *words)
    assert result.code == 0, result.err
    assert all(f"│ {placement} " in result.out for placement in placements.split(","))
    assert ("│ hidden " in result.out) == (model == "mlp")


@pytest.mark.slow
@pytest.mark.parametrize(("model", "method"), [("rnn", "zoneout"), ("cnn", "spatial"), ("transformer", "layerdrop")])
def test_the_default_sweep_has_placements_at_which_the_method_can_act(
    model: str, method: str, command: Command
) -> None:
    words = (f"model={model}", f"dropout={method}", "name=mine", "dry_run=true", "seeds=1", "trainer.epochs=1")
    result = command("sweep", *words)
    assert result.code == 0, result.err
    assert "│ everywhere " in result.out
    assert "│ input " not in result.out or method == "spatial"


@pytest.mark.parametrize("sampler", ["tpe", "nsgaii"])
@pytest.mark.slow
def test_samplers_train_as_many_configurations_as_asked_and_the_baseline(
    sampler: str, command: Command, tmp_path: Path
) -> None:
    """All of them with a trainer that is made up: `tests/sweeper/test_sweeps.py`."""
    words = ("sweep", *SMALL, f"sampler={sampler}", "rates.input=interval(0,0.5)", "rates.hidden=interval(0,0.8)")
    two = ("objective=[val_loss,gap]",) if sampler == "nsgaii" else ()
    assert command(*words, *two, "n_trials=4", "name=s").code == 0
    records = store.read(tmp_path / "outputs" / "s")
    assert sum(not trial["rates"] for trial in records.trials) == 1
    assert sum(bool(trial["rates"]) for trial in records.trials) == 4
    assert command(*words, *two, "n_trials=6", "name=s").code == 0
    assert sum(bool(trial["rates"]) for trial in store.read(tmp_path / "outputs" / "s").trials) == 6


@pytest.mark.parametrize("pruner", ["hyperband", "wilcoxon"])
@pytest.mark.slow
def test_pruners_really_stop_runs(pruner: str, command: Command, tmp_path: Path) -> None:
    """By epochs and by seeds; all of them with a trainer that is made up: `tests/sweeper/test_sweeps.py`."""
    words = (
        *("sweep", "dataset=wine", "model.width=16", "trainer.batch_size=16", "trainer.epochs=12", "trainer.width=4"),
        *(f"pruner={pruner}", "rate=0,0.1,0.9,0.95,0.97,0.98,0.985,0.99", "seeds=6", "name=p", "optimizer.lr=0.01"),
        "trainer.compile=never",
    )
    assert command(*words).code == 0
    records = store.read(tmp_path / "outputs" / "p")
    pruned = [run for run in records.runs if run["status"] == "pruned"]
    assert pruned
    assert all(run["epochs"] < 12 for run in pruned)
    assert "runs are in the records already" in command(*words).out
    assert len(store.read(tmp_path / "outputs" / "p").runs) == len(records.runs)


@pytest.mark.slow
def test_structure_can_be_swept(command: Command, tmp_path: Path) -> None:
    words = ("sweep", "dataset.limit=64", "trainer.epochs=1", "seeds=2", "rate=0.2", "name=m", IMAGES[-1])
    assert command(*words, "model=mlp,cnn", "optimizer=sgd,adamw", "trainer.batch_size=32").code == 0
    records = store.read(tmp_path / "outputs" / "m")
    assert len(records.trials) == 2 * 2 * 2
    assert len({trial["context"] for trial in records.trials}) == 4
    assert len(records.runs) == 16


def test_a_regression_sweep(command: Command, tmp_path: Path) -> None:
    assert command("sweep", "dataset=diabetes", "trainer.epochs=3", "seeds=2", "rate=0.1,0.4", "name=r").code == 0
    assert all(run["val_accuracy"] is None for run in runs(tmp_path / "outputs" / "r"))


@pytest.mark.slow
def test_an_experiment_brings_its_sweep_and_the_command_line_wins_over_it(command: Command) -> None:
    outcome = command("sweep", "experiment=rate_by_width", "seeds=2", "rate=0.1,0.2", "dry_run=true")
    assert "15 configurations x 2 seeds = 30 runs" in outcome.out
    # The file's own settings win over the defaults of config.yaml.
    assert "batch_size: 32" in command("sweep", "experiment=rate_by_width", "--cfg", "job").out


def test_help_names_every_group_and_its_members(command: Command) -> None:
    out = command("sweep", "--help").out
    for said in (
        "dataset: adding, adult, ag_news, arrays, breast_cancer, cifar10",
        "model: cnn, huggingface, mlp, own",
        "sampler: cmaes, gp, grid",
        "epochs: 30",
    ):
        assert said in out
    assert "dropout-lab report FOLDER" in command().out


def test_config_dir_adds_members(command: Command, tmp_path: Path) -> None:
    (tmp_path / "my" / "model").mkdir(parents=True)
    (tmp_path / "my" / "model" / "tiny.yaml").write_text("defaults: [mlp]\nwidth: 4\ndepth: 1\n")
    outcome = command("train", "model=tiny", "--config-dir", "my", "dataset=wine", "trainer.epochs=2", "name=tiny")
    assert outcome.code == 0
    assert store.read(tmp_path / "outputs" / "tiny").trials[0]["config"]["model"]["width"] == 4


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("sw", ["sweep"]),
        (
            "sweep model=",
            [f"model={name}" for name in ("cnn", "huggingface", "mlp", "own", "resnet", "rnn", "transformer")],
        ),
        ("train trainer.ep", ["trainer.epochs="]),
    ],
)
def test_tab_completion(line: str, offered: list[str], command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LINE", f"dropout-lab {line}")
    monkeypatch.setenv("COMP_POINT", str(len(f"dropout-lab {line}")))
    assert command("-sc", "query=bash").out.split() == offered


@pytest.mark.slow
def test_a_narrower_command_does_not_train_what_a_wider_one_left(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CohortTrainer, "train", interrupted)
        assert command("sweep", *SMALL, "rate=0,0.1,0.2,0.3,0.4", "name=n").code == 130
    assert command("sweep", *SMALL, "rate=0,0.2", "name=n").code == 0
    folder = tmp_path / "outputs" / "n"
    rates = {trial["key"]: trial["label"]["rate"] for trial in store.read(folder).trials}
    assert sorted(rates[run["key"]] for run in runs(folder)) == [0.0, 0.0, 0.2, 0.2]
    assert command("sweep", *SMALL, "rate=0,0.1,0.2,0.3,0.4", "name=n").code == 0
    assert len(runs(folder)) == 10


@pytest.mark.slow
def test_an_interruption_between_the_study_and_the_record_of_a_trial_is_healed(
    command: Command, tmp_path: Path
) -> None:
    command("sweep", *SMALL, "rate=0,0.2", "seeds=1", "name=n")
    folder = tmp_path / "outputs" / "n"
    # As if killed after the study took the second trial and before its record was written, or its run began.
    (folder / "trials.jsonl").write_text(json.dumps(store.read(folder).trials[0]) + "\n")
    (folder / "runs-0.jsonl").write_text(json.dumps(runs(folder)[0]) + "\n")
    assert command("sweep", *SMALL, "rate=0,0.2", "seeds=1", "name=n").code == 0
    assert len(runs(folder)) == len(store.read(folder).trials) == 2


@pytest.mark.slow
def test_an_interruption_before_the_first_record_is_healed(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    folder = tmp_path / "outputs" / "n"
    with monkeypatch.context() as patch:
        patch.setattr(Study, "__init__", interrupted)
        assert command("sweep", *SMALL, "rate=0,0.2", "name=n").code == 130
    # The journal is made before the first record, and a crash of the machine can tear its last line.
    (folder / "study.journal").write_text('{"op_code":0,"wor')
    assert not is_sweep(folder)
    done = command("sweep", *SMALL, "rate=0,0.2", "name=n")
    assert done.code == 0, done.err
    assert "study.journal: the last record was torn" in done.out
    assert len(runs(folder)) == 4


@pytest.mark.parametrize(
    ("interrupted", "words", "said"),
    [
        ("dropout_lab.app.application.run", ("sweep", "name=my sweep"), "What is done is kept. To continue"),
        ("dropout_lab.app.run.make_plan", ("train", *SMALL), "What is done is kept. To continue"),
        ("dropout_lab.app.run.prepare", ("train", *SMALL, "name=x"), "What is done is kept in outputs/x. To continue"),
        ("dropout_lab.app.report.report", ("report", "outputs/x"), "To begin again"),
    ],
)
def test_ctrl_c_at_any_time_says_how_to_go_on(
    interrupted: str, words: tuple[str, ...], said: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(interrupted, stop)
    stopped = command(*words)
    assert (stopped.code, stopped.err) == (130, "")
    assert stopped.out.endswith(f"\nInterrupted. {said}:\n  dropout-lab {shlex.join(words)}\n")
    assert stopped.out.count("Interrupted") == 1
