"""What is typed behind `train` and `sweep`, in Hydra's terms."""

import pytest

from dropout_lab.config.overrides import for_hydra

SWEEP = "hydra.sweeper.command=sweep"


@pytest.mark.parametrize(
    ("argv", "overrides", "options"),
    [
        (["rate=0.1,0.2"], ["rate=0.1,0.2", SWEEP], ["--multirun"]),
        # What says only how much is trained is the default sweep, larger or smaller.
        (["seeds=2", "device=cpu"], ["seeds=2", "device=cpu", "experiment=default", SWEEP], ["--multirun"]),
        (["-m", "rate=0.1", "experiment=null"], ["rate=0.1", SWEEP], ["--multirun"]),
        (["rates.hidden=0.1"], ["++rates.hidden=0.1", SWEEP], ["--multirun"]),
        (
            ["optimizer=sgd,adam", "optimizer.momentum=0.9"],
            ["optimizer=sgd,adam", "optimizer.momentum=choice(0.9)", SWEEP],
            ["--multirun"],
        ),
        (["--help"], [], ["--help"]),
    ],
)
def test_a_command_in_hydras_terms(argv: list[str], overrides: list[str], options: list[str]) -> None:
    found = for_hydra("sweep", argv)
    assert (found.overrides, found.options) == (overrides, options)
    assert found.trains == ("--help" not in argv)
    assert found.argv == ["dropout-lab", *overrides, *options]


def test_what_hydra_cannot_show_is_left_out() -> None:
    found = for_hydra("train", ["rate=0.1,0.2", "seeds=2", "--cfg", "job"])
    assert (found.overrides, found.options, found.left_out) == (["seeds=2"], ["--cfg", "job"], ["rate=0.1,0.2"])
    assert not found.trains
