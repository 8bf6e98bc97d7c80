"""The report's texts and tables on one page, as HTML and as Markdown. Here everything is a string already."""

import base64
import hashlib
import shlex
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
import yaml
from markupsafe import Markup

from dropout_lab.core.metrics.lookup import compared_names
from dropout_lab.report.advice import RULES
from dropout_lab.report.cells import Grid, of_row, p_cell, spread
from dropout_lab.report.definitions import definitions
from dropout_lab.report.evidence import Evidence
from dropout_lab.report.gallery import Gallery
from dropout_lab.report.names import difference, number, title, value
from dropout_lab.report.outline import (
    AGAIN,
    CONFIGURATIONS,
    FAILED_RUNS,
    FILES,
    KEEP_IN_MIND,
    MEASURED,
    SECTIONS,
    Section,
)
from dropout_lab.report.prose import Prose
from dropout_lab.report.sections import Topic, sections
from dropout_lab.report.tables import failures
from dropout_lab.report.tiles import tiles

ROWS = 200
"""Configurations on the page, which sorts and filters them; trials.csv has all."""

PRINTED = 40
"""Configurations on paper and in Markdown."""

FAILURES = 40


def render(folder: Path, evidence: Evidence, prose: Prose, gallery: Gallery, sure: Grid) -> tuple[str, str]:
    """The page as HTML and as Markdown."""
    loader = jinja2.PackageLoader("dropout_lab.report", ".")
    html = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    text = jinja2.Environment(loader=loader, autoescape=False, undefined=jinja2.StrictUndefined, trim_blocks=True)
    text.filters["cell"] = markdown
    html.filters["base64"] = lambda content: base64.b64encode(content).decode()
    script = resources.files("dropout_lab.report").joinpath("page.js").read_text(encoding="utf-8")
    page = {**_content(folder, evidence, prose, gallery), "confidence": sure, "script": Markup(script)}
    # Only this script may run, whatever the name of a study contains.
    page["script_hash"] = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return html.get_template("template.html").render(page), text.get_template("template.md").render(page) + "\n"


def refreshing(page: str, seconds: float | None) -> str:
    """Make the page reload itself every `seconds`; None leaves it as it is."""
    if seconds is None:
        return page
    return page.replace("<head>\n", f'<head>\n<meta http-equiv="refresh" content="{seconds:g}">\n', 1)


