"""The texts and tables of a comparison, in HTML and in Markdown."""

import base64
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from dropout_lab.report.spelling import difference, is_maximised, plural, probability, title, value
from dropout_lab.report.write.compare.sweeps import Sweep
from dropout_lab.report.write.page import markdown

HEADER = ("sweep", "best", "", "best with dropout", "difference to no dropout", "corrected interval", "p (Holm)")


def sentences(table: pd.DataFrame) -> list[str]:
    """The answer in sentences, sweep by sweep, and its basis."""
    return [*(_sentence(row) for _, row in table.iterrows()), *_about(table)]


def cells(table: pd.DataFrame) -> list[list[str]]:
    """The table's main columns as text, under `HEADER`."""
    return [
        [
            str(row["sweep"]),
            "–" if pd.isna(row["best"]) else str(row["best"]),
            _with_interval(row, "value", value),
            "–" if pd.isna(row["dropout"]) else str(row["dropout"]),
            _with_interval(row, "difference", difference),
            _interval(row, "difference_wide", difference),
            "–" if pd.isna(row["p_holm"]) else probability(row["p_holm"]).removeprefix("p = ").removeprefix("p "),
        ]
        for _, row in table.iterrows()
    ]


def render(
    out: Path, sweeps: Sequence[Sweep], table: pd.DataFrame, settings: pd.DataFrame, said: Sequence[str], png: bytes
) -> tuple[str, str]:
    """The page as HTML and as Markdown; without `png` it has no figure."""
    loader = jinja2.PackageLoader("dropout_lab.report.write.compare", ".")
    html = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    text = jinja2.Environment(loader=loader, autoescape=False, undefined=jinja2.StrictUndefined, trim_blocks=True)
    text.filters["cell"] = markdown
    objective = str(table["objective"].iloc[0])
    header = list(HEADER)
    header[2] = title(objective)
    page: dict[str, Any] = {
        "names": [sweep.name for sweep in sweeps],
        "objective": title(objective),
        "said": said,
        "compared": (header, cells(table)),
        "settings": (list(settings.columns), settings.to_numpy().tolist()),
        "picture": base64.b64encode(png).decode() if png else "",
        "caption": caption(table),
        "notes": [f"{sweep.name}: {note}" for sweep in sweeps for note in sweep.frames.notes],
        "command": shlex.join(
            ["dropout-lab", "report", *(str(sweep.folder) for sweep in sweeps), "--out", str(out)],
        ),
    }
    return html.get_template("page.html").render(page), text.get_template("page.md").render(page) + "\n"


def caption(table: pd.DataFrame) -> str:
    tests = plural(int(table["tests"].iloc[0]), "test")
    return (
        "Difference of the best configuration with dropout to no dropout, paired by seed. Thick: 95 % t interval. "
        f"Thin: the same corrected (Bonferroni) for all {tests} of all sweeps. Filled: significant, also after Holm "
        "correction."
    )


def _sentence(row: "pd.Series[Any]") -> str:
    objective = row["objective"]
    if pd.isna(row["best"]):
        return f"{row['sweep']}: no configuration has all its seeds complete, so none is named the best."
    best = f"{row['sweep']}: {row['best']} is best, {title(objective)} {_with_interval(row, 'value', value)}."
    if pd.isna(row["difference"]):
        what = "run without dropout" if pd.notna(row["dropout"]) else "complete configuration with dropout"
        return f"{best} There is no {what}, so there is no difference."
    whose = "Its" if row["best"] == row["dropout"] else f"With dropout, {row['dropout']} is best; its"
    p = "" if pd.isna(row["p_holm"]) else f", {probability(row['p_holm'])} after Holm correction over all sweeps"
    verdict = "not significant"
    if row["is_significant"]:
        is_better = (row["difference"] > 0) == is_maximised(objective)
        verdict = f"significantly {'better' if is_better else 'worse'}"
    return f"{best} {whose} difference to no dropout is {_with_interval(row, 'difference', difference)}{p}: {verdict}."


def _about(table: pd.DataFrame) -> Iterator[str]:
    yield (
        f"Corrected for {plural(int(table['tests'].iloc[0]), 'test')}: every configuration of every sweep against its "
        "baseline. Each best was chosen by the same runs, which biases its value in its favour."
    )
    yield "Across data, models or settings, values differ for more reasons than dropout: compare the differences."


def _with_interval(row: "pd.Series[Any]", column: str, show: Any) -> str:
    if pd.isna(row[column]):
        return "–"
    interval = _interval(row, column, show)
    return f"{show(row['objective'], row[column])}" + ("" if interval == "–" else f" {interval}")


def _interval(row: "pd.Series[Any]", column: str, show: Any) -> str:
    low, high = row[f"{column}_low"], row[f"{column}_high"]
    if pd.isna(low) or pd.isna(high):
        return "–"
    return f"[{show(row['objective'], low)}, {show(row['objective'], high)}]"
