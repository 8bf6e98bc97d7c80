"""A setting that is not allowed is refused by a message that names it and what is allowed.

`tests/cli/test_mistakes.py` has what only a whole command can get wrong, and how such a message leaves it.
"""

from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf, open_dict

from dropout_lab.app.application import conf_folder
from dropout_lab.build.builder import Builder
from dropout_lab.build.description import describe
from dropout_lab.config import hydra_schema, roles
from dropout_lab.config.check import check as check_config
from dropout_lab.core.errors import UserError

WINE = "measure.ood.dataset={_target_:dropout_lab.datasets.wine.wine}"
MISTAKES = [
    # the members of groups that are chosen, the settings, and what the message must say
    ("rate=-0.1", ("rate=-0.1", "at least 0")),
    ("rate=nan", ("rate=nan",)),
    ("model=transformer placement=layers", ("dropout=standard cannot act at site layer.0", "whole")),
    ("dropout=zoneout placement=everywhere", ("cannot act at any site of this model; at site input", "it acts on")),
    ("placement=conv", ("conv.*", "input, hidden.0, hidden.1")),
    ("rates.nosuch=0.3", ("rates.nosuch", "input, hidden.0, hidden.1")),
    ("rates.input=1.5", ("rates.input=1.5", "below 1")),
    ("seeds=0", ("seeds=0", "at least 1")),
    ("seeds=100000000", ("seeds=100000000", "at most 10000")),
    ("trainer.label_smoothing=1", ("trainer.label_smoothing=1", "below 1")),
    ("dropout=mixout", ("dropout=mixout", "trainer.pretrain_epochs=20")),
    ("trainer.pretrain_epochs=3", ("trainer.pretrain_epochs=3", "trainer.pretrain_classes=[0,1,2,3,4] beside it")),
    ("trainer.pretrain_classes=[0,1]", ("trainer.pretrain_classes=[0, 1]", "trainer.pretrain_epochs=20 beside it")),
    ("trainer.pretrain_epochs=-1 trainer.pretrain_classes=[0,1]", ("pretrain_epochs=-1", "at least 0")),
    ("trainer.pretrain_epochs=3 trainer.pretrain_classes=[0,0]", ("classes=[0, 0]", "two different")),
    ("trainer.pretrain_epochs=3 trainer.pretrain_classes=[0,10]", ("[0, 10]", "the classes 0 to 9")),
    ("dataset=wine trainer.pretrain_epochs=3 trainer.pretrain_classes=[0,1]", ("[0, 1]", "at least two must be left")),
    ("dataset=diabetes trainer.pretrain_epochs=3 trainer.pretrain_classes=[0,1]", ("diabetes", "asks for no class")),
    (
        "trainer.pretrain_epochs=3 trainer.pretrain_classes=[0,1,2,3,4] dataset.limit=1000",
        ("dataset.limit=1000", "digits (classes 5, 6, 7, 8, 9)"),
    ),
    ("trainer.l1=-1", ("trainer.l1=-1", "at least 0")),
    ("trainer.flip=1.5", ("trainer.flip=1.5", "at most 1")),
    ("trainer.max_norm=0", ("trainer.max_norm=0", "above 0")),
    ("dataset=wine trainer.shift=1", ("trainer.shift=1", "no images (13)")),
    ("dataset=wine trainer.cutmix=1", ("trainer.cutmix=1", "no images (13)")),
    ("trainer.crop=0", ("trainer.crop=0", "above 0 and at most 1")),
    ("trainer.rotate=181", ("trainer.rotate=181", "at most 180")),
    ("trainer.mixup=0.4 trainer.cutmix=1", ("trainer.mixup=0.4 trainer.cutmix=1", "one of them must be 0 or null")),
    ("dataset=diabetes trainer.label_smoothing=0.1", ("trainer.label_smoothing=0.1", "no class of")),
    ("dataset=diabetes loss=rdrop", ("loss=rdrop", "probabilities")),
    ("loss=multi_sample placement=input", ("loss=multi_sample", "hidden.1", "does not drop")),
    ("dataset=diabetes trainer.mc_samples=5", ("trainer.mc_samples=5", "example's class")),
    ("loss=rdrop loss.alpha=-1", ("loss.alpha=-1", "at least 0")),
    ("dropouts.conv={name:spatial}", ('dropouts.conv=spatial: no site matches "conv"', "input, hidden.0, hidden.1")),
    ("dropout=spatial", ("at any site of this model; at site hidden.0 (128)", "a vector has none")),
    ("dropout=alpha", ("dropout=alpha cannot act at site hidden.0", "model.activation=selu")),
    ("objective=foo", ("objective=foo", "val_loss")),
    ("metric=[f1]", ("metric=[f1]: must be one of, or a list of different ones of, f1_macro",)),
    ("metric=[auroc,auroc]", ("metric=[auroc, auroc]", "different")),
    ("trainer.best=test_loss", ("trainer.best=test_loss", "one of val_loss, val_accuracy")),
    ("dataset=diabetes trainer.best=val_auroc", ("trainer.best=val_auroc", "regression", "val_loss, val_mae")),
    ("objective=3", ("objective=3", "val_loss")),
    ("objective=null", ("objective=null", "val_loss")),
    ("objective=[[val_loss]]", ("objective=[[val_loss]]", "val_loss")),
    ("optimizer.lr=true", ("optimizer.lr=true", "a finite number of at least 0")),
    ("optimizer.lr=null", ("optimizer.lr=null", "a finite number of at least 0")),
    ("optimizer.lr=abc", ('optimizer.lr="abc"', "a finite number of at least 0")),
    ("optimizer.lr=-1", ("optimizer.lr=-1", "at least 0")),
    ("optimizer=sgd optimizer.nesterov=1", ("optimizer.nesterov=1", "true or false")),
    ("dataset.label_noise=null", ("dataset.label_noise=null", "a finite number of at least 0")),
    ("dataset.limit=ten", ('dataset.limit="ten"', "a whole number")),
    ("dataset.limit=0", ("dataset.limit=0",)),
    ("dataset.limit=100000", ("dataset.limit=100000", "1150")),
    ("schedule=linear schedule.start=[1]", ("schedule.start=[1]", "a finite number of at least 0")),
    ("model.hidden=8", ("model.hidden=8", "a list of at least one item, each a whole number of at least 1, or null")),
    ("model.hidden=[0]", ("model.hidden=[0]",)),
    ("model.norm=bath", ("model.norm=bath", "batch, layer")),
    ("model=cnn model.kernel_size=null", ("model.kernel_size=null", "a whole number")),
    ("model=cnn dataset=wine", ("model=cnn", "(13,)")),
    ("dataset=table", ("dataset.path=my.csv", "dataset.target")),
    ("measure.noise={deviations:[0.5]}", ("measure.noise", "no _target_")),
    ("measure=[noise] measure.noise.deviations=[-1]", ("measure.noise.deviations=[-1]", "above 0")),
    ("measure=[noise] dataset=text model=rnn placement=input", ("measure=[noise]", "tokens", "works with numbers")),
    ("measure=[occlusion] dataset=wine", ("measure=[occlusion]", "no images (13)", "works with images")),
    ("measure=[occlusion] measure.occlusion.sizes=[9]", ("measure.occlusion.sizes", "9 pixels", "have 8")),
    ("measure=[gradient_noise] trainer.batch_size=1000", ("measure=[gradient_noise]", "1150 examples", "=1000")),
    (f"measure=[ood] {WINE} dataset=diabetes", ("measure=[ood]", "diabetes", "works with classifications")),
    (f"measure=[ood] {WINE}", ("measure=[ood]", "13", "1 x 8 x 8", "must have the same")),
    ("dataset=mnist dataset.path=nowhere", ("dataset.path=nowhere", "no such folder")),
]


