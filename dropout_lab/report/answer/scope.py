"""What the answer is about: data, network, seeds, and what a seed changes."""

from collections.abc import Iterator, Mapping
from typing import Any

from dropout_lab.core.metrics.on_request import CHANCE
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import and_list, plural, setting
from dropout_lab.report.topics import chance


def scope(frames: Frames) -> str:
    """One line of facts, a sentence about the seeds, and what a network that ignores its inputs would reach."""
    facts = "; ".join(_facts(frames))
    swept = "model.weights" in frames.context_parameters
    recorded: Mapping[str, Any] = frames.asked.get("scope") or {}
    said = [f"{facts[:1].upper()}{facts[1:]}.", changed_by_seeds(recorded, swept=swept)]
    if recorded.get("folds"):
        said.append(walked_folds(frames.seeds, int(recorded["folds"])))
    if frames.is_multilabel:
        said.append("The accuracy is the share of right labels.")
    if is_weighted(frames):
        said.append("Losses are weighted by class.")
    fields = [str(name) for name in frames.runs if str(name).startswith("test_") and str(name).endswith(CHANCE)]
    said.append(chance.note(frames, [field.removesuffix(CHANCE) for field in fields]))
    return " ".join(filter(None, said))


def walked_folds(seeds: int, folds: int) -> str:
    """What the seeds make of the folds: whole repetitions, or a part of one."""
    whole, rest = divmod(seeds, folds)
    if not whole:
        return f"{plural(seeds, 'seed')} {'is' if seeds == 1 else 'are'} not all of {folds} folds."
    said = f"{plural(seeds, 'seed')} are {plural(whole, 'repetition')} of {folds} folds"
    if rest:
        said += f" and {plural(rest, 'fold')} of another, so examples validate unequally often"
    return f"{said}."


def folds(frames: Frames) -> int | None:
    """The number of folds that the seeds walk; None where each draws a validation part, or has a given one."""
    found = (frames.asked.get("scope") or {}).get("folds")
    return None if found is None else int(found)


def is_undivided(frames: Frames) -> bool:
    """Whether all seeds have one validation part, which was given with the data."""
    return bool((frames.asked.get("scope") or {}).get("one_validation_part"))


def is_weighted(frames: Frames) -> bool:
    """Whether classes have weights in the loss."""
    settings = (frames.asked.get("settings") or {}).get("dataset") or {}
    return settings.get("class_weight") is not None or "dataset.class_weight" in frames.context_parameters


def changed_by_seeds(recorded: Mapping[str, Any], *, swept: bool) -> str:
    """What a seed changes, and what it does not.

    `swept`: whether configurations begin from different files of weights.
    """
    drawn, given = _weights(recorded, swept=swept)
    undivided = bool(recorded.get("one_validation_part"))
    changed = [*drawn, "the batches", "the dropout masks"]
    changed += [] if undivided else [_division(recorded)]
    fixed = [*given, "the data set"]
    last = f"its division into train, validation and test{_how(recorded)}" if undivided else "the test set"
    only = ": the results are about this one division" if undivided else ""
    return f"A seed changes {and_list(changed)}, but not {', '.join(fixed)} or {last}{only}."


def _how(recorded: Mapping[str, Any]) -> str:
    return f" ({recorded['fixed']})" if recorded.get("fixed") else ""


def _division(recorded: Mapping[str, Any]) -> str:
    """What a seed changes about the division."""
    whole = f" (whole groups of {recorded['groups']})" if recorded.get("groups") else ""
    if recorded.get("folds"):
        return f"which of {recorded['folds']} folds validates{whole}"
    return f"the division into train and validation{whole}"


def _weights(recorded: Mapping[str, Any], *, swept: bool) -> tuple[list[str], list[str]]:
    """The initial weights that a seed changes, and those that were trained before."""
    if swept:
        return ["the initial weights that no file sets"], []
    drawn, parameters = recorded.get("drawn"), recorded.get("parameters")
    if drawn is None or parameters is None or (2 * drawn >= parameters and not recorded.get("weights")):
        return ["the initial weights"], []
    source = f"from {recorded['weights']}" if recorded.get("weights") else "that the constructor sets"
    if drawn == 0:
        return [], [f"the initial weights ({source})"]
    return [f"{drawn:,} of {parameters:,} initial weights"], [f"the other initial weights ({source})"]


def _facts(frames: Frames) -> Iterator[str]:
    recorded: Mapping[str, Any] = frames.asked.get("scope") or {}
    swept = frames.context_parameters
    data = recorded.get("dataset") or _target(frames, "dataset")
    if data:
        sizes = [(recorded.get(part), part) for part in ("train", "validation", "test")]
        uneven = {"validation": "up to "} if recorded.get("uneven") else {}
        known = [f"{uneven.get(part, '')}{count:,} {part}" for count, part in sizes if count is not None]
        unit = f" {recorded.get('examples', 'examples')}" if known else ""
        varied = " (settings of the data are swept)" if any(name.startswith("dataset.") for name in swept) else ""
        yield f"{data}{f', {and_list(known)}{unit}' if known else ''}{varied}"
    network = recorded.get("network") or _target(frames, "model")
    if network:
        count = recorded.get("parameters")
        size = f" with {count:,} parameters" if count is not None else ""
        varied = " (settings of the network are swept)" if any(name.startswith("model.") for name in swept) else ""
        own = recorded.get("own_rate")
        as_it_is = f" (own at {setting(own)} is the network as it is)" if own else ""
        yield f"{network}{size}{varied}{as_it_is}"
    yield plural(len(frames.trials), "configuration")
    yield f"{plural(frames.seeds, 'seed')} each"
    epochs = sorted(int(value) for value in frames.trials["horizon"].dropna().unique())
    if epochs:
        text = f"{epochs[0]} epochs" if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]} epochs"
        yield "1 epoch" if epochs == [1] else text


def _target(frames: Frames, section: str) -> str:
    """The last part of what a section of the settings names."""
    settings = (frames.asked.get("settings") or {}).get(section) or {}
    return str(settings.get("_target_") or "").rpartition(".")[2]
