"""Rules for every sentence of the answer."""

import re
from collections.abc import Iterator

from dropout_lab.report.answer.answer import Answer

BANNED = re.compile(r"\b((?i:told|surely|whatever|who|learnt|the data tell|baseline's way)|nan|NaN|None|inf)\b")

NUMBER = re.compile(r"(?<![\w.,])[+−-]?(\d+\.\d+)(?![\d,])")

UNLIKELY = re.compile(r"\d[eE][+−-]?\d|\d\.\d+\.\d|%\s*%|1e\+02|  | \.|\.\.|,,| ,|\( | \)|±\s*$|−−|\+−|-0\b")

FRAGMENTS = ("plausible", "avoid")
"""Parts that follow a label, and so may begin with the name of a placement."""


def sentences(answer: Answer) -> Iterator[str]:
    """Every text of the answer, without the names of its fields."""
    yield from (answer.headline, answer.state.text, answer.scope, *answer.warnings, *answer.cautions, answer.next.why)
    for row in answer.rows:
        yield from (row.chosen, row.other, row.difference)
        yield row.about
    yield from (f"Also plausible: {answer.plausible}", f"Avoid: {answer.avoid}")
    for texts in answer.details.values():
        yield from texts


def check(text: str) -> Iterator[str]:
    """What is wrong with a text, apart from the names and settings in it."""
    plain = re.sub(r"<nan>|val_loss is not finite|[\w.]+=\S+|\$a\|b|(input|hidden\.0)", "NAME", text)
    if found := BANNED.search(plain):
        yield f"{found[0]!r} in {text!r}"
    if found := UNLIKELY.search(plain):
        yield f"{found[0]!r} in {text!r}"
    for number in NUMBER.findall(plain):
        digits = number.replace(".", "").lstrip("0")
        if len(digits) > 3:
            yield f"more than three digits: {number} in {text!r}"
    for start in re.findall(r"(?<!e\.g)[.!?] ([a-z]\w*)", re.sub(r"Warned before training: .*", "", plain)):
        yield f"a sentence that starts with {start!r} in {text!r}"
