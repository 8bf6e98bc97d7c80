"""`measure=` by command: records, table, figure, columns, a record trained again, a folder continued."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dropout_lab.records import store
from dropout_lab.report.topics.measures.robustness import robustness
from tests.cli.conftest import Command
from tests.report.canned import evidence_of

SMALL = ("dataset=digits", "dataset.limit=100", "model.hidden=[16]", "trainer.epochs=6", "optimizer.lr=0.01")

OWN = '''"""How sure networks are."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dropout_lab.cohort.measures.measure import AbstractMeasure
from dropout_lab.cohort.measures.trained import Trained


class Confidence(AbstractMeasure):
    def __call__(self, trained: Trained) -> Mapping[str, Tensor]:
        with torch.no_grad():
            sure = [trained.outputs(batch.x).softmax(-1).amax(-1) * batch.weight for batch in trained.batches()]
        return {"confidence": torch.cat(sure, 1).sum(1) / len(trained.structure.dataset.test)}
'''
MEMBER = "# @package measure.confidence\n# How sure networks are.\n_target_: my_measures.Confidence\n"
NOISY = ("measure=[noise,coadaptation,confidence]", "measure.noise.deviations=[0.5,2.0]", "--config-dir", "mine")


@pytest.mark.slow
def test_what_is_measured_is_in_records_report_and_columns(reported: Command, tmp_path: Path) -> None:
    words = ("sweep", *SMALL, "trainer.compile=never", *NOISY, "placement=hidden", "rate=0.3", "seeds=2", "name=s")
    (tmp_path / "my_measures.py").write_text(OWN)
    (tmp_path / "mine" / "measure").mkdir(parents=True)
    (tmp_path / "mine" / "measure" / "confidence.yaml").write_text(MEMBER)
    assert reported(*words).code == 0
    folder = tmp_path / "outputs" / "s"
    runs = store.read(folder).runs
    names = {"noise_loss@0.5", "noise_loss@2", "noise_accuracy@0.5", "noise_accuracy@2"}
    units = ("unit_correlation", "effective_rank", "activation_sparsity", "mean_activation")
    assert len(runs) == 4
    for run in runs:
        kept = np.load(folder / "predictions" / f"{run['id']}.npz")["log_probs"].astype(float)
        assert run["confidence"] == pytest.approx(np.exp(kept).max(1).mean(), abs=1e-3)
    assert all({name for name in run if "@" in name} == names | {f"{name}@hidden.0" for name in units} for run in runs)
    frame = pd.read_parquet(folder / "runs.parquet")
    table = pd.read_csv(folder / "tables" / "measured.csv", dtype={"level": str}).set_index(
        ["trial", "metric", "level"]
    )
    trials: list[int] = sorted(frame["trial"].unique())
    for field in names:
        metric, _, level = field.partition("@")
        mean = frame.groupby("trial")[field].mean()
        assert all(table.loc[(trial, metric, level), "value"] == pytest.approx(mean[trial]) for trial in mean.index)
        off = frame.pivot(index="seed", columns="trial", values=field)
        dropped = next(trial for trial in trials if not frame.loc[frame["trial"] == trial, "baseline"].any())
        none = next(trial for trial in trials if trial != dropped)
        assert table.loc[(dropped, metric, level), "difference"] == pytest.approx((off[dropped] - off[none]).mean())
    evidence = evidence_of(folder)
    drawn = robustness(evidence.frames, evidence.choice, classification=True)
    at_zero = drawn[drawn["level"] == 0].set_index("trial")["value"]
    assert at_zero.to_dict() == pytest.approx(frame.groupby("trial")["test_accuracy"].mean().to_dict())
    assert "What was measured of the trained networks" in (folder / "report.md").read_text()
    documented = pd.read_csv(folder / "columns.csv", keep_default_na=False).set_index(["frame", "column"])
    assert documented.loc[("runs", "noise_accuracy@2"), "unit"] == "fraction"
    assert "the same in every epoch" in reported("train", "--from", "outputs/s", "1", "trust=true").out
    changed = reported(*words, "measure.noise.deviations=[0.5]")
    assert changed.code == 2
    assert "measure.noise.deviations" in changed.err


def test_a_member_that_does_not_exist_is_named(command: Command) -> None:
    found = command("sweep", *SMALL, "measure=[noize]", "rate=0.3")
    assert found.code == 2
    assert "measure=noize: there is no such member; measure offers ablation, coadaptation" in found.err
    found = command("sweep", *SMALL, "measure=[ood]", "measure.ood.dataset=digit", "rate=0.3")
    assert found.code == 2
    assert "measure.ood.dataset: there is no data set digit" in found.err
    assert "measure.ood.dataset=fashion_mnist" in command("sweep", *SMALL, "measure=[ood]", "rate=0.3").err
    assert "measure=[noise,ablation]" in command("sweep", *SMALL, "measure=noise,ablation", "rate=0.3").err
