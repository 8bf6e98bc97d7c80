"""Sweeps over weighted classes, several outputs and several labels, with their reports; and what labels do not have."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dropout_lab.report.frames.load import Frames, load
from tests.cli.conftest import SMALL, Command

WORDS = ("dataset=table", "dataset.path=t.csv", *SMALL[1:], "placement=hidden", "rate=0.3", "name=s")
LABELS = ("dataset.target=[a,b,c]", "dataset.task=multilabel")


def write(folder: Path) -> None:
    drawn = np.random.default_rng(0)
    x = drawn.normal(0, 1, (160, 3))
    signal = x @ drawn.normal(0, 1, (3, 3)) + drawn.normal(0, 0.3, (160, 3))
    frame = pd.DataFrame(x, columns=["u", "v", "w"]).assign(y1=signal[:, 0] * 5, y2=300 + 40 * signal[:, 1])
    frame["rare"] = np.where(signal[:, 2] > 2, "yes", "no")
    frame[["a", "b", "c"]] = (signal > [0, 0.5, 1]).astype(int)
    frame.to_csv(folder / "t.csv", index=False)


def swept(command: Command, folder: Path, *words: str, without: str) -> tuple[Frames, str]:
    """The frames of a sweep and its report."""
    write(folder)
    outcome = command("sweep", *WORDS, *words, f"dataset.drop=[{without}]", "trainer.epochs=15")
    assert outcome.code == 0, outcome.err
    made = folder / "outputs" / "s"
    return load(made), (made / "report.md").read_text()


@pytest.mark.slow
def test_balanced_classes(reported: Command, tmp_path: Path) -> None:
    words = "dataset.target=rare", "dataset.class_weight=balanced"
    frames, report = swept(reported, tmp_path, *words, without="y1,y2,a,b,c")
    assert np.allclose(frames.runs["chance_loss"], np.log(2), rtol=0.1)
    assert frames.runs["learned"].all()
    assert "Losses are weighted by class." in report
    assert "**loss**: Weighted by class (dataset.class\\_weight)" in report
    confidence = pd.read_csv(tmp_path / "outputs" / "s" / "tables" / "confidence.csv")
    ensemble, single = confidence["ensemble_loss"], confidence["test_loss"]
    assert (ensemble <= single + 0.01).all(), "Jensen: both are weighted"
    test = pd.read_csv(tmp_path / "outputs" / "s" / "tables" / "test_set.csv").set_index("metric").loc["test_loss"]
    assert test["covers"] == "seeds and test examples"
    best = frames.runs[frames.runs["trial"] == test["trial"]]
    assert test["value"] == pytest.approx(best["test_loss"].mean())


@pytest.mark.slow
def test_two_outputs(reported: Command, tmp_path: Path) -> None:
    frames, report = swept(reported, tmp_path, "dataset.target=[y1,y2]", without="rare,a,b,c")
    assert frames.runs["val_accuracy"].isna().all()
    assert frames.runs["learned"].all()
    assert (frames.runs["val_loss"] < frames.runs["chance_loss"]).all()
    assert "nats" not in report.partition("Definitions")[0]
    assert reported("export", "outputs/s", "--trial", "0", "--to", "n.safetensors").code == 0


@pytest.mark.slow
def test_several_labels(reported: Command, tmp_path: Path) -> None:
    frames, report = swept(reported, tmp_path, *LABELS, without="rare,y1,y2")
    assert frames.is_multilabel
    assert frames.runs["val_accuracy"].between(0.5, 1).all()
    assert frames.runs["learned"].all()
    assert "The accuracy is the share of right labels." in report
    assert "1 less the Hamming loss" in report
    assert not list((tmp_path / "outputs" / "s").glob("predictions/*"))


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("trainer.label_smoothing=0.1", "trainer.label_smoothing=0.1: t asks which of 3 labels an example has"),
        (
            "trainer.mc_samples=3",
            "trainer.mc_samples=3: it averages the probabilities of an example's class, and t asks",
        ),
        ("loss=rdrop", "loss=rdrop: it compares the probabilities of an example's class"),
        ("dataset.class_weight=balanced", "dataset.class_weight=balanced: t has no one class for each example"),
    ],
)
def test_what_needs_one_class_is_refused_for_labels(word: str, why: str, command: Command, tmp_path: Path) -> None:
    write(tmp_path)
    outcome = command("sweep", *WORDS, *LABELS, "dataset.drop=[rare,y1,y2]", word, "dry_run=true")
    assert outcome.code == 2
    assert why in outcome.err


def test_a_limit_without_a_class_is_warned_of(command: Command, tmp_path: Path) -> None:
    write(tmp_path)
    words = "dataset.target=rare", "dataset.drop=[y1,y2,a,b,c]", "dataset.limit=2", "trainer.batch_size=2"
    said = command("sweep", *WORDS, *words, "dry_run=true")
    assert "dataset.limit=2: no example of class yes is trained on" in " ".join(said.out.split())
