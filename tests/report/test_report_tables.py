"""The tables beside configurations: made again by hand, and of odd sweeps."""

import json
import statistics
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dropout_lab.core.errors import UserError
from dropout_lab.report.frames.load import Frames, load
from dropout_lab.report.frames.ranking import ranked
from dropout_lab.report.statistics import kaplan_meier, restricted_mean
from dropout_lab.report.topics.configurations.configurations import configurations
from dropout_lab.report.topics.convergence.convergence import convergence, survival_curves
from dropout_lab.report.topics.convergence.time_ratio import HONEST, _restricted, time_ratio
from dropout_lab.report.topics.curves.curve_shape import DIAGNOSES, curve_shape, median_of_three, shapes
from dropout_lab.report.topics.differences.best_epoch import best_epoch
from dropout_lab.report.topics.differences.comparisons import comparisons
from dropout_lab.report.topics.differences.optimism import selection_optimism
from dropout_lab.report.topics.differences.to_best import to_best
from dropout_lab.report.topics.gap.gaps import gaps
from dropout_lab.report.topics.outline import tables
from dropout_lab.report.topics.rates.best_rates import best_rates
from dropout_lab.report.topics.search.best_so_far import best_so_far
from dropout_lab.report.topics.search.edges import edges
from dropout_lab.report.topics.search.pareto import pareto
from tests.report.canned import Planned, Sweep, Values, grid, hump, planned
from tests.report.figures.odd import sweeps as hard_to_draw
from tests.report.large import Large, search
from tests.rotate import rotated

pytestmark = pytest.mark.xdist_group("report_tables")  # one worker makes what all read

Loaded = tuple[Path, Frames, pd.DataFrame]


def sweeps() -> dict[str, Sweep]:
    """Sweeps that are hard to draw, and sweeps of which little is known."""
    small = grid(rates=(0.0, 0.1, 0.2, 0.3), effect=hump)
    return {
        **hard_to_draw(),
        "nothing": Sweep([]),
        "no runs": Sweep(small, fate=lambda t, s: "absent"),
        "all failed": Sweep(small, fate=lambda t, s: "failed"),
        "all pruned": Sweep(small, fate=lambda t, s: "pruned"),
        "seeds missing": Sweep(small, fate=lambda t, s: "absent" if s else "complete"),
        "trials missing": Sweep(small, fate=lambda t, s: "absent" if t > 5 else "complete"),
        "baseline failed": Sweep(small, fate=lambda t, s: "complete" if t else "failed"),
        "baseline alone": Sweep([planned("hidden", 0.0)]),
        "stopped": Sweep(grid(rates=(0.0, 0.1, 0.2, 0.3), effect=hump, patience=2), patience=2),
        "an objective of its own": Sweep(small, session={"objective": ["seconds"]}),
    }


def loaded(sweep: Sweep, folder: Path) -> Loaded:
    frames = load(sweep.write(folder))
    return folder, frames, ranked(configurations(frames), frames.objectives[0], frames.seeds)


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return loaded(Sweep(grid(effect=hump), noise=0.02), tmp_path_factory.mktemp("sweeps") / "default")


def curves_of(folder: Path, metric: str = "val_loss") -> dict[str, list[float]]:
    curves: dict[str, list[float]] = {}
    for line in (folder / "curves-0.jsonl").read_text().splitlines():
        record: dict[str, Any] = json.loads(line)
        for run, value in zip(record["id"], record[metric], strict=True):
            curves.setdefault(run, []).append(value)
    return curves


def by(found: pd.DataFrame, *names: str) -> dict[Any, dict[str, Any]]:
    """The rows by what these columns hold."""
    return {key: dict(row) for key, row in found.set_index(list(names) if len(names) > 1 else names[0]).iterrows()}


