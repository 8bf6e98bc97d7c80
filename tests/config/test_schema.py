"""The head of the config: what its types and its meaning refuse, and that the refusal names the key."""

from typing import Any

import pytest
import yaml
from hydra.errors import ConfigCompositionException
from omegaconf import MISSING, OmegaConf

from dropout_lab.app.application import conf_folder
from dropout_lab.config.check import check
from dropout_lab.config.keys import KEYS, Key
from dropout_lab.config.refusals import unknown_key
from dropout_lab.config.roles import groups, is_control, is_dropout, options, trainer_keys, trial_sections
from dropout_lab.config.values import objectives
from dropout_lab.core.errors import UserError
from tests.test_every_config import composed


def test_the_defaults_are_allowed() -> None:
    check(composed())


@pytest.mark.parametrize(
    "override",
    [
        "rate=abc",
        "rate=true",
        "rate=null",
        "seeds=1.5",
        "seeds=null",
        "seeds=true",
        "n_trials=2.0",
        "retries=null",
        "baseline=maybe",
        "device=null",
        "prune_step=null",
        "trainer.epochs=x",
        "trainer.width=null",
        "trainer.max_norm=true",
    ],
)
def test_a_value_of_another_type_is_refused_while_composing(override: str) -> None:
    with pytest.raises(ConfigCompositionException, match=override):
        composed(override)


@pytest.mark.parametrize("override", ["sed=3", "trainer.epoch=3"])
def test_a_misspelt_key_is_refused_while_composing(override: str) -> None:
    with pytest.raises(ConfigCompositionException, match=override.partition("=")[0]):
        composed(override)


# The bounds themselves: the first value that is refused, and the last that is not.
@pytest.mark.parametrize(
    ("key", "refused", "allowed"),
    [
        ("seeds", 0, 1),
        ("n_trials", 0, None),
        ("workers", 0, 1),
        ("retries", -1, 0),
        ("trainer.epochs", 0, 1),
        ("trainer.batch_size", 0, 1),
        ("trainer.patience", 0, None),
        ("trainer.width", 0, 1),
        ("trainer.max_norm", 0.0, 1e-9),
        ("trainer.max_norm", float("inf"), None),
        ("trainer.clip_norm", float("inf"), None),
        ("trainer.clip_norm", float("nan"), 1e9),
        ("device", "gpu", "cuda"),
        ("prune_step", "epochs", "seed"),
        ("n_trials", -1, 1),
        ("name", "", None),
        ("name", ".", ".a"),
        ("name", "..", "a..b"),
        ("name", "a/b", "a-b"),
        ("name", "a\\b", "a b"),
        ("objective", [], ["gap"]),
        ("objective", "val_los", "val_loss"),
        ("objective", ["gap", "gap"], ["gap", "val_loss"]),
        ("objective", ["gap", "loss"], "gap_accuracy"),
    ],
)
def test_a_value_without_meaning_is_refused_by_key_and_its_neighbour_is_not(
    key: str, refused: Any, allowed: Any
) -> None:
    with pytest.raises(UserError) as raised:
        check(with_value(key, refused))
    assert str(raised.value).startswith(f"{key}={KEYS[key].kind.shown(refused)}: must be ")
    check(with_value(key, allowed))


def with_value(key: str, value: Any) -> dict[str, Any]:
    config = composed()
    section, _, name = key.rpartition(".")
    (config[section] if section else config)[name] = value
    return config


def test_a_name_is_an_objective_and_a_list_is_several() -> None:
    assert objectives("gap") == ["gap"]
    assert objectives(["gap", "val_loss"]) == ["gap", "val_loss"]


def test_an_unknown_key_is_answered_with_those_there_are_and_the_nearest() -> None:
    said = unknown_key("trainer.epoch", OmegaConf.create({"epochs": 1, "width": 2}))
    assert said == "trainer.epoch: there is no such key; trainer has epochs, width; did you mean epochs?"
    far = unknown_key("zzz", OmegaConf.create({"epochs": 1}))
    assert far == "zzz: there is no such key; the config has epochs"


@pytest.mark.parametrize("group", groups())
def test_a_member_in_the_place_of_its_section_is_refused_with_the_right_way(group: str) -> None:
    with pytest.raises(UserError, match=f"^{group}=hidden: .* - override /{group}: hidden$"):
        check({**composed(), group: "hidden"})


def test_the_file_chooses_a_member_of_every_group_and_declares_no_key() -> None:
    file = yaml.safe_load((conf_folder() / "config.yaml").read_text())
    assert file.keys() == {"defaults", "hydra"}
    chosen = {group: member for line in file["defaults"] if isinstance(line, dict) for group, member in line.items()}
    assert chosen.pop("measure") == [], "a group of any number of members; its sections are a key"
    assert set(groups()) == {group for group in chosen if not group.startswith("override ")} - {"experiment"}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_every_key_has_a_help_and_a_default_that_it_allows(key: Key) -> None:
    assert key.help
    if key.default != MISSING:
        key.kind.check(key.name, key.default)


def test_keys_of_a_role_are_found_by_group_and_section() -> None:
    assert [name for name in ("tracker.uri", "trainer.width", "zip", "seeds") if not is_control(name)] == []
    assert [name for name in ("trainer.epochs", "device", "sampler.seed", "rate") if is_control(name)] == []
    assert [name for name in ("loss.alpha", "dropout.speed", "rates.input", "loss") if not is_dropout(name)] == []
    assert options("images") == ("shift", "flip", "rotate", "crop", "color", "cutout", "cutmix")
    assert set(options()) < set(trainer_keys())
    assert trial_sections() == (
        "model",
        "dataset",
        "dropout",
        "schedule",
        "loss",
        "optimizer",
        "lr_schedule",
        "momentum_schedule",
    )
