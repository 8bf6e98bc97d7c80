"""What was typed behind `train` or `sweep`, as Hydra's overrides and options."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import OverrideParseException

from dropout_lab.config.roles import is_unlisted, role

SHOW_ALL = {"--help", "-h", "--hydra-help", "--version", "--shell-completion", "-sc"}
"""Hydra's flags that show what there is, not what would be done."""

SHOW = SHOW_ALL | {"--cfg", "-c", "--info", "-i"}
"""Hydra's flags that show something instead of training."""

RUN = {"--run", "-r", "--multirun", "-m"}
"""Hydra's flags that repeat what `train` and `sweep` mean; beside those that show something, Hydra refuses them."""


@dataclass(frozen=True)
class HydraCommand:
    """A command of ours in Hydra's terms."""

    overrides: Sequence[str]
    options: Sequence[str]
    left_out: Sequence[str]
    """Overrides with several values, which Hydra cannot show."""
    trains: bool
    """Whether it trains something, or shows it."""

    @property
    def argv(self) -> Sequence[str]:
        """Hydra's command line: the overrides together, so that --info takes none of them as its value."""
        return ["dropout-lab", *self.overrides, *self.options]


def for_hydra(command: str, argv: Sequence[str]) -> HydraCommand:
    """The command `train` or `sweep` in Hydra's terms; `argv` is what was typed behind it."""
    given = [_added(word) for word in argv if word != "experiment=null"]  # the default, and Hydra refuses it
    given = _of_targets(given)
    overrides = [word for word in given if word[0] == "~" or ("=" in word and word[0] != "-")]
    options = [word for word in given if word not in overrides and word not in RUN]
    overrides = _of_members(overrides)
    flags = {option.partition("=")[0] for option in options}
    if command == "sweep" and not flags & SHOW_ALL and all(map(_is_control, overrides)):
        overrides.append("experiment=default")
    if not flags & SHOW:
        return HydraCommand([*overrides, f"hydra.sweeper.command={command}"], ["--multirun", *options], [], True)
    swept = [word for word in overrides if _is_swept(word)]
    return HydraCommand([word for word in overrides if word not in swept], options, swept, False)


def _added(word: str) -> str:
    """Keys that the config cannot list are added, not changed: of sites, of groups of parameters, and model.weights."""
    key = word.partition("=")[0]
    return f"++{word}" if is_unlisted(key) or key == "optimizer.groups" else word


def _of_targets(words: Sequence[str]) -> list[str]:
    """The words, with an empty member in the place of the default where they name a class themselves.

    `model._target_=my_net.Net model.num_classes=10` is then that class with these arguments, and none of the default
    model's.
    """
    found = list(words)
    for group in ("model", "dataset"):
        named = any(word.lstrip("+").startswith(f"{group}._target_=") for word in found)
        if named and not any(word.startswith(f"{group}=") for word in found):
            found = [
                f"++{word}" if word.startswith(f"{group}.") and not word.startswith(f"{group}._target_=") else word
                for word in found
            ]
            found.insert(0, f"{group}=own")
    return found


def _is_control(override: str) -> bool:
    """Whether an override says how, where or how much is trained, not what."""
    key = override.partition("=")[0].lstrip("+~")
    return role(key) in ("control", "machine", "measured") or re.match(r"hydra[./]", key) is not None


def _of_members(overrides: Sequence[str]) -> list[str]:
    """The overrides, those of a key in a swept group as a sweep of one value: not every member need have the key."""
    keys = {word: word.partition("=")[0] for word in overrides}
    grouped = {key.partition(".")[0] for key in keys.values() if "." in key}
    swept = {key for word, key in keys.items() if key in grouped and _is_swept(word)}
    return [
        f"{key}=choice({word.partition('=')[2]})"
        if "." in key and key.partition(".")[0] in swept and not _is_swept(word)
        else word
        for word, key in keys.items()
    ]


def _is_swept(override: str) -> bool:
    """Whether an override names several values."""
    try:
        return OverridesParser.create().parse_overrides([override])[0].is_sweep_override()
    except OverrideParseException:
        return False  # Hydra says what is wrong with it