@pytest.mark.parametrize("name", rotated(sweeps(), turn=2, of=9))
def test_odd_sweeps_have_all_tables(name: str, tmp_path: Path) -> None:
    _, frames, table = loaded(sweeps()[name], tmp_path / "s")
    for title, one in tables().items():
        made = one.make(frames, table)
        assert list(made.columns) == list(one.columns), title
        for column, about in one.columns.items():
            assert made[column].dtype == np.dtype(about.kind), (title, column)
        if "trial" in one.columns:
            assert set(made["trial"]) <= set(frames.trials["trial"])
    survival_curves(frames, table.head(3))


def test_compared_with_any_trial(default: Loaded) -> None:
    folder, frames, table = default
    found = comparisons(frames, table, baseline=11, margins={"val_loss": 0.05})
    losses = found[found["metric"] == "val_loss"].set_index("trial")
    assert 11 not in losses.index
    assert 0 in losses.index
    runs = [json.loads(line) for line in (folder / "runs-0.jsonl").read_text().splitlines()]
    values: dict[Any, float] = {(run["key"], run["seed"]): run["val_loss"] for run in runs}
    keys = dict(zip(frames.trials["trial"], frames.trials["key"], strict=True))
    for trial, row in by(losses.reset_index(), "trial").items():
        ours, theirs = ([values[keys[t], seed] for seed in range(5)] for t in (trial, 11))
        test = stats.ttest_rel(ours, theirs)
        assert row["mean"] == pytest.approx(statistics.mean(ours) - statistics.mean(theirs))
        assert row["p"] == pytest.approx(test.pvalue)
        assert row["improvement"] == sum(a < b for a, b in zip(ours, theirs, strict=True)) / 5
        off = np.subtract(ours, theirs)
        above = stats.ttest_1samp(off, -0.05, alternative="greater").pvalue
        below = stats.ttest_1samp(off, 0.05, alternative="less").pvalue
        assert row["p_equivalence"] == pytest.approx(max(above, below))
        assert row["against"] == 11
        assert row["p_flip_least"] == 1, "24 tests of five seeds"
    corrected = np.sort(losses["p_equivalence"]) * np.arange(24, 0, -1)
    expected = np.minimum(np.maximum.accumulate(corrected), 1)
    assert np.sort(losses["p_equivalence_holm"]) == pytest.approx(expected)
    accuracy = found[found["metric"] == "val_accuracy"].set_index("trial")
    assert list(accuracy["improvement"].loc[losses.index]) == list(losses["improvement"])
    assert (accuracy["margin"] == 0.005).all()
    with pytest.raises(UserError, match="there is no trial 99: the sweep has 25 trials, from 0 to 24"):
        comparisons(frames, table, baseline=99)


def test_gaps_are_beside_the_validation(default: Loaded) -> None:
    folder, frames, table = default
    found = gaps(frames, table)
    assert len(found) == 4 * 25
    train, val = curves_of(folder, "train_loss"), curves_of(folder)
    row = found[(found["trial"] == 11) & (found["measure"] == "loss") & (found["epoch"] == "last")].iloc[0]
    keys = dict(zip(frames.trials["trial"], frames.trials["key"], strict=True))
    last = {t: [val[f"{keys[t]}-{s}-1"][-1] - train[f"{keys[t]}-{s}-1"][-1] for s in range(5)] for t in (0, 11)}
    assert row["gap"] == pytest.approx(statistics.mean(last[11]))
    assert row["difference"] == pytest.approx(statistics.mean(last[11]) - statistics.mean(last[0]))
    assert row["gap"] == pytest.approx(row["validation"] - row["train"])
    accuracies = found[found["measure"] == "accuracy"]
    np.testing.assert_allclose(accuracies["gap"], accuracies["train"] - accuracies["validation"])
    # Train loss grows with the rate, so the gap is the smallest at the greatest rate, whatever the validation.
    best = found[(found["measure"] == "loss") & (found["epoch"] == "best")].sort_values("gap")
    assert best["name"].iloc[0].endswith("0.8")


