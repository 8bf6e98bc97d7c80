"""The tables' numbers, made again in plain Python from the raw lines of the files."""

import json
import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dropout_lab.report.frames.load import Frames, load
from dropout_lab.report.frames.ranking import front, ranked
from dropout_lab.report.topics.choice import choose
from dropout_lab.report.topics.configurations.configurations import configurations
from dropout_lab.report.topics.lines import by_rate, chosen
from dropout_lab.report.topics.rates.heatmap import heatmap
from tests.report.canned import Sweep, grid, hump, planned

pytestmark = pytest.mark.xdist_group("tables")  # one worker makes what all read

T4 = 2.7764451051977987
"""The 97.5 % point of Student's t with 4 degrees of freedom."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Sweep(grid(effect=hump), noise=0.02).write(tmp_path_factory.mktemp("sweeps") / "default")


@pytest.fixture(scope="module")
def frames(folder: Path) -> Frames:
    return load(folder)


@pytest.fixture(scope="module")
def table(frames: Frames) -> pd.DataFrame:
    return configurations(frames)


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def runs_of(folder: Path, key: str) -> list[dict[str, Any]]:
    return sorted((run for run in lines(folder, "runs-0.jsonl") if run["key"] == key), key=lambda run: run["seed"])


METRICS = ("val_loss", "val_accuracy", "test_loss", "gap_loss", "gap_accuracy", "epochs_to_convergence")


def test_means_and_intervals(folder: Path, table: pd.DataFrame) -> None:
    for _, row in table.iterrows():
        for metric in METRICS:
            values = [run[metric] for run in runs_of(folder, row["key"])]
            assert row[metric] == pytest.approx(sum(values) / 5)
            if len(set(values)) > 1:
                half = T4 * statistics.stdev(values) / math.sqrt(5)
                assert row[f"{metric}_high"] - row[metric] == pytest.approx(half)
                assert row[metric] - row[f"{metric}_low"] == pytest.approx(half)


def test_differences_are_paired_with_the_baseline(folder: Path, table: pd.DataFrame) -> None:
    baseline = runs_of(folder, table.loc[table["baseline"], "key"].iloc[0])
    for _, row in table[~table["baseline"]].iterrows():
        pairs = zip(runs_of(folder, row["key"]), baseline, strict=True)
        differences = [one["val_loss"] - other["val_loss"] for one, other in pairs]
        half = T4 * statistics.stdev(differences) / math.sqrt(5)
        assert row["val_loss_diff"] == pytest.approx(statistics.mean(differences))
        assert row["val_loss_diff_high"] == pytest.approx(statistics.mean(differences) + half)
        assert row["val_loss_diff_n"] == 5


def test_planted_effects_are_found(table: pd.DataFrame, frames: Frames) -> None:
    planted = {(p, r): -hump(p, r) for p in ("input", "hidden", "everywhere") for r in (0.1, 0.3, 0.6)}
    found = table.set_index(["placement", "rate"])["val_loss_diff"]
    # Less overfitting and slower training move the minimum by a few hundredths besides the planted floor.
    assert max(abs(found[place] - effect) for place, effect in planted.items()) < 0.06
    best = choose(frames, table).best
    assert best is not None
    assert best["placement"] == "hidden"
    assert best["rate"] in (0.2, 0.3, 0.4)


def test_time_to_target(folder: Path, table: pd.DataFrame) -> None:
    curves: dict[str, list[float]] = {}
    for record in lines(folder, "curves-0.jsonl"):
        for run, loss in zip(record["id"], record["val_loss"], strict=True):
            curves.setdefault(run, []).append(loss)
    baseline = table.loc[table["baseline"], "key"].iloc[0]
    target = statistics.median(min(curves[f"{baseline}-{seed}-1"]) for seed in range(5))
    for _, row in table.iterrows():
        epochs = []
        for seed in range(5):
            reached = [epoch for epoch, loss in enumerate(curves[f"{row['key']}-{seed}-1"], 1) if loss <= target]
            epochs.append(reached[0] if reached else math.inf)
        assert row["target"] == pytest.approx(target)
        assert row["n_reached"] == sum(map(math.isfinite, epochs))
        assert row["n_timed"] == 5
        # All runs are equally long, so that censoring only moves arrivals to infinity.
        assert row["epochs_to_target"] == sorted(epochs)[2]


def test_pruned_runs_are_in_no_mean_and_censored_in_times(tmp_path: Path) -> None:
    plan = grid(("hidden",), (0.0, 0.3), hump)
    frames = load(Sweep(plan, fate=lambda t, s: "pruned" if t == 1 and s < 2 else "complete").write(tmp_path / "s"))
    row = configurations(frames).iloc[1]
    complete = [run["val_loss"] for run in runs_of(tmp_path / "s", row["key"])[2:]]
    assert (row["n_complete"], row["n_pruned"], row["n_timed"], row["n_reached"]) == (3, 2, 5, 3)
    assert row["val_loss"] == pytest.approx(statistics.mean(complete))
    assert row["val_loss_diff_n"] == 3


def test_each_context_has_its_own_baseline(tmp_path: Path) -> None:
    plan = [p for lr in (0.001, 0.01) for p in grid(("hidden",), (0.0, 0.3), hump, params={"optimizer.lr": lr})]
    plan.append(planned("hidden", 0.3, params={"optimizer.lr": 0.1}))
    table = configurations(load(Sweep(plan).write(tmp_path / "s"))).set_index(["baseline", "optimizer.lr"])["val_loss"]
    whole = configurations(load(tmp_path / "s"))
    differences = whole[~whole["baseline"]].set_index("optimizer.lr")["val_loss_diff"]
    for lr in (0.001, 0.01):
        assert differences[lr] == pytest.approx(table[False, lr] - table[True, lr])
    assert math.isnan(differences[0.1])


def test_a_retried_run_counts_once_whatever_the_file_order(tmp_path: Path) -> None:
    folder = Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=2).write(tmp_path / "s")
    records = lines(folder, "runs-0.jsonl")
    second = {**records[0], "attempt": 2, "id": records[0]["id"][:-1] + "2", "val_loss": 0.5, "width": 16}
    failed = {**records[0], "attempt": 1, "status": "failed"}
    (folder / "runs-0.jsonl").write_text("".join(json.dumps(r) + "\n" for r in [second, *records[1:]]))
    (folder / "runs-1.jsonl").write_text(json.dumps(failed) + "\n")
    runs = load(folder).runs
    assert len(runs) == 4
    assert runs["val_loss"].iloc[0] == 0.5


def test_ranking_needs_all_seeds_and_knows_the_direction(tmp_path: Path) -> None:
    plan = grid(effect=hump)
    folder = Sweep(plan, fate=lambda t, s: "failed" if t == 11 and s == 0 else "complete").write(tmp_path / "s")
    frames = load(folder)
    table = configurations(frames)
    for objective, sign in (("val_loss", 1), ("val_accuracy", -1)):
        order = ranked(table, objective, 5)
        assert list(order["whole"]) == [True] * 24 + [False]
        assert order["trial"].iloc[-1] == 11
        values = [sign * value for value in order[objective].iloc[:24]]
        assert values == sorted(values)


def test_front() -> None:
    points: Sequence[tuple[float, float]] = [(1, 5), (2, 2), (3, 3), (5, 1), (2, 2)]
    table = pd.DataFrame(points, columns=["val_loss", "gap_loss"]).assign(whole=[True] * 5)
    assert list(front(table, ["val_loss", "gap_loss"])) == [True, True, False, True, True]


def test_baseline_is_rate_zero_of_every_placement(frames: Frames, table: pd.DataFrame) -> None:
    rates = by_rate(frames, table)
    cells = heatmap(rates, "val_loss")
    assert list(cells.index) == ["input", "hidden", "everywhere"]
    assert [float(str(rate)) for rate in cells.columns] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    assert cells[0.0].nunique() == 1
    assert cells[0.3]["hidden"] == table.loc[table["trial"] == 11, "val_loss"].iloc[0]


def test_points_of_a_sampler_are_not_joined(tmp_path: Path) -> None:
    plan = [planned("hidden", 0.01 * n, params={"optimizer.lr": 0.001 * (1 + n)}) for n in range(1, 40)]
    frames = load(Sweep(plan, seeds=2, epochs=4).write(tmp_path / "s"))
    part = chosen(by_rate(frames, configurations(frames)), "val_loss")
    assert not part.joined
    assert list(part.rates["panel"].unique()) == [""]
    assert len(part.rates) == 39