BUILDER = Builder()


@cache
def composed(*members: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The config with these members of groups, and the names of all that are chosen."""
    hydra_schema.register()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = compose("config", list(members), return_hydra_config=True)
    choices = {str(group): str(name) for group, name in config.hydra.runtime.choices.items()}
    with open_dict(config):
        del config["hydra"]
    plain: Any = OmegaConf.to_container(config, resolve=True)
    return plain, choices


def _chooses(key: str) -> bool:
    return key == "measure" or key in roles.groups()


def check(line: str) -> None:
    """What a command does with its config before it trains."""
    words = OverridesParser.create().parse_overrides(line.split())
    config, choices = deepcopy(composed(*(str(word.input_line) for word in words if _chooses(word.key_or_group))))
    for word in words:
        if not _chooses(word.key_or_group):
            *sections, key = word.key_or_group.split(".")
            parent = config
            for section in sections:
                parent = parent[section]
            parent[key] = word.value()
    check_config(config)
    describe(BUILDER, config, choices)


@pytest.mark.parametrize(("line", "said"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_a_setting_that_is_not_allowed_is_refused(line: str, said: tuple[str, ...]) -> None:
    with pytest.raises(UserError) as refused:
        check(line)
    for fragment in said:
        assert fragment in str(refused.value)


def test_the_defaults_are_allowed() -> None:
    check("trainer.epochs=1")