def test_who_did_not_train_to_the_end_is_not_at_its_own_best(tmp_path: Path) -> None:
    plan = grid(("hidden",), (0.0, 0.3), hump)
    fate = {0: "complete", 1: "pruned", 2: "failed", 3: "complete", 4: "complete"}
    folder, frames, table = loaded(Sweep(plan, fate=lambda t, s: fate[s] if t else "complete"), tmp_path / "s")
    found = by(convergence(frames, table), "definition", "trial")
    own = found["own_best", 1]
    assert (own["n"], own["n_reached"]) == (5, 3)
    assert found["target", 1]["n"] == 5
    curves = curves_of(folder)
    key = frames.trials["key"].iloc[1]
    epochs = []
    for seed in range(5):
        losses = curves[f"{key}-{seed}-1"]
        there = next(epoch for epoch, loss in enumerate(losses, 1) if loss <= 1.01 * min(losses))
        epochs.append((there, True) if fate[seed] == "complete" else (len(losses), False))
    # The two that were ended early are out before any of the others is there: the median is of the other three.
    assert own["median"] == sorted(there for there, reached in epochs if reached)[1]
    assert own["restricted"] == pytest.approx(statistics.mean(there for there, reached in epochs if reached))
    assert own["seconds_per_epoch"] == pytest.approx(statistics.mean(0.5 / n for n in (30, 6, 2, 30, 30)))
    assert own["restricted_seconds"] == pytest.approx(own["restricted"] * own["seconds_per_epoch"])


def test_early_stopping_is_no_convergence(tmp_path: Path) -> None:
    _, frames, table = loaded(sweeps()["stopped"], tmp_path / "s")
    found = convergence(frames, table)
    own = found[found["definition"] == "own_best"]
    stopped = table.set_index("trial")["n_stopped"]
    assert stopped.sum() > 0
    assert (own["n_reached"] == 5 - stopped.reindex(own["trial"]).to_numpy()).all()


def test_the_mean_epochs_to_convergence_are_of_runs_that_were_not_stopped(tmp_path: Path) -> None:
    _, frames, table = loaded(sweeps()["stopped"], tmp_path / "s")
    ended = frames.runs[~frames.runs["stopped_early"]]
    expected = ended.groupby("trial")["epochs_to_convergence"].mean().reindex(table["trial"])
    assert table["n_stopped"].sum() > 0
    np.testing.assert_allclose(table["epochs_to_convergence"], expected)
    assert not ranked(table, "epochs_to_convergence", 5).loc[lambda t: t["n_stopped"] > 0, "whole"].any()


def test_survival_curves_end_where_the_table_says(default: Loaded) -> None:
    _, frames, table = default
    curves = survival_curves(frames, table.head(4))
    found = by(convergence(frames, table), "definition", "trial")
    for place, part in curves.groupby(["definition", "trial"]):
        assert list(part["epoch"]) == list(range(1, 31))
        assert part["arrived"].sum() == found[place]["n_reached"]
        below = part.loc[part["surviving"] <= 0.5 + 1e-9, "epoch"]
        assert found[place]["median"] == (below.min() if len(below) else np.inf)


def test_the_ratio_can_cross_one() -> None:
    """Dropout here starts more slowly and ends lower: longer to an easy target, and alone at the hardest."""
    plan = [planned("hidden", 0.0, epochs=50), planned("hidden", 0.5, better=0.05, epochs=50)]
    sweep = Large(plan, seeds=9, epochs=50, noise=0.002, common=0.0)
    frames = sweep.frames()
    table = ranked(configurations(frames), "val_loss", 9)
    times = time_ratio(frames, table)
    found = by(times, "progress")
    assert set(times["trial"]) == {1}
    assert found[0.75]["ratio"] > 1.2
    assert found[1.0]["ratio"] < 1
    assert found[1.0]["baseline_n_reached"] == 5, "the median of its own best"
    _, val = sweep.losses()
    for progress in (0.5, 0.9, 1.0):
        first, best = np.median(val[0, :, 0]), np.median(val[0].min(axis=1))
        target = first + progress * (best - first)
        assert found[progress]["target"] == pytest.approx(target)
        arrived = [np.flatnonzero(curve <= target)[:1] + 1 for curve in val[1]]
        assert found[progress]["median"] == statistics.median(int(epoch[0]) for epoch in arrived)
        row = found[progress]
        if pd.notna(row["restricted_low"]):
            assert row["restricted_low"] < row["restricted_ratio"] < row["restricted_high"]


