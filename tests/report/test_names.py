"""Configurations are named by what tells them apart, null among it."""

from pathlib import Path

from dropout_lab.report.frames.load import load
from dropout_lab.report.frames.naming import configuration, group_parts, varying
from tests.report.canned import Sweep, planned


def test_a_setting_that_is_null_in_one_context_tells_contexts_apart(tmp_path: Path) -> None:
    trials = [planned("hidden", rate, params={"model.norm": norm}) for norm in (None, "batch") for rate in (0.0, 0.3)]
    frames = load(Sweep(trials, seeds=2, epochs=3).write(tmp_path / "s"))
    assert list(varying(frames)) == ["model.norm"]
    names = [configuration(trial, ["model.norm"], ["model.norm"]) for _, trial in frames.trials.iterrows()]
    assert names == ["no dropout", "hidden at 0.3", "no dropout, norm=batch", "hidden at 0.3, norm=batch"]


def test_a_group_of_parameters_has_its_whole_key() -> None:
    trial = {"optimizer.groups.5.lr": 0.1, "optimizer.lr": 1.0}
    assert group_parts(trial, [*trial]) == ["optimizer.groups.5.lr=0.1", "lr=1"]
