"""The head of the config as types, so that a misspelt key or a value of the wrong type is refused while composing.

The comments in conf/config.yaml say what each key means; this says what each may be.
"""

import difflib
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig

from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.lookup import objectives as allowed_objectives


@dataclass
class TrainerConfig:
    epochs: int = MISSING
    batch_size: int = MISSING
    patience: int | None = MISSING
    max_norm: float | None = MISSING
    clip_norm: float | None = MISSING
    l1: float | None = MISSING
    label_smoothing: float | None = MISSING
    mixup: float | None = MISSING
    input_noise: float | None = MISSING
    shift: int | None = MISSING
    flip: float | None = MISSING
    gap_examples: int | None = MISSING
    mc_samples: int | None = MISSING
    pretrain_epochs: int | None = MISSING
    pretrain_classes: list[int] | None = MISSING
    keep_predictions: bool = MISSING
    precision: str = MISSING
    width: int | str = MISSING
    compile: str = MISSING


@dataclass
class Config:
    model: Any = MISSING
    dataset: Any = MISSING
    dropout: Any = MISSING
    placement: Any = MISSING
    schedule: Any = MISSING
    loss: Any = MISSING
    optimizer: Any = MISSING
    sampler: Any = MISSING
    pruner: Any = MISSING
    tracker: Any = MISSING
    prune_step: str = MISSING
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    rate: float = MISSING
    rates: dict[str, Any] = field(default_factory=dict)
    dropouts: dict[str, Any] = field(default_factory=dict)
    seeds: int = MISSING
    n_trials: int | None = MISSING
    zip: Any = MISSING
    grids: Any = MISSING
    objective: Any = MISSING
    baseline: bool = MISSING
    retries: int = MISSING
    device: str = MISSING
    workers: int | None = MISSING
    name: str | None = MISSING
    dry_run: bool = MISSING
    trust: bool = MISSING


CONTROL_KEYS = frozenset(
    {
        "seeds",
        "n_trials",
        "zip",
        "grids",
        "baseline",
        "retries",
        "workers",
        "name",
        "dry_run",
        "trust",
        "tracker",
        "trainer.width",
        "trainer.compile",
        "trainer.keep_predictions",
    }
)
"""Keys that say how much is trained and how, not what: a command may change them in a folder that has results."""


def is_control(key: str) -> bool:
    """Whether a key, or the group that it belongs to, is one of `CONTROL_KEYS`."""
    return key in CONTROL_KEYS or key.split(".")[0] in CONTROL_KEYS


GROUPS = ("model", "dataset", "dropout", "placement", "schedule", "loss", "optimizer", "sampler", "pruner", "tracker")
"""The config groups of which a config has one member each, as a section."""

CONFIG_SECTIONS = ("model", "dataset", "dropout", "schedule", "loss", "optimizer")
"""The config groups that, with the trainer and the sites' rates, make a trial."""

OPTIONS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("max_norm", "clip_norm"), (math.ulp(0.0), math.inf)),
    **dict.fromkeys(("l1", "mixup", "input_noise", "shift"), (0.0, math.inf)),
    "label_smoothing": (0.0, 1.0),
    "flip": (0.0, math.nextafter(1.0, 2.0)),
}
"""The trainer's keys that may be null, and cost nothing then: the least value of each, and the first too great."""

MOST_SEEDS = 10_000
"""Trainings of a configuration, at most."""

IMAGE_OPTIONS = ("shift", "flip")

PRETRAINING_KEYS = ("pretrain_epochs", "pretrain_classes")
"""The trainer's keys that are given both, or neither."""

RESULT_TRAINER_KEYS = (
    *("epochs", "batch_size", "patience", "gap_examples", "mc_samples", "precision"),
    *OPTIONS,
    *PRETRAINING_KEYS,
)
"""The trainer's keys that decide a run's result."""

NAME_BYTES = 255
"""The longest name of a file in all common file systems."""


def register() -> None:
    """Makes the types known to Hydra, as the schema that conf/config.yaml names first."""
    ConfigStore.instance().store(name="schema", node=Config)


def objectives(config: Mapping[str, Any]) -> list[str]:
    """The objectives as a list, from a name or a list of names. Raises UserError for what is neither."""
    given = config["objective"]
    names = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    allowed = allowed_objectives()
    known = all(isinstance(name, str) and name in allowed for name in names)
    if not known or not names or len(set(names)) < len(names):
        raise UserError(f"objective={given}: must be one of, or a list of different ones of, {', '.join(allowed)}")
    return names