def test_the_rules_of_the_diagnoses() -> None:
    epoch = np.arange(1, 41)
    falling = 2 / epoch**0.5
    turning = 1 / epoch + 0.02 * epoch
    early = np.where(epoch < 8, 2.0 - 0.2 * epoch, 0.4)
    late = 1 - 0.02 * np.minimum(epoch, 30)
    lucky = late.copy()
    lucky[36] = 0.1  # one epoch is no trend
    losses = np.array([falling, turning, early, late, lucky])
    last = np.full(5, 40)
    onset, rise, kind = shapes(median_of_three(losses, last), last, np.full(5, 40.0))
    assert [DIAGNOSES[k] for k in kind] == ["still improving", "overfitting", "saturated early", "settled", "settled"]
    assert onset[1] == np.argmin(turning) + 1
    assert np.isinf(onset[[0, 2, 3, 4]]).all()
    assert rise[1] == pytest.approx(turning[-1] - turning.min(), abs=0.01)


def test_the_area_and_the_turn_of_canned_curves(default: Loaded) -> None:
    folder, frames, table = default
    found = by(curve_shape(frames, table), "trial")
    train, val = curves_of(folder, "train_loss"), curves_of(folder)
    key = frames.trials["key"].iloc[0]
    areas = [sum(np.subtract(val[f"{key}-{s}-1"], train[f"{key}-{s}-1"])) for s in range(5)]
    assert found[0]["area"] == pytest.approx(statistics.mean(areas))
    assert found[0]["diagnosis"] == "overfitting"
    turns = [int(np.argmin(val[f"{key}-{s}-1"])) + 1 for s in range(5)]
    assert abs(found[0]["onset"] - statistics.median(turns)) <= 1


def test_best_so_far_and_its_band() -> None:
    frames = Large(search(120), seeds=3, epochs=10).frames(curves=False)
    table = ranked(configurations(frames), "val_loss", 3)
    found = best_so_far(frames, table)
    means = frames.runs.groupby("trial")["val_loss"].mean()
    assert found["best"].to_numpy() == pytest.approx(means.cummin().to_numpy())
    assert found["best_trial"].iloc[-1] == means.idxmin()
    assert list(found["epochs"]) == [30 * n for n in range(1, 121)]
    drawn = np.random.default_rng(0).choice(means.to_numpy(), size=(20_000, 20)).min(axis=1)
    row = found[found["budget"] == 20].iloc[0]
    expected = np.quantile(drawn, [0.025, 0.5, 0.975], method="inverted_cdf")
    assert [row["low"], row["median"], row["high"]] == pytest.approx(expected, abs=0.004)
    upwards = best_so_far(frames, ranked(table, "val_accuracy", 3), "val_accuracy")
    assert (np.diff(upwards["best"]) >= 0).all()
    assert (upwards["low"] <= upwards["high"]).all()


def test_pareto_by_all_pairs(default: Loaded) -> None:
    _, frames, table = default
    found = pareto(frames, table)
    assert set(found["pair"]) == {"val_accuracy and gap_accuracy", "val_accuracy and epochs_to_target"}
    for _, part in found.groupby("pair"):
        points = part[["first", "second"]].to_numpy()
        for (first, second), on_front in zip(points, part["front"], strict=True):
            better = (points[:, 0] >= first) & (points[:, 1] <= second)
            assert on_front == (not (better & ((points[:, 0] > first) | (points[:, 1] < second))).any())


