"""A text whose next token is to be predicted: Python's own documentation, a file of one's own, or one of the hub.

The text is cut into pieces of `length` tokens, which follow one another; a target is the token behind, also where that
begins the next piece. What does not fill a piece at the end of the test set, and of the rest, is left out. A batch
begins with the states in which the one before ended, and gradients end there: `length` is how far back they go.

The loss is in nats a token, its exponential the perplexity, of the text as the seed's reader knows it: what its
training part does not have `min_count` times is UNKNOWN, as an input and as a target; see `Dataset.predicts_tokens`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from dropout_lab.config.bounds import Count, Fraction
from dropout_lab.core.errors import UserError
from dropout_lab.core.tokens import SPECIAL_TOKENS
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.files import is_table_file
from dropout_lab.datasets.raw import utf8
from dropout_lab.datasets.rows import Rows, read_rows, text_column
from dropout_lab.datasets.standard_library import documentation
from dropout_lab.datasets.words import Level, numbered, tokens, vocabulary

END = "<eos>"
"""The token behind each document, but where tokens are characters: there it is the end of the line."""


def text(
    *,
    id: str | None = None,
    path: str | None = None,
    config: str | None = None,
    revision: str | None = None,
    text: str | None = None,
    level: Level = "character",
    length: Count = 32,
    size: Count | None = 50_000,
    vocabulary_size: Annotated[int, Field(ge=2)] | None = 2000,
    min_count: Count = 2,
    val_fraction: Fraction = 0.1,
    test_fraction: Fraction = 0.1,
    limit: Count | None = None,
) -> Dataset:
    """The documentation of `standard_library`, or `id` on the hub, its copy in the folder `path`, or the file `path`.

    A document is a documentation string, a row of the column `text` (by default the only one of text) of a set of the
    hub, of a CSV or of a Parquet file, or a line of any other file. At most `size` tokens (of a `level`, see `words`)
    are taken from the beginning. The test set is the set's test split, whole, or the last `test_fraction` of what is
    taken. The vocabulary is the most frequent tokens outside of the test set.
    """
    name, where, documents, tested = _documents(id, path, config, revision, text)
    rest = _joined(documents[: len(documents) - (tested or 0)], level)
    if size is not None and size < len(rest):
        rest, where = rest[:size], f"of {where}, dataset.size={size}"
    else:
        where = f"of {where}"
    if tested is None:
        cut = len(rest) - round(test_fraction * len(rest))
        rest, test = rest[:cut], rest[cut:]
    else:
        test = _joined(documents[len(documents) - tested :], level)
    names = vocabulary([rest], vocabulary_size, min_count)
    parts = [_pieces(numbered(part, names), length) for part in (rest, test)]
    for part, pieces, least in zip(("outside of the test set", "in the test set"), parts, (2, 1), strict=True):
        if len(pieces[0]) < least:
            raise UserError(
                f"dataset.length={length}: {where}, there are {len(pieces[0])} pieces of so many tokens {part}; must be"
                f" at least {least}"
            )
    if len(names) < len(SPECIAL_TOKENS) + 2:
        frequent = len(names) - len(SPECIAL_TOKENS)
        raise UserError(
            f"dataset.min_count={min_count}: {where}, {frequent} tokens are that frequent; at least two must be, or"
            " there is nothing to predict"
        )
    inputs, targets = (torch.cat(of_parts) for of_parts in zip(*parts, strict=True))
    return Dataset(
        name=name,
        task="token_classification",
        inputs=inputs,
        targets=targets,
        test=torch.arange(len(parts[0][0]), len(inputs)),
        outputs=len(names),
        standardize="none",
        val_fraction=val_fraction,
        limit=limit,
        vocabulary=names,
        min_count=min_count,
        predicts_tokens=True,
        is_stream=True,
    )


def _documents(
    id: str | None, path: str | None, config: str | None, revision: str | None, text: str | None
) -> tuple[str, str, Sequence[str], int | None]:
    """Name, place for messages, documents, and how many of them, the last ones, are the test split, if there is one."""
    if id is None and path is None:
        if text is not None:
            raise UserError(f"dataset.text={text}: names a column of dataset.path= or dataset.id=, which are not given")
        return "text", "Python's documentation", documentation(), None
    file = Path(path or "")
    if path is not None and file.is_file() and not is_table_file(path):
        if text is not None:
            raise UserError(f"dataset.text={text}: {path} has no columns; only null")
        try:
            return file.stem, path, utf8(file, file.read_bytes()).splitlines(), None
        except OSError as error:
            raise UserError(f"dataset.path={path}: cannot be read: {error}") from error
    if path is not None and not file.exists():
        raise UserError(f"dataset.path={path}: there is no such file or folder")
    rows = read_rows(id, path, config, revision)
    return rows.name, rows.where, _texts(rows, text_column(rows, text)), rows.tested


def _texts(rows: Rows, column: str) -> Sequence[str]:
    """An empty row is an empty line, which a published text may have."""
    return [value.removesuffix("\n") if isinstance(value, str) else "" for value in rows.frame[column]]


def _joined(documents: Sequence[str], level: Level) -> Sequence[str]:
    """The tokens of all documents, each with its end."""
    end = "\n" if level == "character" else END
    return [token for document in documents for token in (*tokens(document, level), end)]


def _pieces(numbers: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Inputs and targets, (n, length) each."""
    count = max(0, len(numbers) - 1) // length
    return numbers[: count * length].view(count, length), numbers[1 : count * length + 1].view(count, length)
