"""A record may call the classes of this package and nothing else, however the call is hidden."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from dropout_lab.app.application import conf_folder
from dropout_lab.app.cli import main
from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.config import trust
from dropout_lab.config.roles import trial_sections
from dropout_lab.core.errors import UserError
from dropout_lab.core.trial import Trial
from dropout_lab.records import predictions, store
from dropout_lab.records.store import NONE
from dropout_lab.sweeper.repeat import repeat
from dropout_lab.sweeper.same_sweep import check_trust
from tests.report.canned import Sweep, grid
from tests.sweeper.recorded import plan_of

OURS = sorted(
    {
        target
        for section in trial_sections()
        for path in (conf_folder() / section).glob("*.yaml")
        for target in re.findall(r"_target_: (\S+)", path.read_text())
        if target != "???"  # model=own: the user's
    }
)


@pytest.mark.parametrize("target", OURS)
def test_every_class_that_the_config_offers_needs_no_trust(target: str) -> None:
    assert trust.is_ours(target)


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "sympy.sympify",
        "builtins.eval",
        "nosuch.module",
        "",
        "dropout_lab",
        "dropout_lab.models.mlp",
        "dropout_lab.models.nosuch.Net",
        "dropout_lab_evil.Net",
        "dropout_lab.modelsevil.Net",
        "dropout_lab.app.cli.os.system",
        "dropout_lab.datasets.files.Path",
        "dropout_lab.models.mlp.nn.Linear",
        "dropout_lab.models.mlp.nn.Sequential",
        # Of this package, but no class of a configuration: these call or write what their arguments say.
        "dropout_lab.config.instantiate.instantiate",
        "dropout_lab.build.network.network",
        "dropout_lab.report.write.files.write",
        "dropout_lab.datasets.files.read_table",
        "dropout_lab.app.cli.main",
        "dropout_lab.records.store.Writer",
    ],
)
def test_whatever_else_there_is_needs_trust(target: str) -> None:
    assert not trust.is_ours(target)


MLP = "dropout_lab.models.mlp.MLP"
HIDDEN: dict[str, Any] = {
    "as it is": {"model": {"_target_": "sympy.sympify", "a": "1"}},
    "nested": {"model": {"_target_": MLP, "width": {"_target_": "os.system", "command": "true"}}},
    "deeper": {"model": {"_target_": MLP, "x": {"y": [{"z": {"_target_": "os.system"}}]}}},
    "among arguments": {"model": {"_target_": MLP, "_args_": [{"_target_": "os.system", "_args_": ["true"]}]}},
    "in part": {"model": {"_target_": "os.system", "_partial_": True}},
    "not followed": {"model": {"_target_": MLP, "_recursive_": False, "x": {"_target_": "os.system"}}},
    "no word": {"model": {"_target_": ["os.system"]}},
    "referred to": {"model": {"_target_": "${.x}", "x": "os.system"}},
    "made of words": {"model": {"_target_": MLP, "width": "${oc.create:{_target_:os.system}}"}},
    "at a site": {"dropout": {"hidden.0": {"_target_": "os.system"}}},
}


@pytest.mark.parametrize("config", HIDDEN.values(), ids=HIDDEN)
def test_a_hidden_call_is_found_and_the_message_says_why(config: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"(?s)outputs/x, trial 3: its record has .*can name any function.*trust=true"):
        trust.check(config, "outputs/x, trial 3")


def test_an_interpolation_is_called_one() -> None:
    with pytest.raises(
        UserError, match=r"optimizer\.lr=\$\{oc\.env:HOME\}, an interpolation, and .* trust=true"
    ) as said:
        trust.check({"optimizer": {"_target_": MLP, "lr": "${oc.env:HOME}"}}, "x")
    assert "not of this package" not in str(said.value)


def test_what_the_command_names_itself_needs_no_trust() -> None:
    trust.check(HIDDEN["as it is"], "x", own={"sympy.sympify"})
    with pytest.raises(UserError, match=r"model\.x\.y\[0\]\.z\._target_=os\.system"):
        trust.check(HIDDEN["deeper"], "x", own={"sympy.sympify", MLP})


@pytest.fixture
def forged(tmp_path: Path) -> Path:
    """A sweep whose first configuration calls a function that writes a file."""
    found = grid(("input",), (0.0, 0.3))
    ours = {
        "dataset": {"_target_": "dropout_lab.datasets.digits.digits"},
        "optimizer": {"_target_": "dropout_lab.cohort.optim.Adam"},
    }
    forged = {"model": {"_target_": "pathlib.Path.write_text", "_args_": ["x"]}}
    for one in found:
        one.trial = Trial({**one.trial.config, **ours, **(forged if one is found[0] else {})})
    return Sweep(found, seeds=2, epochs=2).write(tmp_path / "forged")


def refuse(*arguments: object) -> None:
    raise UserError("trained")


def test_a_trial_is_trained_again_only_with_trust(
    forged: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Builder, "recipe", refuse)
    trainer = CohortTrainer(Builder())
    with pytest.raises(UserError, match=r"trial 0: its record has config\.model\._target_=pathlib\.Path\.write_text"):
        repeat(forged, 0, trainer, print)
    with pytest.raises(UserError, match="trained"):
        repeat(forged, 0, trainer, print, trusted=True)
    for words, said in (
        ((), "trust=true"),
        (("trust=false",), "trust=true"),
        (("trust=true",), "dropout-lab: trained"),
        (("trust=yes",), "trust=true alone"),
    ):
        monkeypatch.setattr(sys, "argv", ["dropout-lab", "train", "--from", str(forged), "0", *words])
        with pytest.raises(SystemExit, match="2"):
            main()
        assert said in capsys.readouterr().err


def test_a_folder_is_continued_only_with_trust_in_what_the_command_does_not_name(forged: Path) -> None:
    records, plan = store.read(forged), plan_of(forged)
    keys = [record["key"] for record in records.trials]
    with pytest.raises(UserError, match=r"trial 0: .*model\._target_=pathlib\.Path\.write_text"):
        check_trust(plan, records, None, [])
    with pytest.raises(UserError, match=r"trial 0: "):
        check_trust(plan, records, keys[:1], [])
    check_trust(plan, NONE, None, [])
    # A grid trains its own cells alone.
    check_trust(plan, records, keys[1:], [])
    # What the command names is the user's own.
    check_trust(plan_of(forged, model={"_target_": "pathlib.Path.write_text"}), records, None, [])


def test_a_structure_is_no_way_around(forged: Path) -> None:
    path = forged / "trials.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[1]["structure"] = {"model": {"_target_": "os.system"}}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    records = store.read(forged)
    with pytest.raises(UserError, match=r"trial 1: .*structure\.model\._target_=os\.system"):
        check_trust(plan_of(forged), records, [lines[1]["key"]], [])


def test_predictions_are_never_unpickled(tmp_path: Path) -> None:
    import numpy as np

    class Evil:
        def __reduce__(self) -> tuple[Any, Any]:
            return shutil.rmtree, (str(tmp_path),)

    (tmp_path / "predictions").mkdir()
    values = np.array([Evil()], dtype=object)
    np.savez(tmp_path / "predictions" / "run.npz", log_probs=values, targets=values, allow_pickle=True)
    assert predictions.read(tmp_path, "run") is None
    assert tmp_path.exists()