def test_epochs_have_a_front_per_context() -> None:
    """Targets are of a context: what one with an easy target needs few epochs for beats nothing of another."""
    frames = Large(search(60), seeds=3, epochs=30).frames()
    table = ranked(configurations(frames), "val_loss", 3)
    found = pareto(frames, table)
    found = found[found["second"].notna() & found["pair"].str.endswith("epochs_to_target")]
    contexts = table.set_index("trial")["context"]
    assert (found["context"] == contexts.reindex(found["trial"]).to_numpy()).all()
    assert found["context"].nunique() > 5
    for row in by(found, "trial").values():
        own = found[found["context"] == row["context"]]
        as_good = (own["first"] >= row["first"]) & (own["second"] <= row["second"])
        better = (own["first"] > row["first"]) | (own["second"] < row["second"])
        assert row["front"] == (not (as_good & better).any())


def test_the_best_of_each_value_is_corrected_for_all_that_they_were_chosen_among() -> None:
    frames = Large(grid(effect=hump), seeds=4, epochs=40).frames(curves=False)
    table = ranked(configurations(frames), "val_loss", 4)
    found, compared = edges(frames, table), comparisons(frames, table, metrics=["val_loss"]).set_index("trial")
    assert found["p_holm"].to_numpy() == pytest.approx(compared["p_holm"].reindex(found["trial"]).to_numpy())
    several = Large(search(60), seeds=3, epochs=10).frames(curves=False)
    found = edges(several, ranked(configurations(several), "val_loss", 3))
    own = several.trials.set_index("trial")["context"]
    same = own.reindex(found["trial"]).to_numpy() == own.reindex(found["baseline_trial"].astype(int)).to_numpy()
    assert (found["p_holm"].notna() == same).all()
    assert same.any()
    assert not same.all()


@pytest.mark.parametrize(("runs", "honest"), [(5, False), (HONEST, True)])
def test_ratios_of_few_runs_are_marked_as_rough(runs: int, honest: bool) -> None:
    """1000 times: epochs to a target, geometric, censored at 40; the true ratio of restricted means is 1."""
    count, horizon = 2000, 40
    epochs = np.random.default_rng(runs).geometric(0.05, size=count * runs)
    found = kaplan_meier(
        np.repeat(np.arange(count), runs), np.minimum(epochs, horizon), epochs <= horizon, count, horizon
    )
    area, error = restricted_mean(found, horizon)
    ours = _restricted(area[::2], error[::2], area[1::2], error[1::2])
    covered = ((ours["restricted_low"] <= 1) & (ours["restricted_high"] >= 1)).mean()
    assert (covered >= 0.93) == honest
    plan = [planned("hidden", 0.0), planned("hidden", 0.5, better=0.05)]
    frames = Large(plan, seeds=runs, epochs=30).frames()
    assert (time_ratio(frames, ranked(configurations(frames), "val_loss", runs))["restricted_honest"] == honest).all()


def test_the_bias_of_the_choice_is_of_the_objective(default: Loaded) -> None:
    _, frames, table = default
    found = selection_optimism(frames, table).iloc[0]
    assert found["trial"] == table["trial"].iloc[0]
    assert found["value"] == pytest.approx(table["val_loss"].iloc[0])
    assert found["optimism"] > 0
    assert found["corrected"] == pytest.approx(found["value"] + found["optimism"])
    few = Large(grid(effect=hump), seeds=3).frames(curves=False)
    assert selection_optimism(few, ranked(configurations(few), "val_loss", 3))["optimism"].isna().all()


