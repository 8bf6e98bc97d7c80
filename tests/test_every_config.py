"""Every YAML of conf/ and experiments/ composes, and what it describes can be made."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from dropout_lab.app.application import conf_folder
from dropout_lab.build.builder import Builder
from dropout_lab.build.cohort_trainer import CohortTrainer
from dropout_lab.build.description import describe
from dropout_lab.build.sweep_checks import check_axes
from dropout_lab.config import hydra_schema
from dropout_lab.config.check import check
from dropout_lab.config.instantiate import instantiate
from dropout_lab.core.errors import UserError
from dropout_lab.sweeper.study import pruner, sampler
from tests.rotate import rotated

CONF = conf_folder()
BUILDER = Builder()
GROUPS = (
    "dataset",
    "dropout",
    "loss",
    "lr_schedule",
    "measure",
    "model",
    "momentum_schedule",
    "optimizer",
    "placement",
    "pruner",
    "sampler",
    "schedule",
    "tracker",
)
FROM_FILES = {path.stem for path in (CONF / "dataset").glob("*.yaml") if "path: null" in path.read_text()} - {"text"}
FROM_FILES |= {"own", "sklearn"}
"""Sets that are somewhere else, or need a name: tests/datasets and tests/api have their tests."""
MEMBERS = [
    (group, path.stem)
    for group in GROUPS
    for path in sorted((CONF / group).glob("*.yaml"))
    if (group, path.stem) not in {("dataset", name) for name in FROM_FILES}
]
EXPERIMENTS = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))

RNN = ["model=rnn"]
SEQUENCES, OF_OUTPUT, OF_CELLS, OF_STATES = (
    [*RNN, f"placement={name}"] for name in ("input", "output", "cell", "recurrent")
)
TRANSFORMER = ["model=transformer"]
RESIDUAL, IMAGES = ["model=resnet", "placement=residual"], ["model=cnn", "placement=conv"]
FITTING = {
    "conv": ["model=cnn"],
    "linear": ["optimizer=sgd"],
    "pool": ["model=cnn"],
    "head": ["model=cnn", "model.hidden=[]"],
    "resnet": ["placement=conv"],
    "residual": ["model=resnet"],
    "transformer": ["placement=attention"],
    **dict.fromkeys(("heads", "ffn", "branches", "branch_depth", "vaswani"), TRANSFORMER),
    "attention": [*TRANSFORMER, "placement=attention"],
    "huggingface": ["placement=everywhere"],
    "drophead": [*TRANSFORMER, "placement=heads"],
    "layers": [*TRANSFORMER, "dropout=layerdrop"],
    "layerdrop": [*TRANSFORMER, "placement=layers"],
    "depth": ["model=resnet"],
    "rnn": ["placement=input"],
    **dict.fromkeys(("output", "rnn_naive", "rnn_variational", "rnn_zaremba"), OF_OUTPUT),
    **dict.fromkeys(("recurrent", "cell", "states", "nonrecurrent"), RNN),
    **dict.fromkeys(("weight_drop", "adversarial_recurrent"), OF_STATES),
    **dict.fromkeys(("rnn_semeniuta", "zoneout"), OF_CELLS),
    "embedding": [*RNN, "dataset=text", "dropout=embedding_word"],
    "embedding_word": [*RNN, "dataset=text", "placement=embedding"],
    **dict.fromkeys(("text", "copy", "adding"), SEQUENCES),
    "stochastic_depth": RESIDUAL,
    "alpha": ["model.activation=selu"],
    "ood": ["measure.ood.dataset={_target_:dropout_lab.datasets.digits.digits}"],
    "mixout": ["trainer.pretrain_epochs=2", "trainer.pretrain_classes=[0,1,2]"],
    "standout": ["model.site_order=before"],
    "feature_alpha": [*IMAGES, "model.activation=selu"],
    **dict.fromkeys(("dropblock", "spatial", "maxdrop_channel", "maxdrop_feature", "max_pooling", "pattern"), IMAGES),
}
"""With what a member goes together that does not go with the defaults."""
OF_A_USER = {
    "model": ["model=own", "model._target_=tests.adoption.zoo.Functional", "placement=everywhere"],
    "placement": ["model=own", "model._target_=tests.adoption.zoo.Functional"],
    "dropout": ["model=own", "model._target_=tests.adoption.zoo.Functional", "placement=own"],
}
"""The members called own: a network of a user's, where its author dropped, and how."""


@cache
def _composed(*overrides: str) -> Any:
    hydra_schema.register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return OmegaConf.to_container(compose("config", list(overrides)), resolve=True)


def composed(*overrides: str) -> dict[str, Any]:
    """The config of a command with these overrides, to be changed at will."""
    found: dict[str, Any] = deepcopy(_composed(*overrides))
    return found


@pytest.mark.parametrize("member", rotated(MEMBERS, of=4), ids="-".join)
def test_every_member_composes_and_can_be_made(member: tuple[str, str]) -> None:
    group, name = member
    # A placement is described together with a model that has its sites.
    fitting = OF_A_USER[group] if name == "own" else FITTING.get(name, [])
    fitting = [one for one in fitting if one != f"{group}={name}"]
    weights = ["placement.weights={input:0.5}"] if name == "custom" else []
    config = composed(f"{group}={name}", *fitting, *weights)
    check(config)
    pruner(config["pruner"])
    sampler(config["sampler"])
    instantiate("tracker", config["tracker"]).check()
    assert list(config["measure"]) == ([name] if group == "measure" else [])
    described = describe(BUILDER, config, {"placement": "p", "dropout": "d", "schedule": "constant", "loss": "l"})
    BUILDER.structure(described.structure)
    assert described.trial.is_baseline == ((group, name) == ("placement", "none"))


def test_data_that_differ_between_versions_of_python_have_a_digest() -> None:
    trainer = CohortTrainer(BUILDER)
    by_character, by_word = (
        trainer.data(composed("dataset=text", f"dataset.level={of}")) for of in ("character", "word")
    )
    assert by_character is not None
    assert by_character != by_word
    assert trainer.data(composed("dataset=digits")) is None


def test_a_vocabulary_is_no_axis_where_its_tokens_are_predicted() -> None:
    text, copied = (BUILDER.dataset(composed(f"dataset={name}")["dataset"]) for name in ("text", "copy"))
    check_axes(text, ["dataset.limit", "model.width"])
    with pytest.raises(UserError, match=r"dataset\.vocabulary_size: cannot be swept with a text"):
        check_axes(text, ["dataset.limit", "dataset.vocabulary_size"])
    check_axes(copied, ["dataset.min_count"])


@pytest.mark.parametrize("path", sorted(CONF.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_file_begins_by_saying_what_it_is(path: Path) -> None:
    first = next(line for line in path.read_text().splitlines() if not line.startswith("# @package"))
    assert first.startswith("# ")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_is_a_question_with_a_command_a_cost_an_expectation_and_a_finding(name: str) -> None:
    check(composed(f"experiment={name}"))
    path = CONF / "experiment" / f"{name}.yaml"
    for word in ("Question:", "Command:", "Costs:", "Expects:", "Finding:"):
        assert f"# {word}" in path.read_text()
    assert path.with_suffix(".md").read_text().count("dropout-lab sweep") >= 1
    settings = yaml.safe_load(path.read_text())
    assert settings.get("grids") or settings["hydra"]["sweeper"]["params"]
