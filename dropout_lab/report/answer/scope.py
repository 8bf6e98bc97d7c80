"""What the answer is about: data, network, seeds, and what a seed changes."""

from collections.abc import Iterator, Mapping
from typing import Any

from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import and_list, plural

SEEDS = (
    "A seed changes the initial weights, the batches, the dropout masks and the division into train and validation, "
    "but not the data set or the test set."
)
UNDIVIDED = (
    "A seed changes the initial weights, the batches and the dropout masks, but not the data set or its division into "
    "train, validation and test."
)
"""Where the validation part was given with the data."""


def scope(frames: Frames) -> str:
    """One line of facts and two short sentences about the seeds."""
    facts = "; ".join(_facts(frames))
    return f"{facts[:1].upper()}{facts[1:]}. {UNDIVIDED if is_undivided(frames) else SEEDS}"


def is_undivided(frames: Frames) -> bool:
    """Whether all seeds have one validation part, which was given with the data."""
    return bool((frames.asked.get("scope") or {}).get("one_validation_part"))


def _facts(frames: Frames) -> Iterator[str]:
    recorded: Mapping[str, Any] = frames.asked.get("scope") or {}
    swept = frames.context_parameters
    data = recorded.get("dataset") or _target(frames, "dataset")
    if data:
        sizes = [(recorded.get(part), part) for part in ("train", "validation", "test")]
        known = [f"{count:,} {part}" for count, part in sizes if count is not None]
        unit = f" {recorded.get('examples', 'examples')}" if known else ""
        varied = " (settings of the data are swept)" if any(name.startswith("dataset.") for name in swept) else ""
        yield f"{data}{f', {and_list(known)}{unit}' if known else ''}{varied}"
    network = recorded.get("network") or _target(frames, "model")
    if network:
        count = recorded.get("parameters")
        size = f" with {count:,} parameters" if count is not None else ""
        varied = " (settings of the network are swept)" if any(name.startswith("model.") for name in swept) else ""
        yield f"{network}{size}{varied}"
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