def test_the_bias_of_the_best_epoch_by_hand(default: Loaded) -> None:
    """Each run's loss at the epoch that the other four would choose together."""
    folder, frames, table = default
    found = by(best_epoch(frames, table), "trial")
    val = curves_of(folder)
    keys = dict(zip(frames.trials["trial"], frames.trials["key"], strict=True))
    others: dict[int, list[float]] = {}
    for trial in (0, 11):
        curves = np.array([val[f"{keys[trial]}-{seed}-1"] for seed in range(5)])
        others[trial] = [curves[s, np.delete(curves, s, axis=0).mean(axis=0).argmin()] for s in range(5)]
        assert found[trial]["val_loss"] == pytest.approx(curves.min(axis=1).mean())
        assert found[trial]["at_others_epoch"] == pytest.approx(np.mean(others[trial]))
        assert found[trial]["bias"] == pytest.approx(np.mean(others[trial]) - curves.min(axis=1).mean())
    assert found[11]["difference"] == pytest.approx(np.mean(others[11]) - np.mean(others[0]))


def test_the_rates_of_the_confidence_set(default: Loaded) -> None:
    _, frames, table = default
    found = best_rates(frames, table)
    assert list(found["rate"]) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    assert list(found["configurations"]) == [1, *[3] * 8]
    assert found.loc[found["best"], "rate"].tolist() == [table["rate"].iloc[0]]
    assert found.loc[found["best"], "in_set"].all()
    first = table[table["whole"]].groupby(np.where(table["baseline"], 0.0, table["rate"]))["val_loss"].min()
    assert list(found["mean"]) == pytest.approx(list(first))
    beside = to_best(frames, table)
    may_be = {*beside.loc[~(beside["p_best"] < 0.05), "trial"], table["trial"].iloc[0]}
    rates = table.loc[table["trial"].isin(may_be)]
    assert set(found.loc[found["in_set"], "rate"]) == set(np.where(rates["baseline"], 0.0, rates["rate"]))


def test_a_large_sweep_is_what_its_folder_would_be(tmp_path: Path) -> None:
    """The generator's frames against what is loaded of the records that it writes."""
    sweep = Large(search(40), seeds=3, epochs=12)
    read = load(sweep.write(tmp_path / "s"))
    made = replace(sweep.frames(), lanes=read.lanes)
    pd.testing.assert_frame_equal(made.trials, read.trials)
    for ours, theirs in ((made.runs, read.runs), (made.curves, read.curves)):
        shared = [name for name in theirs if name in ours]
        assert len(shared) > 8
        pd.testing.assert_frame_equal(ours[shared], theirs[shared], check_dtype=False)
    newer = [str(name) for name in read.runs if name not in made.runs]  # metrics that the generator does not know
    made = replace(made, runs=made.runs.assign(**{name: read.runs[name].to_numpy() for name in newer}))
    table = ranked(configurations(read), "val_loss", 3)
    of_folders = {"test_set", "confidence"}  # they read predictions, of which there are none
    for title, one in tables().items():
        if title not in of_folders:
            pd.testing.assert_frame_equal(one.make(made, table), one.make(read, table), obj=title)


def test_intervals_end_where_means_do(tmp_path: Path) -> None:
    """Two seeds of nearly 100 % and nearly no loss: t intervals are wide, accuracies end at 1 and losses at 0."""

    class Sure(Sweep):
        def curves(self, planned: Planned, seed: int, status: str) -> Values:
            values = super().curves(planned, seed, status)
            return values | {
                name: [(0.999 if "accuracy" in name else 0.001) - 0.001 * seed * (-1) ** ("loss" in name)] * 30
                for name in values
            }

    folder = Sure(grid(("hidden",), (0.0, 0.3, 0.5)), seeds=2).write(tmp_path / "s")
    frames = load(folder)
    table = ranked(configurations(frames), "val_loss", 2)
    assert (table["val_accuracy_high"] == 1).all()
    assert (table["val_loss_low"] == 0).all()
    assert (table["val_accuracy_low"] < 0.995).all(), "the other end stays"
    found = gaps(frames, table)
    accuracy = found[found["measure"] == "accuracy"]
    assert (accuracy[["gap", "validation", "train"]].abs() <= 1).all(axis=None), "gaps in accuracy are fractions, too"
