"""Where dropout goes, and by which method, if the command does not say."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dropout_lab.config.placement import matching
from dropout_lab.core.errors import UserError
from dropout_lab.sweeper.trainer_protocol import Trainer
from dropout_lab.sweeper.variants import Composed, Variants, resolve

PLACEMENTS = {"nonrecurrent": "recurrent", "vaswani": "attention_out.*", "everywhere": "*"}
"""Placements for models without the config's default one, which is hidden layers, and the site that a model must have
for each: the first at which the method can act is taken."""


def default_dropout(
    composed: Composed, compose: Callable[[Sequence[str]], Composed], fixed: Sequence[str], trainer: Trainer
) -> tuple[Sequence[str], Composed]:
    """The overrides `fixed` with the author's methods, and the configs that they compose, for a network that has some.

    Both as they are for other networks, and where an experiment's method is not the config's default one.
    """
    configs = [resolve(whole) for whole, _ in composed.values()]
    is_default = all(choices["dropout"] == "standard" for _, choices in composed.values())
    if not is_default or all(trainer.own_rate(config["model"], config["dataset"]) is None for config in configs):
        return fixed, composed
    lines = [*fixed, "dropout=own"]
    return lines, compose(lines)


def as_written(
    composed: Composed, compose: Callable[[Sequence[str]], Composed], fixed: Sequence[str], trainer: Trainer
) -> tuple[Sequence[str], Composed] | None:
    """The overrides `fixed` with the author's placement at the author's rates, and the configs that they compose.

    For commands that say neither, such as `rates.attention=0,0.1`: what they do not name stays as it was written. None
    for a model without dropouts of its author's at a rate above 0, and for several whose highest rates differ.
    """
    configs = [resolve(whole) for whole, _ in composed.values()]
    rates = {trainer.own_rate(config["model"], config["dataset"]) for config in configs}
    rate = rates.pop() if len(rates) == 1 else None
    if rate is None or not 0 < rate < 1:
        return None
    lines = [*fixed, "placement=own", f"rate={rate}"]
    return lines, compose(lines)


def default_placement(
    composed: Composed, compose: Callable[[Sequence[str]], Composed], fixed: Sequence[str], trainer: Trainer
) -> tuple[Sequence[str], Composed]:
    """The overrides `fixed` with a placement, and the configs that they compose, if the model lacks the default one.

    Both as they are where it has that, and where no other will do: then the default is refused, with its reason.
    """
    configs = [resolve(whole) for whole, _ in composed.values()]
    sites = [trainer.sites(config["model"], config["dataset"]) for config in configs]
    wanted = [config["placement"]["weights"] for config in configs]
    if all(matching(pattern, names) for names, weights in zip(sites, wanted, strict=True) for pattern in weights):
        return fixed, composed
    for name, pattern in PLACEMENTS.items():
        lines = [*fixed, f"placement={name}"]
        if all(matching(pattern, names) for names in sites) and _can_train(placed := compose(lines), trainer):
            return lines, placed
    return fixed, composed


def fitting(compose: Variants, placements: Sequence[str], trainer: Trainer) -> Sequence[str]:
    """Those of the default sweep's placements at which the model can be trained; all of them if there is none."""
    usable = [name for name in placements if _is_described(*compose({"placement": name}), trainer)]
    return usable or placements


def _can_train(composed: Composed, trainer: Trainer) -> bool:
    return all(_is_described(resolve(whole), choices, trainer) for whole, choices in composed.values())


def _is_described(config: Mapping[str, Any], choices: Mapping[str, str], trainer: Trainer) -> bool:
    try:
        trainer.describe(config, choices)
    except UserError:
        return False
    return True
