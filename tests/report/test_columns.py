"""Every column of the frames and tables is documented, every documented column exists, and a metric has one unit."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import dropout_lab
from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.lookup import run_fields
from dropout_lab.core.metrics.measured import Measured
from dropout_lab.core.metrics.metric import FRACTION, POINTS
from dropout_lab.core.metrics.table import METRICS
from dropout_lab.report.frames.column import METRIC, OBJECTIVE
from dropout_lab.report.frames.documentation import SITE, SWEPT, as_markdown, columns, described
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.outline import tables
from dropout_lab.report.write.export import described_figures, described_tables
from dropout_lab.report.write.gallery import planned_for
from tests.docs.tables import FRAMES
from tests.report.canned import Sweep, evidence, grid, hump
from tests.report.figures.odd import odd_evidence, plans, sweeps
from tests.rotate import rotated

ROOT = Path(__file__).parents[2]
SOMETIMES = {
    *(SITE, SWEPT),
    *(
        metric.field if isinstance(metric, Measured) else name
        for name, metric in run_fields().items()
        if metric.optional
    ),
}
"""Calibration needs classes, names that end in _mc need trainer.mc_samples, metrics on request metric=, and what is
measured needs measure=."""

UNITS = {
    "",
    "1 or 0",
    "rows",
    "true, false",
    "probability",
    "probability of dropping",
    "probability, or fraction",
    "fraction",
    "times",
    "epoch, from 1",
    "s per epoch",
    "s since 1970",
    "its own",
    METRIC,
    OBJECTIVE,
    "of the loss",
    "of the loss, times epochs",
    "of the measure",
    "of the setting",
    "of the pair's metrics",
    *(metric.unit.described for metric in METRICS.values()),
    *(
        "answers",
        "runs",
        "seeds",
        "pairs",
        "trials",
        "configurations",
        "contexts",
        "networks",
        "epochs",
        "lanes",
        "threads",
        "s",
    ),
}
"""All that a column can be in. Accuracies and what is subtracted from them: fractions, never per cent or points."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return evidence(Sweep(grid(rates=(0.0, 0.3, 0.6), effect=hump), seeds=3), tmp_path_factory.mktemp("columns") / "s")


def test_a_sweep_without_probabilities_lacks_only_what_the_documentation_says(tmp_path: Path) -> None:
    frames = dropout_lab.load(str(Sweep(grid(rates=(0.0, 0.3)), classification=False, seeds=1).write(tmp_path / "s")))
    table = described(frames)
    for frame, documented in columns().items():
        assert documented.keys() - set(table.loc[table["frame"] == frame, "column"]) <= SOMETIMES
    assert isinstance(frames.curves, pd.DataFrame)


def test_the_documentation_is_what_the_program_says() -> None:
    assert FRAMES.read_text() == as_markdown()


def every(found: Evidence) -> pd.DataFrame:
    parts = [described(found.frames), described_tables(found), described_figures(found, planned_for(found)[0])]
    return pd.concat(parts, ignore_index=True)


def test_every_column_has_a_meaning_and_a_known_unit(found: Evidence) -> None:
    documented = every(found)
    assert (documented["meaning"].str.len() > 2).all()
    strange = documented[~documented["unit"].isin(UNITS)]
    assert strange.empty, strange.to_string()
    numeric = {(f"tables/{name}", column) for name, one in tables().items() for column, about in one.columns.items()}
    assert numeric <= {*zip(documented["frame"], documented["column"], strict=True)}


def test_a_metric_has_the_same_unit_in_every_file(found: Evidence) -> None:
    """By its name, with the endings of means, intervals and differences."""
    endings = r"(_last)?(_diff)?(_low|_high)?$"
    units: dict[str, set[str]] = {}
    documented = every(found)
    for _, row in documented.iterrows():
        name = re.sub(endings, "", row["column"])
        if name in METRICS:
            units.setdefault(name, set()).add(row["unit"])
    assert len(units) > 15
    assert all(len(some) == 1 for some in units.values()), units
    for name in ("val_accuracy", "test_accuracy", "gap_accuracy"):
        assert units[name] == {"fraction"}


@pytest.mark.parametrize("name", rotated(sweeps(), turn=3, of=7))
def test_every_figures_table_is_documented(name: str, tmp_path: Path) -> None:
    found = odd_evidence(sweeps()[name], tmp_path / "s")
    documented = described_figures(found, plans(name))  # raises for a column that is not
    assert set(documented["unit"]) <= UNITS
    assert (documented["meaning"].str.len() > 2).all()


def fractions(found: Evidence) -> Iterator[tuple[str, pd.DataFrame]]:
    """The numbers in the unit of a metric that is a fraction or a difference of two, table by table."""
    names = {name for name, metric in METRICS.items() if metric.unit in (FRACTION, POINTS)}
    for title, one in tables().items():
        table = found.tables[title]
        for key, values in (("metric", names), ("measure", {"accuracy"})):
            if key in table:
                of_it = [name for name, about in one.columns.items() if about.unit in (METRIC, "of the measure")]
                yield title, table.loc[table[key].isin(values), of_it]
    accuracies = [n for n in found.table if re.fullmatch(r".*_accuracy(_last)?(_diff)?(_low|_high)?", str(n))]
    yield "trials", found.table[accuracies]
    pareto = found.tables["pareto"]
    yield "pareto", pareto.loc[pareto["pair"] == "val_accuracy and gap_accuracy", ["first", "second"]]


def test_accuracies_and_their_gaps_are_fractions_in_every_table(found: Evidence) -> None:
    """The planted gaps are of several points, so that points would be above 1."""
    assert found.table["gap_accuracy"].max() > 0.02
    seen = set()
    for title, part in fractions(found):
        numbers = part.to_numpy(dtype=float)
        known = numbers[~pd.isna(numbers)]
        assert (abs(known) <= 1).all(), (title, part)
        seen |= {title} if len(known) else set()
    assert seen == {"trials", "pareto", "comparisons", "variance", "gaps", "test_set"}


def test_loading_is_for_those_who_load(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        dropout_lab.load(tmp_path / "nothing")
    folder = Sweep(grid(rates=(0.0, 0.3)), seeds=1).write(tmp_path / "sweep")
    code = (
        "import sys, dropout_lab; assert not {'pandas', 'numpy', 'torch'} & sys.modules.keys();"
        f"dropout_lab.load({str(folder)!r}); assert not {{'torch', 'matplotlib'}} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_who_asks_for_help_waits_for_no_library() -> None:
    code = (
        "import sys; sys.argv = ['dropout-lab', '--help']; from dropout_lab.app.cli import main\n"
        "try: main()\n"
        "except SystemExit: assert not {'hydra', 'pandas', 'numpy', 'torch', 'optuna'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
