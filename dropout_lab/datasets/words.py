"""Texts as tokens, and the vocabulary that numbers them.

Levels: `word` splits lower-cased text into words, with the apostrophes inside them, and single marks of punctuation;
`space` takes what stands between blanks as it is, for text that is tokenised already; `character` has one token for
each character. `<unk>`, which published sets have, is UNKNOWN at the first two.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from sys import intern
from typing import Literal

import torch
from torch import Tensor

from dropout_lab.core.tokens import PADDING, SPECIAL_TOKENS, UNKNOWN

Level = Literal["character", "word", "space"]
WORD = re.compile(r"<unk>|\w+(?:['’]\w+)*|[^\w\s]")


def tokens(text: str, level: Level) -> Sequence[str]:
    """The tokens of a text, in its order."""
    found = WORD.findall(text.lower()) if level == "word" else text.split() if level == "space" else list(text)
    return [intern(token) for token in found]  # of millions of words, thousands differ


def vocabulary(texts: Iterable[Sequence[str]], most: int | None, min_count: int) -> Sequence[str]:
    """SPECIAL_TOKENS, then the tokens that occur `min_count` times, the most frequent first; at most `most` of them."""
    counts = Counter(token for text in texts for token in text)
    found = [token for token, count in counts.items() if count >= min_count and token not in SPECIAL_TOKENS]
    return (*SPECIAL_TOKENS, *sorted(found, key=lambda token: (-counts[token], token))[:most])


def numbered(text: Sequence[str], vocabulary: Sequence[str]) -> Tensor:
    """(len(text),) int64 places in the vocabulary; UNKNOWN for what it does not have."""
    return _numbers(text, _places(vocabulary))


def padded(texts: Sequence[Sequence[str]], vocabulary: Sequence[str], length: int) -> Tensor:
    """(n, length) int64: the beginning of each text, PADDING behind those that are shorter."""
    places = _places(vocabulary)
    found = torch.full((len(texts), length), PADDING)
    for row, text in enumerate(texts):
        begin = text[:length]
        found[row, : len(begin)] = _numbers(begin, places)
    return found


def _places(vocabulary: Sequence[str]) -> Mapping[str, int]:
    """Without PADDING: a text that happens to have `<pad>` has nothing to be left out."""
    return {token: place for place, token in enumerate(vocabulary) if place != PADDING}


def _numbers(text: Sequence[str], places: Mapping[str, int]) -> Tensor:
    return torch.tensor([places.get(token, UNKNOWN) for token in text], dtype=torch.int64)