def check(config: Mapping[str, Any]) -> None:
    """Raises UserError for the first key that there is not, and value that its type allows and its meaning does not."""
    trainer = config["trainer"]
    for given, known, prefix in ((config, Config, ""), (trainer, TrainerConfig, "trainer.")):
        names = [one.name for one in fields(known)]
        for key in given:
            if key not in names:
                near = closest(key, names) or "; dropout-lab sweep --help lists all keys"
                raise UserError(f"{prefix}{key}: there is no such key{near}")
    for group in GROUPS:
        if not isinstance(config[group], Mapping):
            raise UserError(
                f"{group}={config[group]}: a member of a group is chosen on the command line, or in a file's defaults:"
                f" - override /{group}: {config[group]}"
            )
    for key, value in (
        ("seeds", config["seeds"]),
        ("n_trials", config["n_trials"]),
        ("workers", config["workers"]),
        ("trainer.epochs", trainer["epochs"]),
        ("trainer.batch_size", trainer["batch_size"]),
        ("trainer.patience", trainer["patience"]),
        ("trainer.gap_examples", trainer["gap_examples"]),
        ("trainer.mc_samples", trainer["mc_samples"]),
    ):
        if value is not None and value < 1:
            raise UserError(f"{key}={value}: must be at least 1")
    if config["seeds"] > MOST_SEEDS:
        raise UserError(f"seeds={config['seeds']}: must be at most {MOST_SEEDS}")
    if config["retries"] < 0:
        raise UserError(f"retries={config['retries']}: must be at least 0")
    for key, (least, limit) in OPTIONS.items():
        if trainer[key] is not None and not least <= trainer[key] < limit:
            above = "above 0" if 0 < least < 1 else "of at least 0"
            below = {1.0: " and below 1", math.inf: ""}.get(limit, " and at most 1")
            raise UserError(f"trainer.{key}={trainer[key]}: must be a finite number {above}{below}, or null")
    _check_pretraining(*(trainer[key] for key in PRETRAINING_KEYS))
    objectives(config)
    zips = config["zip"]
    if not isinstance(zips, list) or any(
        not isinstance(keys, list) or len(keys) < 2 or not all(isinstance(key, str) for key in keys) for keys in zips
    ):
        raise UserError(f"zip={zips}: must be lists of two or more swept keys, such as [[rate,optimizer.lr]]")
    check_grids(config["grids"])
    width = trainer["width"]
    if width != "auto" and (isinstance(width, str) or width < 1):
        raise UserError(f"trainer.width={width}: must be auto, or a whole number of at least 1")
    for key, value, allowed in (
        ("trainer.compile", trainer["compile"], ("auto", "always", "never")),
        ("trainer.precision", trainer["precision"], ("float32", "bfloat16")),
        ("prune_step", config["prune_step"], ("epoch", "seed")),
        ("device", config["device"], ("auto", "cpu", "cuda")),
    ):
        if value not in allowed:
            raise UserError(f"{key}={value}: must be one of {', '.join(allowed)}")
    name = config["name"]
    if name is not None and (not name or name in (".", "..") or "/" in name or "\\" in name or not name.isprintable()):
        raise UserError(f"name={name}: must be the name of one folder, which is made under outputs/")
    if name is not None and (size := len(os.fsencode(name))) > NAME_BYTES:
        raise UserError(f"name={name[:20]}...: is {size} bytes long; a folder's name has at most {NAME_BYTES}")
    _check_finite(config)


def _check_finite(config: Any, key: str = "") -> None:
    """Raises UserError for the first number of a config that is none: NaN, or infinity."""
    if isinstance(config, float) and not math.isfinite(config):
        raise UserError(f"{key}={config}: must be a finite number")
    if isinstance(config, Mapping):
        for name, value in config.items():
            _check_finite(value, f"{key}.{name}" if key else str(name))
    elif isinstance(config, list):
        for place, value in enumerate(config):
            _check_finite(value, f"{key}[{place}]")


def _check_pretraining(epochs: int | None, classes: Sequence[int] | None) -> None:
    """One without the other is refused with the configuration: either may be swept."""
    if epochs is not None and epochs < 0:
        raise UserError(f"trainer.pretrain_epochs={epochs}: must be at least 0, or null")
    if classes is not None and (len(classes) < 2 or len(set(classes)) < len(classes) or min(classes) < 0):
        raise UserError(
            f"trainer.pretrain_classes={classes}: must be at least two different classes, by number from 0, or null"
        )


def check_grids(grids: Any) -> None:
    """Raises UserError for what is no list of grids."""
    if not isinstance(grids, list) or not all(isinstance(grid, Mapping) and grid for grid in grids):
        raise UserError(
            f"grids={grids}: must be a list of grids, such as [{{placement:input,rate:[0.1,0.2]}},{{rate:[0.5,0.7]}}]"
        )
    for key, values in ((key, values) for grid in grids for key, values in grid.items()):
        if values in ([], {}):
            raise UserError(f"grids: {key}:{values}: must be a value, or a list of at least one")


def unknown_key(key: str, parent: Any) -> str:
    """What to say of a key that its parent node does not have."""
    allowed = sorted(str(name) for name in parent) if isinstance(parent, DictConfig) else []
    if key.startswith("placement.weights."):
        return f"{key}: the weights of a placement cannot be added to; take placement=custom, which has yours alone"
    where = key.rpartition(".")[0]
    here = f"{where} has" if where else "the config has"
    inside = [f"{name}.{key}" for name in allowed if isinstance(parent[name], DictConfig) and key in parent[name]]
    if inside and not where:
        return f"{key}: there is no such key; did you mean {' or '.join(inside)}?"
    return f"{key}: there is no such key; {here} {', '.join(allowed)}{closest(key.rpartition('.')[2], allowed)}"


def closest(word: str, words: Iterable[str]) -> str:
    """ ", did you mean ...?" for a word that is almost one of `words`, else nothing."""
    near = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {near[0]}?" if near else ""
