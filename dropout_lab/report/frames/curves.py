"""The records of the curves as columns, read by Arrow: seconds where Python takes a minute."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.lookup import curve_names, possible_curve_names
from dropout_lab.records import store
from dropout_lab.records.checks import parsed
from dropout_lab.records.fields import FIELDS
from dropout_lab.records.folder import files


def read_curves(folder: Path, runs: pd.DataFrame, torn: list[str]) -> pd.DataFrame:
    """Read a row per epoch of `runs`, which are sorted by trial and seed: id, epoch, the metrics, trial, key and seed.

    Appends a sentence to `torn` for every torn last line. Raises UserError with file and line for a damaged record.
    """
    known = pd.Index(runs["id"])
    contents = {path: store.whole_lines(path, torn) for path in files(folder, "curves")}
    names = _measured(contents.values())
    # Arrow refuses an empty file.
    parts = [_columns(path, lines, known, names) for path, lines in contents.items() if lines]
    columns = {
        name: np.concatenate([part[name] for part in parts]) if parts else np.zeros(0, dtype=kind)
        for name, kind in {"row": np.int64, "epoch": np.int64, **dict.fromkeys(names, np.float64)}.items()
    }
    rows, epochs = columns.pop("row"), columns.pop("epoch")
    place = rows * (int(epochs.max(initial=0)) + 1) + epochs
    order = np.argsort(place, kind="stable")
    # A run that was interrupted and started again under the same id has some epochs twice: the last one counts.
    order = order[np.append(np.diff(place[order]) != 0, True)] if len(order) else order
    owners = {name: runs[name].to_numpy()[rows[order]] for name in ("id", "trial", "key", "seed")}
    frame = pd.DataFrame({"id": owners["id"], "epoch": epochs[order]})
    for name in names:
        frame[name] = columns.pop(name)[order]
    for name in ("trial", "key", "seed"):
        frame[name] = owners[name]
    return frame.astype({"id": object, "key": object, "trial": int, "seed": int})


def _measured(contents: Iterable[bytes]) -> Sequence[str]:
    """The metrics of an epoch, of those on request the ones that any of the records has."""
    optional = {name: f'"{name}"'.encode() for name in set(possible_curve_names()) - set(curve_names())}
    asked = {name for name, quoted in optional.items() if any(quoted in lines for lines in contents)}
    return curve_names(asked)


def _columns(path: Path, lines: bytes, known: "pd.Index[Any]", names: Sequence[str]) -> Mapping[str, Any]:
    """The values of the `known` runs in all records of a file: their `row` in `known`, epoch and metrics."""
    import pyarrow as pa
    from pyarrow import compute
    from pyarrow import json as arrow_json

    kinds = {"id": pa.string(), "epoch": pa.int64(), **dict.fromkeys(names, pa.float64())}
    schema = pa.schema([(name, pa.list_(kind)) for name, kind in kinds.items()])
    if lines[:1] != b"{" or lines.count(b"\n{") != lines.count(b"\n") - 1:  # a line that is null crashes Arrow
        raise _complaint(path, lines, "it is not an object")
    try:
        table = arrow_json.read_json(
            pa.BufferReader(lines),
            # One thread, because forked processes draw the figures.
            read_options=arrow_json.ReadOptions(block_size=max(1 << 24, _longest(lines)), use_threads=False),
            parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowInvalid as error:
        raise _complaint(path, lines, str(error)) from error
    lengths = {name: compute.list_value_length(table[name]) for name in kinds}
    flat = {name: compute.list_flatten(table[name]) for name in kinds}
    whole = (
        table.num_rows == lines.count(b"\n")
        and not any(table[name].null_count for name in FIELDS["curves"])
        and all(compute.coalesce(lengths[name], lengths["id"]).equals(lengths["id"]) for name in kinds)
        and not flat["id"].null_count
        and not flat["epoch"].null_count
    )
    if not whole:
        raise _complaint(path, lines, "its lists are not whole")
    counts = lengths["id"].to_numpy()
    present = {name: np.repeat(table[name].is_valid().to_numpy(), counts) for name in kinds if table[name].null_count}
    del table
    ids = compute.dictionary_encode(flat.pop("id")).unify_dictionaries().combine_chunks()
    ids = ids.chunk(0) if isinstance(ids, pa.ChunkedArray) else ids
    rows = known.get_indexer(pd.Index(ids.dictionary.to_pylist(), dtype=object))[ids.indices.to_numpy()]
    wanted = np.flatnonzero(rows >= 0)
    values = {name: _with_gaps(flat.pop(name).to_numpy(), present.get(name)) for name in ("epoch", *names)}
    found = {name: column[wanted] for name, column in values.items()}
    return {"row": rows[wanted].astype(np.int64), **found}


def _with_gaps(values: NDArray[Any], present: NDArray[np.bool] | None) -> NDArray[Any]:
    """`values` where they are `present`, NaN elsewhere: in records that are older than a metric."""
    if present is None:
        return values
    filled = np.full(len(present), np.nan)
    filled[present] = values
    return filled


def _longest(lines: bytes) -> int:
    """The size of the longest record: Arrow needs each within one block."""
    longest = start = 0
    while (end := lines.find(b"\n", start)) >= 0:
        longest, start = max(longest, end - start), end + 1
    return longest + 1


def _complaint(path: Path, lines: bytes, why: str) -> UserError:
    """The error for the line that Arrow could not read, found by reading line by line."""
    for number, line in enumerate(lines.split(b"\n")[:-1], start=1):
        said = _wrong(line)
        if said:
            return UserError(f"{path}, line {number}: the record is damaged ({said})")
    return UserError(f"{path}: a record is damaged ({why})")


def _wrong(line: bytes) -> str:
    """What is wrong with a record; empty if nothing is."""
    try:
        record = parsed(line)
        missing = FIELDS["curves"] - record.keys()
    except (ValueError, AttributeError) as error:
        return str(error)
    if missing:
        return f"no {', '.join(sorted(missing))}"
    types: Mapping[str, tuple[type, ...]] = {"id": (str,), "epoch": (int,)}
    for name in sorted(FIELDS["curves"].union(possible_curve_names()) & record.keys()):
        values = record[name]
        if type(values) is not list or not set(map(type, values)) <= set(types.get(name, (int, float, type(None)))):
            return f"{name} is {values!r:.80}"
        if len(values) != len(record["id"]):
            return f"{name} has {len(values)} values for {len(record['id'])} runs"
    return ""
