"""The main table for a paper: a booktabs tabular of the best configurations."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from dropout_lab.report.frames.load import Frames
from dropout_lab.report.frames.ranking import ranked
from dropout_lab.report.spelling import difference, probability, title, value
from dropout_lab.report.topics.choice import Choice

ROWS = 20
"""Configurations in the table, the best ones; the best baseline is added if it is not among them."""


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
    "∞": r"$\infty$",
    "\n": " ",
    "\r": " ",
}


def escape(text: str) -> str:
    """Escape text for LaTeX, also at the beginning of a row, where `[...]` would be read as a length."""
    escaped = "".join(SPECIAL.get(char, char) for char in text)
    return f"{{}}{escaped}" if escaped.startswith(("[", "*")) else escaped


def main_table(frames: Frames, table: pd.DataFrame, choice: Choice) -> str:
    """The tabular, or a comment without configurations; needs the packages booktabs and fontenc (T1)."""
    if table.empty or choice.objective not in table:
        return "% no configuration is recorded yet\n"
    order = ranked(table, choice.objective, frames.seeds)
    shown = order.head(ROWS)
    if not shown["baseline"].any():
        shown = pd.concat([shown, order[order["baseline"]].head(1)])
    main, test = choice.objective, "test_accuracy" if frames.is_classification else "test_loss"
    gap = "gap_accuracy" if frames.is_classification else "gap_loss"
    header = ["configuration", "runs", title(main), "difference to baseline", "$p$ (Holm)", title(test), title(gap)]
    rows = [
        [
            escape(str(trial["name"])),
            f"{trial['n_complete']}/{frames.seeds}",
            escape(_interval(trial, main, value)),
            "baseline" if trial["baseline"] else escape(_interval(trial, f"{main}_diff", difference, main)),
            escape(_p(trial.get(f"{main}_p_holm"))),
            escape(_interval(trial, test, value)),
            escape(_interval(trial, gap, value)),
        ]
        for _, trial in shown.iterrows()
    ]
    some = f"the {len(shown)} best of {len(table)}" if len(shown) < len(table) else f"all {len(table)}"
    lines = [
        f"% {some} configurations; means over {frames.seeds} seeds, 95 % intervals in brackets",
        r"% \usepackage{booktabs} \usepackage[T1]{fontenc}",
        r"\begin{tabular}{lrrrrrr}",
        r"\toprule",
        " & ".join(header) + r" \\",
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _interval(
    trial: "pd.Series[Any]", column: str, show: Callable[[str, float], str], metric: str | None = None
) -> str:
    mean, low, high = (trial.get(f"{column}{end}", float("nan")) for end in ("", "_low", "_high"))
    name = metric or column
    if pd.isna(low) or pd.isna(high):
        return show(name, mean)
    unit = next((unit for unit in (" %", " pp") if show(name, mean).endswith(unit)), "")
    return f"{show(name, mean)} [{show(name, low).removesuffix(unit)}, {show(name, high).removesuffix(unit)}]"


def _p(p: Any) -> str:
    return "–" if p is None or pd.isna(p) else probability(p).removeprefix("p = ").removeprefix("p ")
