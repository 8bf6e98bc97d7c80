"""Every table of a canned sweep as it was when it was last looked at, in golden/*.csv.

To make them again after a change that is meant: `python -m tests.report.test_golden`, and look at the difference.
"""

import tempfile
from pathlib import Path

import pandas as pd
import pytest

from tests.report.canned import Sweep, evidence, grid, hump

pytestmark = pytest.mark.xdist_group("golden")  # one worker makes what all read

GOLDEN = Path(__file__).parent / "golden"

ENDS = {(3, 1): "pruned", (5, 0): "failed"}


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Three placements, five rates, three seeds; one run is pruned and one has failed."""
    plan = grid(rates=(0.0, 0.1, 0.3, 0.5, 0.7, 0.9), effect=hump)
    sweep = Sweep(plan, seeds=3, epochs=20, noise=0.02, fate=lambda t, s: ENDS.get((t, s), "complete"))
    found = evidence(sweep, folder)
    pareto = found.tables["pareto"].drop(columns="context")
    return {"trials": found.table.drop(columns=["key", "context"]), **found.tables, "pareto": pareto}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    return tables(tmp_path_factory.mktemp("golden") / "sweep")


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.csv")))
def test_a_table_is_what_it_was(name: str, made: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    made[name].to_csv(tmp_path / "now.csv", index=False)
    now, then = (pd.read_csv(path) for path in (tmp_path / "now.csv", GOLDEN / f"{name}.csv"))
    assert len(then) > 0
    now = now[then.columns]  # a metric that is newer adds columns, or rows of its own
    if "metric" in then:
        now = now[now["metric"].isin(then["metric"])].reset_index(drop=True)
    # The last digits are the processor's: sums of products are not the same everywhere.
    pd.testing.assert_frame_equal(now, then, rtol=1e-6, atol=1e-9, obj=name)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        for old in GOLDEN.glob("*.csv"):
            old.unlink()
        for title, frame in tables(Path(place) / "sweep").items():
            if len(frame):
                frame.to_csv(GOLDEN / f"{title}.csv", index=False)
