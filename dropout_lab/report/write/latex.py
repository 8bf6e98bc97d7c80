"""The main table for a paper: a booktabs tabular of the best configurations, as wide as two columns of text at most."""

import math
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from dropout_lab.report.frames.load import Frames
from dropout_lab.report.frames.ranking import ranked
from dropout_lab.report.spelling import RAISED, number, probability, title, unit_of
from dropout_lab.report.topics.choice import Choice

ROWS = 20
"""Configurations in the table, the best ones; the best baseline is added if it is not among them."""

WIDTH = 7.0
"""Inches: the text width of a two-column paper. Names are broken into lines, numbers have three digits, and intervals
are half-widths, so that the table fits at \\footnotesize."""

SPECIAL = {
    "\\": r"\textbackslash{}",
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "−": "$-$",
    "–": "--",
    "±": r"$\pm$",
    "∞": r"$\infty$",
    "\n": " ",
    "\r": " ",
}

POWER = re.compile(f" × 10([{''.join(map(chr, RAISED.values()))}]+)")
"""Powers of ten, which are written as e-8, in less room."""
LOWERED = {high: chr(low) for low, high in RAISED.items()}

LONG = 14
"""Longer words may be broken anywhere."""


def escape(text: str) -> str:
    """Escape text for LaTeX, also at the beginning of a row, where `[...]` would be read as a length."""
    escaped = "".join(SPECIAL.get(char, char) for char in text)
    escaped = POWER.sub(lambda found: f"e{found[1].translate(LOWERED)}".replace("-", "$-$"), escaped)
    return f"{{}}{escaped}" if escaped.startswith(("[", "*")) else escaped


def main_table(frames: Frames, table: pd.DataFrame, choice: Choice) -> str:
    """The tabular, or a comment without configurations; needs the packages booktabs and fontenc (T1)."""
    if table.empty or choice.objective not in table:
        return "% no configuration is recorded yet\n"
    order = ranked(table, choice.objective, frames.seeds)
    shown = order.head(ROWS)
    if not shown["baseline"].any():
        shown = pd.concat([shown, order[order["baseline"]].head(1)])
    main, kind = choice.objective, "accuracy" if frames.is_classification else "loss"
    metrics = [main, *(name for name in (f"test_{kind}", f"gap_{kind}") if name != main)]
    other = "no dropout" if frames.reference is None else f"trial {frames.reference}"
    header = ["configuration", title(main), f"minus {other}", "$p$ (Holm)", *map(title, metrics[1:])]
    units = ["", _unit(main), _unit(main, difference=True), "", *map(_unit, metrics[1:])]
    rows = [
        [
            name(trial, frames.seeds),
            _mean(trial, main),
            _mean(trial, f"{main}_diff", main),
            escape(_p(trial.get(f"{main}_p_holm"))),
            *(_mean(trial, metric) for metric in metrics[1:]),
        ]
        for _, trial in shown.iterrows()
    ]
    some = f"the {len(shown)} best of {len(table)}" if len(shown) < len(table) else f"all {len(table)}"
    lines = [
        f"% {some} configurations, best {title(main)} first; means over {frames.seeds} seeds",
        r"% plus or minus: half of the 95 % t interval over seeds; p: paired t test, corrected by Holm",
        f"% for a table* of a two-column paper, {WIDTH:g} inches wide",
        r"% \usepackage{booktabs} \usepackage[T1]{fontenc}",
        r"{\footnotesize\setlength{\tabcolsep}{4pt}%",
        rf"\begin{{tabular}}{{@{{}}p{{1.6in}}{'r' * (len(header) - 1)}@{{}}}}",
        r"\toprule",
        " & ".join(header) + r" \\",
        " & ".join(units) + r" \\",
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}}",
    ]
    return "\n".join(lines) + "\n"


def name(trial: "pd.Series[Any]", seeds: int) -> str:
    """The configuration's name, which may be broken into lines, with its runs where some are missing."""
    missing = "" if trial["n_complete"] == seeds else f" ({trial['n_complete']} of {seeds} runs)"
    return r"\raggedright " + " ".join(map(_breakable, f"{trial['name']}{missing}".split()))


def _breakable(word: str) -> str:
    """The word, escaped; if it is long, LaTeX may break it after every sign and every few letters."""
    if len(word) <= LONG:
        return escape(word)
    parts: Sequence[str] = re.findall(r"\w{1,8}|\W", word.replace("_", "_ "))
    return r"\allowbreak{}".join(escape(part) for part in parts if part != " ")


def _unit(metric: str, difference: bool = False) -> str:
    """The unit in the head, as the numbers have none."""
    unit = unit_of(metric)
    shown = unit.difference if difference and unit.difference else unit.shown
    return f"({escape(shown)})" if shown else ""


def _mean(trial: "pd.Series[Any]", column: str, metric: str | None = None) -> str:
    """`0.123 ± 0.013`: the mean, and half of its interval, which is symmetric where it is not cut."""
    shown = metric or column
    factor = unit_of(shown).factor
    mean, low, high = (factor * float(trial.get(f"{column}{end}", math.nan)) for end in ("", "_low", "_high"))
    half = max(high - mean, mean - low) if math.isfinite(low) and math.isfinite(high) else math.nan
    decimals = (1 if metric is None else 2) if unit_of(shown).difference else None
    return escape(
        _digits(mean, decimals) if math.isnan(half) else f"{_digits(mean, decimals)} ± {_digits(half, decimals)}"
    )


def _digits(value: float, decimals: int | None) -> str:
    """Per cent and points with fixed decimals, other numbers with three digits."""
    if decimals is None or not math.isfinite(value):
        return number(value, 3)
    return f"{value:.{decimals}f}".replace("-", "−")


def _p(p: Any) -> str:
    return "–" if p is None or pd.isna(p) else probability(p).removeprefix("p = ").removeprefix("p ")
