"""Lists of keys by role: the parts of a configuration, the options, the control keys."""

from dropout_lab.config.keys import KEYS, Group, Needs, Role

PRETRAINING_KEYS = ("pretrain_epochs", "pretrain_classes")
"""The trainer's keys that are given both, or neither."""


def role(key: str) -> Role | None:
    """The role of a key, or of the group or section that it belongs to; None if the table has neither."""
    found = KEYS.get(key) or KEYS.get(key.partition(".")[0])
    return None if found is None else found.role


def is_control(key: str) -> bool:
    """Whether a key says how much is trained and what is kept, so that it may change in a folder with results."""
    return role(key) == "control"


def is_dropout(key: str) -> bool:
    """Whether a key says something about dropout; all other parts of a configuration are the context of a baseline."""
    return role(key) == "dropout"


def groups() -> tuple[str, ...]:
    """The config groups of which a config has one member each, as a section."""
    return tuple(key.name for key in KEYS.values() if key.type is Group)


def trial_sections() -> tuple[str, ...]:
    """The groups whose members, with the trainer and the sites' rates, make a trial.

    The placement is not one of them: the rates are its result.
    """
    parts = ("data", "model", "dropout", "training")
    return tuple(name for name in groups() if name != "placement" and role(name) in parts)


def trainer_keys() -> tuple[str, ...]:
    """The trainer's keys that decide a run's result."""
    return tuple(
        key.name.removeprefix("trainer.")
        for key in KEYS.values()
        if key.name.startswith("trainer.") and key.role != "control"
    )


def options(needs: Needs | None = None) -> tuple[str, ...]:
    """The trainer's keys that are handed to the lanes where they are not null: all, or those that need such data."""
    return tuple(
        key.name.removeprefix("trainer.")
        for key in KEYS.values()
        if key.role == "option" and (needs is None or key.needs == needs)
    )


def is_unlisted(key: str) -> bool:
    """Whether a config need not have a key, which is added then: of sites, of groups of parameters, model.weights, and
    arguments of a function that loads data."""
    if key.partition(".")[0] in by_site() or key in ("model.weights", "dataset.arguments"):
        return True
    return key.startswith(("optimizer.groups.", "dataset.arguments."))


def by_site() -> tuple[str, ...]:
    """The keys whose own keys are sites, so that the config cannot list them."""
    return tuple(key.name for key in KEYS.values() if dict in key.kind.bases)
