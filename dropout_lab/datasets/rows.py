"""Rows with a column of text, from the hub, a folder in its layout, or a table of one's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_lab.core.errors import UserError
from dropout_lab.datasets.columns import Place, is_text, require_column, require_table
from dropout_lab.datasets.files import NO_MARKS, Marks, read_table, table_name
from dropout_lab.datasets.further_files import read_files
from dropout_lab.datasets.hub_files import load_splits, places


@dataclass(frozen=True)
class Rows:
    """Those of the splits train, validation and test, one after another."""

    name: str
    where: str
    """The file or the set, for messages."""
    frame: pd.DataFrame
    place: Place
    tested: int | None
    """How many rows, the last ones, are the test split; None where there is none."""
    validated: int = 0
    """How many rows before these are a validation part that is the same for every seed: those of a file of its own."""
    notes: Sequence[str] = ()
    """What was found in the file by itself; see `files.Read`."""
    marks: Marks = NO_MARKS


def read_rows(
    id: str | None,
    path: str | None,
    config: str | None,
    revision: str | None,
    read: Mapping[str, Any] | None = None,
    val_path: str | None = None,
    test_path: str | None = None,
) -> Rows:
    """Raises UserError for what cannot be read. Columns of images are left out. `read`: see `files.read_table`."""
    if path is not None and not Path(path).is_dir():
        files = read_files(partial(read_table, options=read), path, val_path, test_path)
        name, notes = table_name(path), files.notes
        return Rows(name, path, files.frame, files.place, files.tested, files.validated, notes, files.marks)
    for key, file in (("val_path", val_path), ("test_path", test_path)):
        if file is not None:
            raise UserError(f"dataset.{key}={file}: is a further file beside dataset.path=<a file>, which is not given")
    if read:
        raise UserError("dataset.read: is handed to the reader of a file, and this is a set of the hub; must be null")
    splits = load_splits(id, path, config, revision)
    used = [name for name in ("train", "validation", "test") if name in splits]
    features = splits["train"].features.items()
    columns = [name for name, feature in features if type(feature).__name__ != "Image"]
    frames = [splits[name].select_columns(columns).to_pandas() for name in used]
    frame = pd.concat(frames, ignore_index=True)
    where = str(path or id)
    if columns:
        require_table(frame, where)
    name = (Path(path).name if path else str(id).rpartition("/")[2]).lower()
    tested = len(frames[-1]) if "test" in splits else None
    return Rows(name, where, frame, places(used, [len(part) for part in frames]), tested)


def text_column(rows: Rows, wanted: str | None, others: Sequence[str] = ()) -> str:
    """The column `wanted`, or the only one of text that is none of `others`. Raises UserError if that is none."""
    found = [name for name in map(str, rows.frame) if name not in others and is_text(rows.frame[name])]
    if wanted is not None:
        require_column("text", wanted, rows.frame, rows.where)
        if wanted in others:
            raise UserError(f"dataset.text={wanted}: is the target, too; must be another column")
        if wanted not in found:
            has = f"; columns of text are {', '.join(found)}" if found else ""
            raise UserError(f"dataset.text={wanted}: that column of {rows.where} has no text{has}")
        return wanted
    if not found:
        raise UserError(
            f"{rows.where}: has no column of text; for a table of numbers and categories take dataset=table or"
            " dataset=hub, for images dataset=hub"
        )
    if len(found) > 1:
        raise UserError(
            f"{rows.where}: has {len(found)} columns of text, {', '.join(found)}; give dataset.text=<one of them>"
        )
    return found[0]
