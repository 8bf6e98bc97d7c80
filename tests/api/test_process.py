"""A sweep from Python inside of somebody's process: its state, its event loop, its Hydra."""

import asyncio
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.version import VersionBase
from omegaconf import OmegaConf
from packaging.version import Version
from torch import nn

import dropout_lab
from tests.api.nets import PARTS, SMALL, Net


def test_importing_the_package_loads_no_torch() -> None:
    code = (
        "import sys, dropout_lab; dropout_lab.sweep; print(sorted({'torch', 'pandas', 'hydra'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_leaves_the_process_as_it_was(home: Path) -> None:
    OmegaConf.register_new_resolver("data", lambda: "mine", replace=True)
    torch.set_num_threads(2)
    torch.set_default_dtype(torch.float64)
    optuna.logging.set_verbosity(optuna.logging.INFO)
    state = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy(), sys.argv, list(sys.path)  # type: ignore[index]
    schema = ConfigStore.instance().repo.get("schema.yaml")
    try:
        with torch.no_grad():
            dropout_lab.sweep(Net, PARTS, rate=[0.3], placement="own", **SMALL)
            assert not torch.is_grad_enabled()
        assert torch.get_default_dtype() == torch.float64
        assert torch.get_num_threads() == 2
        assert optuna.logging.get_verbosity() == optuna.logging.INFO
        assert torch.equal(torch.get_rng_state(), state[0])
        assert random.getstate() == state[1]
        assert np.array_equal(np.random.get_state()[1], state[2])  # type: ignore[index]
        assert (sys.argv, sys.path) == (state[3], state[4])
        assert Path.cwd() == home
        assert not GlobalHydra.instance().is_initialized()
        assert ConfigStore.instance().repo.get("schema.yaml") is schema
        assert OmegaConf.create({"a": "${data:}"}).a == "mine"
    finally:
        OmegaConf.clear_resolver("data")
        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float32)
        optuna.logging.set_verbosity(optuna.logging.WARNING)


def test_an_application_of_hydra_goes_on_as_before(home: Path) -> None:
    (home / "conf").mkdir()
    (home / "conf" / "mine.yaml").write_text("a: 1\n")
    with initialize_config_dir(str(home / "conf"), version_base="1.2"):
        dropout_lab.sweep(Net, PARTS, rate=[0.3], dry_run=True, **SMALL)
        assert compose("mine").a == 1
        assert VersionBase.instance().getbase() == Version("1.2")


def test_one_sweep_at_a_time(home: Path) -> None:
    def nested(outputs: int) -> nn.Module:
        dropout_lab.sweep(Net, PARTS, rate=[0.3], dry_run=True, **SMALL)
        return Net(outputs)

    with pytest.raises(dropout_lab.UserError, match="a sweep is running in this process already"):
        dropout_lab.sweep(nested, PARTS, rate=[0.3], dry_run=True, **SMALL)
    dropout_lab.sweep(Net, PARTS, rate=[0.3], dry_run=True, **SMALL)


def test_it_works_inside_of_a_running_event_loop_and_prints_plain_lines(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def call() -> Any:
        return dropout_lab.sweep(Net, PARTS, rate=[0.3], placement="own", **SMALL)

    assert len(asyncio.run(call()).runs) == 4
    out = capfd.readouterr().out
    assert "4 of 4 runs" in out
    assert "\x1b" not in out
