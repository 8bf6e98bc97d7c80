"""The copy task: read symbols, wait through blanks, and repeat the symbols in order after a delimiter.

    items symbols | lag - 1 blanks | delimiter | items blanks

The target at each of the last blanks is the symbol read lag + items steps before; other steps have no target. A network
without memory can do no better than log(symbols) nats, at any lag. The sequences are those of Arjovsky, Shah and
Bengio, "Unitary Evolution Recurrent Neural Networks", ICML 2016, arXiv:1511.06464, with 10 items of 8 symbols. There,
all other steps have blanks as targets, so the loss falls with the lag. After Hochreiter and Schmidhuber, "Long
Short-Term Memory", Neural Computation, 1997.
"""

from typing import Annotated

import torch
from pydantic import Field

from dropout_lab.config.bounds import Count, DataSeed, Fraction
from dropout_lab.core.seeding import generator
from dropout_lab.core.tokens import NO_CLASS, SPECIAL_TOKENS
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.datasets.held_out import hold_out_test


def copy(
    *,
    lag: Count = 10,
    items: Count = 10,
    symbols: Annotated[int, Field(ge=2)] = 8,
    examples: Count = 5000,
    data_seed: DataSeed = 0,
    val_fraction: Fraction = 0.2,
    test_fraction: Fraction = 0.2,
    limit: Count | None = None,
) -> Dataset:
    """Sequences of lag + 2 items steps. The same `data_seed` gives the same symbols for every lag."""
    classes = torch.from_numpy(generator(data_seed, "data").integers(symbols, size=(examples, items)))
    first = len(SPECIAL_TOKENS)
    blank, delimiter = first + symbols, first + symbols + 1
    inputs = torch.full((examples, lag + 2 * items), blank)
    inputs[:, :items] = first + classes
    inputs[:, items + lag - 1] = delimiter
    targets = torch.full_like(inputs, NO_CLASS)
    targets[:, items + lag :] = classes
    return Dataset(
        name="copy",
        task="token_classification",
        inputs=inputs,
        targets=targets,
        test=hold_out_test(targets, "token_classification", test_fraction),
        outputs=symbols,
        standardize="none",
        val_fraction=val_fraction,
        limit=limit,
        vocabulary=(*SPECIAL_TOKENS, *map(str, range(symbols)), "blank", "delimiter"),
    )
