"""The confusion matrix beside scikit-learn's, and what is said where it cannot be drawn."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix

from dropout_lab.records import predictions
from dropout_lab.report.topics.confidence.confusion import CONFUSION, MATRIX, mistakes
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Plan, Shown
from tests.report.canned import Sweep, evidence_of, grid, hump


def found(folder: Path, classes: int, names: list[str] | None = None) -> Evidence:
    """A sweep of three seeds whose networks take the classes for each other at random; the last class is absent."""
    session = {"scope": {"classes": names}} if names else {}
    Sweep(grid(("hidden",), (0.0, 0.3), hump), seeds=3, epochs=4, session=session).write(folder)
    generator = np.random.default_rng(0)
    targets = generator.integers(classes - 1, size=200)
    for run in evidence_of(folder).frames.runs["id"]:
        logits = generator.normal(size=(200, classes)) + 2 * (np.arange(classes) == targets[:, None])
        predictions.write(folder, str(run), logits - np.log(np.exp(logits).sum(1, keepdims=True)), targets)
    return evidence_of(folder)


def test_it_is_the_sum_of_the_seeds_matrices(tmp_path: Path) -> None:
    evidence = found(tmp_path / "s", 5)
    table = evidence.tables["confusion"]
    assert list(table["role"].unique()) == ["best", "other"]
    for trial, part in table.groupby("trial"):
        runs = evidence.frames.runs.loc[evidence.frames.runs["trial"] == trial, "id"]
        kept = [one for run in runs if (one := predictions.read(tmp_path / "s", str(run))) is not None]
        expected = sum(confusion_matrix(targets, probs.argmax(1), labels=range(5)) for probs, targets in kept)
        cells = part.pivot_table(index="target", columns="answer", values="answers", fill_value=0)
        labels = list("01234")
        np.testing.assert_array_equal(cells.reindex(index=labels, columns=labels, fill_value=0), expected)
        assert part.groupby("target")["share"].sum().to_numpy() == pytest.approx(1)
    plan = MATRIX.plan(evidence)
    assert isinstance(plan, Plan)
    first = mistakes(table).iloc[0]
    assert f"{first['target']} taken for {first['answer']} {first['best']} times" in plan.alt


def test_classes_have_their_names_and_too_many_are_a_table(tmp_path: Path) -> None:
    names = [f"kind {n}" for n in range(25)]
    evidence = found(tmp_path / "s", 25, names)
    assert set(evidence.tables["confusion"]["target"]) == set(names[:24])
    assert MATRIX.plan(evidence) == (
        "The 25 classes are too many to draw which is taken for which; the table lists the mistakes."
    )
    assert CONFUSION.show is not None
    shown = CONFUSION.show(evidence)
    assert isinstance(shown, Shown)
    assert list(shown.header[2:4]) == list(evidence.tables["confusion"]["name"].unique())
    counts = [int(row[2]) for row in shown.rows]
    assert counts == sorted(counts, reverse=True)
    assert all(row[0].startswith("kind ") and row[0] != row[1] for row in shown.rows)


def test_without_predictions_there_is_none(tmp_path: Path) -> None:
    evidence = evidence_of(Sweep(grid(("hidden",), (0.0, 0.3)), seeds=2, epochs=3).write(tmp_path / "s"))
    assert evidence.tables["confusion"].empty
    assert MATRIX.plan(evidence) is None
    assert isinstance(evidence.tables["confusion"], pd.DataFrame)
