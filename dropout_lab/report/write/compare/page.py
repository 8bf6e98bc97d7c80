"""The texts and tables of a comparison, in HTML and in Markdown."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_lab.report.draw.style import Drawing
from dropout_lab.report.spelling import difference, is_maximised, plural, probability, title, value
from dropout_lab.report.topics.cells import Grid, of_row, p_cell, spread
from dropout_lab.report.topics.part import Plan
from dropout_lab.report.write.compare.sweeps import Sweep
from dropout_lab.report.write.inline import variables
from dropout_lab.report.write.page import environments


def sentences(table: pd.DataFrame) -> list[str]:
    """The answer in sentences, sweep by sweep, and its basis."""
    return [*(f"{row['sweep']}: {_sentence(row)}" for _, row in table.iterrows()), *about(table)]


def cells(table: pd.DataFrame) -> Grid:
    """The table's main columns as text."""
    objective = str(table["objective"].iloc[0])
    header = ["sweep", "best", title(objective), "best with dropout", "difference from no dropout", "p (Holm)", ""]
    rows = [
        [
            str(row["sweep"]),
            "–" if pd.isna(row["best"]) else str(row["best"]),
            of_row(value, objective, row, "value"),
            "–" if pd.isna(row["dropout"]) else str(row["dropout"]),
            _difference(row),
            p_cell(row["p_holm"]),
            str(row["word"]),
        ]
        for _, row in table.iterrows()
    ]
    return Grid(header, rows)


def render(
    out: Path,
    sweeps: Sequence[Sweep],
    table: pd.DataFrame,
    settings: pd.DataFrame,
    plan: Plan | None,
    drawing: Drawing | None,
) -> tuple[str, str]:
    """The page as HTML and as Markdown; without `plan` and `drawing` it has no figure."""
    html, text = environments("dropout_lab.report.write.compare")
    light, dark = variables()
    page: dict[str, Any] = {
        "names": [sweep.name for sweep in sweeps],
        "objective": title(str(table["objective"].iloc[0])),
        "answers": [(str(row["sweep"]), _sentence(row)) for _, row in table.iterrows()],
        "about": list(about(table)),
        "compared": cells(table),
        "settings": Grid(list(settings.columns), settings.to_numpy().tolist()),
        "plan": plan,
        "drawing": drawing,
        "notes": [f"{sweep.name}: {note}" for sweep in sweeps for note in sweep.frames.notes],
        "command": shlex.join(
            ["dropout-lab", "report", *(str(sweep.folder) for sweep in sweeps), "--out", str(out)],
        ),
        "light": light,
        "dark": dark,
    }
    return html.get_template("page.html").render(page), text.get_template("page.md").render(page) + "\n"


def about(table: pd.DataFrame) -> Iterator[str]:
    """Sentences about the basis of the numbers."""
    tests = int(table["tests"].iloc[0])
    if tests:
        yield (
            f"p is corrected by Holm for {plural(tests, 'test')}: every configuration of every sweep against no "
            "dropout. The intervals of the differences hold with 95 % for all of them at once."
        )
    yield "Each best was chosen by the same runs, so its value looks better than it is."
    yield "Across data, models or settings, values differ for more reasons than dropout: compare the differences."


def _sentence(row: "pd.Series[Any]") -> str:
    objective = row["objective"]
    if pd.isna(row["best"]):
        return "no configuration has all its seeds complete, so none is named the best."
    most = "highest" if is_maximised(objective) else "lowest"
    best = f"{row['best']} has the {most} mean {title(objective)}, {of_row(value, objective, row, 'value')}."
    if pd.isna(row["difference"]):
        what = "run without dropout" if pd.notna(row["dropout"]) else "complete configuration with dropout"
        return f"{best} There is no {what}, so there is no difference."
    whose = "Its" if row["best_trial"] == row["dropout_trial"] else f"The best with dropout is {row['dropout']}; its"
    none = "no dropout" if row["contexts"] == 1 else "no dropout with the same settings"
    basis = f"{probability(row['p_holm'])}, Holm" if pd.notna(row["p_holm"]) else "no test"
    if row["difference_n"] == 1:
        basis = "one seed shows no spread"
    return f"{best} {whose} difference from {none} is {_difference(row)} ({basis}): {row['word']}."


def _difference(row: "pd.Series[Any]") -> str:
    bounds = (row["difference"], row["difference_wide_low"], row["difference_wide_high"])
    return spread(difference, row["objective"], *bounds)
