"""What of a training's settings is refused, before anything is trained."""

from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf, open_dict

from dropout_lab.app.application import conf_folder
from dropout_lab.build.builder import Builder
from dropout_lab.build.description import Described, describe
from dropout_lab.config import hydra_schema
from dropout_lab.config.check import check
from dropout_lab.core.errors import UserError

BUILDER = Builder()


def described(*overrides: str) -> Described:
    hydra_schema.register()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        composed = compose("config", list(overrides), return_hydra_config=True)
        choices = {str(key): str(name) for key, name in composed.hydra.runtime.choices.items()}
        with open_dict(composed):
            del composed["hydra"]
        config: Any = OmegaConf.to_container(composed, resolve=True)
    check(config)
    return describe(BUILDER, config, choices)


def refused(said: str, *overrides: str) -> None:
    with pytest.raises(UserError, match=said):
        described(*overrides)


def test_a_momentum_schedule_needs_a_momentum() -> None:
    described("optimizer=sgd", "momentum_schedule=linear")
    described("optimizer=rmsprop", "momentum_schedule=linear")
    refused(
        r"^momentum_schedule=linear: optimizer=adamw has no momentum; take momentum_schedule=constant, or",
        *("optimizer=adamw", "momentum_schedule=linear"),
    )


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("trainer.ema=1.0", "at least 0 and below 1, or null"),
        ("trainer.accumulate=0", "a whole number of at least 1, or null"),
        ("lr_schedule.warmup=1.0", "at least 0 and below 1"),
    ],
)
def test_a_value_out_of_its_bounds_is_refused(override: str, said: str) -> None:
    refused(rf"^{override}: must be .*{said}", override)


def test_runs_with_other_schedules_share_a_cohort_and_have_keys_of_their_own() -> None:
    plain, cosine, warm = (
        described(*given) for given in ((), ("lr_schedule=cosine",), ("lr_schedule=cosine", "lr_schedule.warmup=0.1"))
    )
    assert plain.structure == cosine.structure == warm.structure
    assert len({one.trial.key for one in (plain, cosine, warm)}) == 3
    assert len({one.trial.context for one in (plain, cosine, warm)}) == 3
    averaged = described("trainer.ema=0.9"), described("trainer.ema=0.99")
    assert averaged[0].structure == averaged[1].structure != plain.structure


def test_patterns_of_parameters_are_refused_where_they_name_none() -> None:
    refused(
        r"^trainer\.freeze=layer\.1: no parameter matches layer\.1; the network has layers\.1\.reader\.layer\.weight,"
        r" .*; did you mean layers\.1\?$",
        "trainer.freeze=[layer.1]",
    )
    refused(r"^trainer\.freeze=\[\*\]: leaves no parameter to train; freeze fewer", "trainer.freeze=[*]")
    refused(r"^optimizer\.groups\.head: no parameter matches head; the network has", "++optimizer.groups.head.lr=0.1")
    refused(
        r"^optimizer\.groups\.layers\.1: all parameters that it matches are frozen; leave it out",
        *("++optimizer.groups.layers.1.lr=0.1", "trainer.freeze=[layers.1]"),
    )
    refused(
        r"^optimizer\.groups\.layers\.1\*: layers\.1\.reader\.layer\.\w+ is in the group layers\.1 too; must be in one",
        *("++optimizer.groups.layers.1.lr=0.1", "++optimizer.groups={layers.1*: {lr: 0.2}}"),
    )


def test_what_a_group_overrides_is_a_learning_rate_or_a_weight_decay_within_bounds() -> None:
    refused(
        r"^optimizer\.groups\.layers\.1\.momentum: there is no such key; a group has lr and weight_decay",
        "++optimizer.groups.layers.1.momentum=0.1",
    )
    refused(
        r"^optimizer\.groups\.layers\.1\.lr=-0\.1: must be a finite number of at least 0",
        "++optimizer.groups.layers.1.lr=-0.1",
    )
    refused(r"^optimizer\.groups\.head=0\.1: must be patterns of parameters with lr or", "++optimizer.groups.head=0.1")


def test_one_spelling_of_patterns_is_one_configuration_and_numbers_share_a_cohort() -> None:
    nested, flat, other, null, none = (
        described(*given)
        for given in (
            ("++optimizer.groups.layers.1.lr=0.1",),
            ("++optimizer.groups={layers.1: {lr: 0.1, weight_decay: null}}",),
            ("++optimizer.groups.layers.1.lr=0.2",),
            ("++optimizer.groups.layers.1.lr=null",),
            (),
        )
    )
    assert nested.trial.key == flat.trial.key != other.trial.key
    assert null.trial.key == none.trial.key
    assert nested.structure == flat.structure == other.structure != none.structure
    one, two = (described(f"trainer.freeze={names}") for names in ("[layers.1,*.bias]", "[*.bias,layers.1,layers.1]"))
    assert one.trial.key == two.trial.key
    assert one.structure["freeze"] == ["*.bias", "layers.1"]


def test_bfloat16_is_refused_on_a_gpu_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "an old GPU")
    for supported in (False, True):
        monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda answer=supported: answer)
        described("trainer.precision=bfloat16", "device=cpu")
        described("device=cuda")
        if supported:
            described("trainer.precision=bfloat16", "device=cuda")
        else:
            refused(
                r"^trainer\.precision=bfloat16: an old GPU has no bfloat16; allowed: float32, or device=cpu beside it$",
                "trainer.precision=bfloat16",
            )
