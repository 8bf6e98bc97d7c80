"""What the Hugging Face hub, or a folder in its layout, has: splits by name, through the library `datasets`."""

import logging
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import Place

UNNAMED = "default"
"""What the library of the hub calls the configuration of a folder that says nothing about configurations."""
PROBE_SECONDS = 5
"""So long is an answer of the hub waited for, before a set is looked for among those it gave earlier."""


def places(names: Sequence[str], sizes: Sequence[int]) -> Place:
    """Row i of the splits one after another, as a row of one of them."""
    starts = [sum(sizes[:at]) for at in range(len(sizes))]

    def place(row: int) -> str:
        at = bisect_right(starts, row) - 1
        return f"split {names[at]}, row {row - starts[at] + 1}"

    return place


def load_splits(id: str | None, path: str | None, config: str | None, revision: str | None = None) -> Any:
    """The splits by name, train and maybe others, loaded by the library of the hub; `revision`: a branch or a commit of
    the set on the hub. Raises UserError if that cannot be."""
    if find_spec("datasets") is None:
        raise UserError("dataset: sets of the hub need the extra hub: pip install 'dropout-lab[hub]'")
    if path is not None and not Path(path).is_dir():
        raise UserError(f"dataset.path={path}: there is no such folder; it must have the Parquet files of one set")
    if path is not None:
        _require_one_set(Path(path))
    import datasets  # takes seconds

    datasets.disable_progress_bars()
    with suppress(AttributeError):
        datasets.logging.set_verbosity_error()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    wanted = path or id
    unreachable = None if path is not None else _unreachable()
    try:
        if path is not None and config is not None:
            names = datasets.get_dataset_config_names(path)
            if names == [UNNAMED]:
                config = None
            elif config not in names:
                raise UserError(f"dataset.config={config}: {path} has no such configuration; it has {', '.join(names)}")
        with _without_waiting(unreachable):
            splits = datasets.load_dataset(str(wanted), config, revision=None if path is not None else revision)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        if path is not None:
            # Where the files of a set differ in their columns, all of these follow the first line.
            first = next(iter(str(error.__cause__ or error).strip().splitlines()), type(error).__name__)
            raise UserError(f"dataset.path={path}: cannot be read as a set of the hub: {first}") from error
        raise UserError(
            f"dataset.id={id}: cannot be had from the hub: {unreachable or error}\n"
            f"It was looked for at huggingface.co and in {datasets.config.HF_DATASETS_CACHE}."
            f" Without network, get a copy elsewhere, say with 'hf download --repo-type dataset {id} --local-dir"
            f" FOLDER', and give dataset.path=FOLDER"
        ) from error
    if "train" not in splits:
        raise UserError(f"dataset: {wanted} has no split train; it has {', '.join(splits)}")
    return splits


def _require_one_set(folder: Path) -> None:
    """Raises UserError for a folder of several sets, of which the library would make one, or show all columns."""
    if (folder / "README.md").exists():
        return  # which names configurations
    files = [file.relative_to(folder) for file in folder.rglob("*.parquet") if re.match(r"train\b", file.name)]
    found = sorted({str(file.parent) for file in files})
    if len(found) > 1:
        raise UserError(
            f"dataset.path={folder}: has {len(found)} sets, in the folders {', '.join(found)}; must be the folder of"
            " one"
        )


def _unreachable() -> str | None:
    """Why the hub gives no answer, in words; None if it does. One request: the library tries each of its own six times,
    with waits of 23 s together, and has no setting for that."""
    import huggingface_hub

    if huggingface_hub.constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    endpoint = huggingface_hub.constants.ENDPOINT
    try:
        huggingface_hub.get_session().head(endpoint, timeout=PROBE_SECONDS)
    except Exception as error:  # of the library's own kind, which changes with its version
        return f"{endpoint} gives no answer: {error}"
    return None


@contextmanager
def _without_waiting(unreachable: str | None) -> Iterator[None]:
    """Has the library look only for what it has already, if the hub gives no answer."""
    import huggingface_hub

    constants = huggingface_hub.constants
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or unreachable is not None
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
