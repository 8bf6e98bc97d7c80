"""The files for other programs, read back by other means than they were written."""

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dropout_lab.report import make
from dropout_lab.report.frames.load import load
from dropout_lab.report.topics.outline import tables
from dropout_lab.report.write import machine
from dropout_lab.report.write.machine import strict
from tests.report.blank import blank_figures
from tests.report.canned import Sweep, grid, hump

pytestmark = pytest.mark.xdist_group("export")  # one worker makes the folder that all read

RATES = (0.0, 0.1, 0.3)


def refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is no JSON")


def read(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "report.json").read_text(), parse_constant=refuse)
    return content


def fate(trial: int, seed: int) -> str:
    return "failed" if (trial, seed) == (2, 1) else "complete"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of a report; to be read only."""
    folder = Sweep(grid(rates=RATES, effect=hump), fate=fate).write(tmp_path_factory.mktemp("export") / "sweep")
    with blank_figures():
        make(folder)
    return folder


def test_the_json_has_the_numbers_of_the_records(folder: Path) -> None:
    content, runs = read(folder), pd.read_parquet(folder / "runs.parquet")
    assert (content["schema"], content["schema_version"], content["seeds"]) == (
        "dropout-lab/report",
        machine.VERSION,
        5,
    )
    assert content["runs"] == {"complete": 34, "failed": 1}
    assert content["task"] == "classification"
    assert content["objectives"] == [{"metric": "val_loss", "direction": "minimize", "unit": "nats"}]
    losses = runs.pivot(index="seed", columns="trial", values="val_loss")
    best = losses.drop(columns=2).mean().idxmin()
    answer = content["answer"]
    assert (answer["best"], answer["baseline"], answer["verdict"], answer["use"]) == (best, 0, "better", best)
    assert answer["is_decided"]
    assert answer["difference"]["mean"] == pytest.approx((losses[best] - losses[0]).mean())
    assert answer["difference"]["n"] == 5
    (row,) = [row for row in content["comparison"] if row["metric"] == "test_accuracy"]
    tests = runs.pivot(index="seed", columns="trial", values="test_accuracy")
    assert row["best"]["mean"] == pytest.approx(tests[best].mean())
    assert row["difference"]["mean"] == pytest.approx((tests[best] - tests[0]).mean())
    assert len(content["configurations"]) == 7
    assert "hidden with rate 0.3" in content["sentences"]["headline"]
    assert content["next"]["command"].startswith("dropout-lab ")
    assert answer["reference"] == 0
    assert answer["difference"]["p_equivalence"] > 0.5
    assert (answer["placement"], answer["rate"]) == ("hidden", 0.3)
    assert answer["optimism"]["corrected"] == pytest.approx(
        answer["optimism"]["value"] + answer["optimism"]["optimism"]
    )
    assert answer["rate"] in answer["confidence_set_of_rates"]
    assert answer["confidence_set"][0] == answer["best_name"]
    assert [row["metric"] for row in content["test_set"]] == ["test_loss", "test_accuracy"]
    assert answer["cost"]["n"] == 5
    table = pd.read_csv(folder / "trials.csv")
    for given, (_, wanted) in zip(content["configurations"], table.iterrows(), strict=True):
        assert given.keys() == set(table.columns)
        for name, value in given.items():
            expected = wanted[name]
            if value is None:
                assert pd.isna(expected) or not math.isfinite(expected), name
            else:
                assert value == pytest.approx(expected) if isinstance(value, float) else value == expected, name


def test_the_json_is_documented_field_by_field(folder: Path) -> None:
    text = (Path(machine.__file__).parent / "report_json.md").read_text()
    named = set(re.findall(r"`\.?(\w+(?:\.\w+)?)`", "".join(re.findall(r"^\| (.*?) \|", text, flags=re.M))))
    content = read(folder)
    fields = {name for name in content if name not in ("schema", "schema_version", "answer")}
    fields |= {f"answer.{name}" for name in content["answer"]}
    assert {name if "." in name or name in content else f"answer.{name}" for name in named} == fields


def test_the_json_of_a_sweep_without_results_is_one_too(tmp_path: Path) -> None:
    for number, sweep in enumerate((Sweep([]), Sweep(grid(rates=RATES), fate=lambda trial, seed: "failed"))):
        folder = sweep.write(tmp_path / str(number))
        make(folder)
        content = read(folder)
        assert content["answer"]["best"] is None
        assert content["comparison"] == []
        assert content["task"] is None
        assert (folder / "trials.tex").read_text().startswith("%")


def test_what_json_cannot_say_is_null() -> None:
    given = {"a": [np.float64("nan"), np.inf, np.int64(3), np.bool_(True)], 1: {"b": pd.NA, "c": float("-inf")}}
    assert strict(given) == {"a": [None, None, 3, True], "1": {"b": None, "c": None}}


def test_csv_and_parquet_hold_the_same_frames(folder: Path) -> None:
    frames = load(folder)
    for name, frame in (("runs", frames.runs), ("curves", frames.curves)):
        pd.testing.assert_frame_equal(pd.read_parquet(folder / f"{name}.parquet"), frame, check_dtype=False)
        with (folder / f"{name}.csv").open(newline="") as file:
            rows = list(csv.reader(file))
        assert rows[0] == list(frame.columns)
        assert len(rows) == len(frame) + 1
        position = rows[0].index("val_loss")
        written = [float(row[position]) if row[position] else math.nan for row in rows[1:]]
        np.testing.assert_array_equal(written, frame["val_loss"].to_numpy())  # to the last digit
    assert len(pd.read_parquet(folder / "trials.parquet")) == 7


def test_every_table_is_exported_and_every_column_of_it_documented(folder: Path) -> None:
    documented = pd.read_csv(folder / "columns.csv", keep_default_na=False).set_index(["frame", "column"])
    assert documented.index.is_unique
    assert (documented["meaning"] != "").all()
    frames = {*(path.stem for path in folder.glob("*.csv")), "trials.csv"} - {"columns"}
    deeper = {f"{path.parent.name}/{path.stem}" for path in folder.glob("*/*.csv")}
    assert {*deeper, *frames} <= set(documented.index.get_level_values("frame")), "no file is left out"
    files = {f"tables/{name}": folder / "tables" / name for name in tables()} | {"trials.csv": folder / "trials"}
    drawn = {f"figures/{path.stem}": list(pd.read_csv(path)) for path in (folder / "figures").glob("*.csv")}
    assert len(drawn) > 8
    for name, columns in drawn.items():
        assert columns == list(documented.loc[name].index), name
    for name, path in files.items():
        parquet, text = pd.read_parquet(path.with_suffix(".parquet")), pd.read_csv(path.with_suffix(".csv"))
        assert len(parquet) == len(text)
        assert list(parquet.columns) == list(text.columns) == list(documented.loc[name].index), name
    assert documented.loc[("tables/time_ratio", "median"), "unit"] == "epochs"
    assert str(documented.loc[("trials.csv", "val_loss_diff_high"), "unit"]).startswith("nats")
    assert (documented.loc["trials.csv"].loc[["val_accuracy_p", "seconds_low"], "unit"] == ["probability", "s"]).all()