def markdown(text: object) -> str:
    """Escape text so that Markdown, and the HTML within it, show it as it is."""
    escaped = str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{char}" if char in "\\`*_[]|#" else char for char in escaped).replace("\n", " ")


def comparison(evidence: Evidence) -> Grid:
    """The small table: the best, its reference, and their difference; a row per metric."""
    best, other = evidence.found.best, evidence.found.reference
    if best is None:
        return Grid()
    header = ["", f"best: {best['name']}"]
    compared = other is not None and other["key"] != best["key"]
    if compared and other is not None:
        kind = "baseline" if other["baseline"] else f"trial {other['trial']}"
        header += [f"{kind}: {other['name']}", "difference, paired by seed"]
    rows = []
    names = [*evidence.frames.objectives, *(name for name in compared_names() if name != "gap_accuracy")]
    for metric in dict.fromkeys(names):
        if metric in best and pd.notna(best[metric]):
            row = [title(metric), of_row(value, metric, best, metric)]
            if compared and other is not None:
                row += [of_row(value, metric, other, metric), _difference(best, metric)]
            rows.append(row)
            if evidence.frames.is_language_model and metric in ("val_loss", "test_loss"):
                shown = (best, other) if compared and other is not None else (best,)
                row = [title(metric).replace("loss", "perplexity"), *(_perplexity(trial, metric) for trial in shown)]
                rows.append([*row, _perplexity(best, f"{metric}_diff", "times ")] if compared else row)
    return Grid(header, rows)


def _perplexity(trial: "pd.Series[Any]", metric: str, times: str = "") -> str:
    """exp of a mean loss and its interval: the geometric mean; of a difference of losses: a ratio."""
    with np.errstate(over="ignore"):  # a diverged loss gives infinity
        mean, low, high = (float(np.exp(trial[name])) for name in (metric, f"{metric}_low", f"{metric}_high"))
    return times + spread(lambda _, x: number(x), metric, mean, low, high)


def _difference(trial: "pd.Series[Any]", metric: str) -> str:
    return of_row(difference, metric, trial, f"{metric}_diff")


def _content(folder: Path, evidence: Evidence, prose: Prose, gallery: Gallery) -> dict[str, Any]:
    frames, table = evidence.frames, evidence.table
    asked = frames.asked
    failed = failures(frames, table) if len(table) else pd.DataFrame()
    columns = ("trial", "name", "seed", "attempt", "epochs", "reason")
    topics = {topic.anchor: topic for topic in sections(folder, evidence, gallery.pictures)}
    return {
        "name": frames.name,
        "prose": prose,
        "tiles": list(tiles(evidence)),
        "comparison": comparison(evidence),
        "outline": _outline(topics, {KEEP_IN_MIND: prose.cautions or frames.notes, FAILED_RUNS: len(failed)}),
        "topics": topics,
        "skipped": gallery.skipped,
        "configurations": _configurations(evidence),
        "n_configurations": len(table),
        "printed": PRINTED,
        "failures": Grid(
            ["trial", "configuration", "seed", "attempt", "epochs", "reason"],
            [[str(row[column]) for column in columns] for _, row in failed.head(FAILURES).iterrows()],
        ),
        "n_failures": len(failed),
        "notes": frames.notes,
        "objective": " and ".join(title(name) for name in frames.objectives),
        "seeds": frames.seeds,
        "definitions": definitions(frames),
        "rules": [(rule.name, rule.when) for rule in RULES],
        "tables": list(evidence.tables),
        "axes": [(name, _axis(values)) for name, values in frames.axes.items()],
        "settings": yaml.safe_dump(asked.get("settings") or {}, sort_keys=False, allow_unicode=True).strip(),
        "facts": _facts(evidence),
        "commands": _commands(folder, evidence),
    }


def _outline(topics: Mapping[str, Topic], contents: Mapping[Section, object]) -> list[Section | Topic]:
    """The sections with content, under their titles on the page; `contents`: what may be empty besides topics."""
    always = (CONFIGURATIONS, MEASURED, FILES, AGAIN)
    shown = [one for one in SECTIONS if one in always or one.anchor in topics or contents.get(one)]
    return [topics.get(one.anchor, one) for one in shown]


def _configurations(evidence: Evidence) -> Grid:
    """The page's table: the best rows, and the best baseline if it is not among them."""
    frames, order = evidence.frames, evidence.table
    if order.empty:
        return Grid()
    shown = order.head(ROWS)
    if not shown["baseline"].any():
        shown = pd.concat([shown.head(ROWS - 1), order[order["baseline"]].head(1)])
    main = evidence.found.objective
    second = "val_accuracy" if frames.is_classification else "val_loss"
    metrics = list(dict.fromkeys([*frames.objectives, "val_loss", second]))
    test = "test_accuracy" if frames.is_classification else "test_loss"
    gaps = ["gap_loss", "gap_accuracy"] if frames.is_classification else ["gap_loss"]
    against = f"difference in {title(main)}"
    header = ["trial", "configuration", "runs", *(title(m) for m in metrics), against]
    header += ["p (Holm)", *(title(m) for m in [test, *gaps]), "epochs to convergence", "epochs to target"]
    own = "baseline" if frames.reference is None else "reference"
    reference = None if evidence.found.reference is None else evidence.found.reference["trial"]
    rows = []
    for record in shown.to_dict("records"):
        trial: pd.Series[Any] = pd.Series(record, dtype=object)
        name = f"{trial['name']} (on the front)" if trial.get("front", False) else str(trial["name"])
        is_own = trial["baseline"] if frames.reference is None else trial["trial"] == reference
        rows.append(
            [
                str(trial["trial"]),
                name,
                _runs(trial, frames.seeds),
                *(of_row(value, metric, trial, metric) for metric in metrics),
                own if is_own else _difference(trial, main),
                p_cell(trial[f"{main}_p_holm"]),
                of_row(value, test, trial, test),
                *(value(metric, trial[metric]) for metric in gaps),
                value("epochs_to_convergence", trial["epochs_to_convergence"]),
                _target(trial),
            ]
        )
    return Grid(header, rows)


def _runs(trial: "pd.Series[Any]", seeds: int) -> str:
    parts = [f"{trial['n_complete']}/{seeds}"]
    parts += [f"{trial[f'n_{end}']} {end}" for end in ("pruned", "failed") if trial[f"n_{end}"]]
    labels = {"n_diverged": "diverged", "n_unlearned": "learned nothing"}
    parts += [f"{trial[name]} {label}" for name, label in labels.items() if trial[name]]
    return ", ".join(parts)


def _target(trial: "pd.Series[Any]") -> str:
    if pd.isna(trial["n_timed"]):
        return "–"
    reached, timed, median = int(trial["n_reached"]), int(trial["n_timed"]), trial["epochs_to_target"]
    return f"{number(median, 3) if median == float('inf') else f'{median:.0f}'} ({reached}/{timed})"


def _axis(values: Any) -> str:
    if isinstance(values, dict) and "low" in values and "high" in values:
        return f"{values['low']} to {values['high']}" + (", logarithmic" if values.get("log") else "")
    return ", ".join(map(str, values)) if isinstance(values, list) else str(values)


def _facts(evidence: Evidence) -> list[tuple[str, str]]:
    frames = evidence.frames
    asked = frames.asked
    facts: list[tuple[str, Any]] = [
        ("command", asked.get("command")),
        ("started", asked.get("started")),
        ("commands in this folder", len(frames.sessions)),
        ("git commit", asked.get("git_commit")),
        ("device", asked.get("device")),
    ]
    facts += [(str(name), value) for name, value in (asked.get("machine") or {}).items()]
    facts += [(str(name), value) for name, value in (asked.get("versions") or {}).items()]
    facts.append(("training time of all runs", f"{frames.runs['seconds'].sum():.0f} s" if len(frames.runs) else None))
    return [(name, str(value)) for name, value in facts if value is not None]


def _commands(folder: Path, evidence: Evidence) -> list[tuple[str, str]]:
    frames, found = evidence.frames, evidence.found
    where = shlex.quote(str(folder))
    commands = [("the sweep", str(frames.asked.get("command") or ""))]
    if found.best is not None:
        commands.append(("the best configuration", f"dropout-lab train --from {where} {found.best['trial']}"))
    if found.baseline is not None and found.best is not None and not found.best["baseline"]:
        commands.append(("its baseline", f"dropout-lab train --from {where} {found.baseline['trial']}"))
    commands.append(("any row of the table", f"dropout-lab train --from {where} TRIAL"))
    asked = "" if frames.reference is None else f" report.baseline={frames.reference}"
    commands.append(("this report", f"dropout-lab report {where}{asked}"))
    commands.append(("a table of it, as CSV", f"dropout-lab report {where} report.table=NAME{asked}"))
    return [(what, command) for what, command in commands if command]
