"""The report's texts and tables arranged as one page, in HTML and in Markdown; everything in it is a string by then."""

import base64
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml

from dropout_lab.report.answer import Answer
from dropout_lab.report.definitions import definitions
from dropout_lab.report.gallery import Gallery
from dropout_lab.report.load import Frames
from dropout_lab.report.names import difference, number, probability, title, value
from dropout_lab.report.tables import failures, ranked
from dropout_lab.report.words import Words

ROWS = 60
"""So many configurations are on the page; all are in trials.csv."""

FAILURES = 40

Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def render(
    folder: Path, frames: Frames, table: pd.DataFrame, found: Answer, words: Words, gallery: Gallery, sure: Table
) -> tuple[str, str]:
    """The page as HTML and as Markdown."""
    loader = jinja2.PackageLoader("dropout_lab.report", ".")
    html = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    text = jinja2.Environment(loader=loader, autoescape=False, undefined=jinja2.StrictUndefined, trim_blocks=True)
    text.filters["cell"] = markdown
    html.filters["base64"] = lambda content: base64.b64encode(content).decode()
    page = {**_content(folder, frames, table, found, words, gallery), "confidence": sure}
    return html.get_template("template.html").render(page), text.get_template("template.md").render(page) + "\n"


def markdown(words: object) -> str:
    """Words that Markdown and the HTML in it leave alone."""
    escaped = str(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{char}" if char in "\\`*_[]|#" else char for char in escaped).replace("\n", " ")


def comparison(frames: Frames, found: Answer) -> Table:
    """The small table: best, baseline and their difference, one row per metric."""
    if found.best is None:
        return (), ()
    best, baseline = found.best, found.baseline
    header = ["", f"best: {best['name']}"]
    with_baseline = baseline is not None and not best["baseline"]
    if with_baseline and baseline is not None:
        header += [f"baseline: {baseline['name']}", "difference, paired by seed"]
    rows = []
    metrics = dict.fromkeys([*frames.objectives, "val_loss", "val_accuracy", "test_loss", "test_accuracy", "gap_loss"])
    for metric in metrics:
        if metric in best and pd.notna(best[metric]):
            row = [title(metric), spread(best, metric)]
            if with_baseline and baseline is not None:
                row += [spread(baseline, metric), spread(best, metric, "_diff")]
            rows.append(row)
    return header, rows


def spread(trial: "pd.Series[Any]", metric: str, kind: str = "") -> str:
    """`0.123 [0.110, 0.136]`: a mean or, with kind `_diff`, a difference, and its interval if there is one."""
    show = difference if kind else value
    mean, low, high = (trial.get(f"{metric}{kind}{end}", float("nan")) for end in ("", "_low", "_high"))
    if pd.isna(low) or pd.isna(high):
        return show(metric, mean)
    unit = " %" if show(metric, mean).endswith(" %") else " pp" if show(metric, mean).endswith(" pp") else ""
    return f"{show(metric, mean)} [{show(metric, low).removesuffix(unit)}, {show(metric, high).removesuffix(unit)}]"


def _content(
    folder: Path, frames: Frames, table: pd.DataFrame, found: Answer, words: Words, gallery: Gallery
) -> dict[str, Any]:
    asked = frames.asked
    failed = failures(frames, table) if len(table) else pd.DataFrame()
    header, rows = _configurations(frames, table, found)
    return {
        "name": frames.name,
        "words": words,
        "comparison": comparison(frames, found),
        "pictures": gallery.pictures,
        "skipped": gallery.skipped,
        "configurations": (header, rows),
        "n_configurations": len(table),
        "failures": (
            ["trial", "configuration", "seed", "attempt", "epochs", "reason"],
            [
                [str(r[c]) for c in ("trial", "name", "seed", "attempt", "epochs", "reason")]
                for _, r in failed.iterrows()
            ][:FAILURES],
        ),
        "n_failures": len(failed),
        "notes": frames.notes,
        "objective": " and ".join(title(name) for name in frames.objectives),
        "seeds": frames.seeds,
        "definitions": definitions(frames),
        "axes": [(name, _axis(values)) for name, values in frames.axes.items()],
        "settings": yaml.safe_dump(asked.get("settings") or {}, sort_keys=False, allow_unicode=True).strip(),
        "facts": _facts(frames),
        "commands": _commands(folder, frames, found),
    }


def _configurations(frames: Frames, table: pd.DataFrame, found: Answer) -> Table:
    """The page's table: the best rows, and the best baseline if it is not among them."""
    if table.empty:
        return (), ()
    order = ranked(table, found.objective, frames.seeds)
    shown = order.head(ROWS)
    if not shown["baseline"].any():
        shown = pd.concat([shown.head(ROWS - 1), order[order["baseline"]].head(1)])
    main = found.objective
    second = "val_accuracy" if frames.is_classification else "val_loss"
    metrics = list(dict.fromkeys([*frames.objectives, "val_loss", second]))
    tests = ["test_accuracy" if frames.is_classification else "test_loss"]
    gaps = ["gap_loss", "gap_accuracy"] if frames.is_classification else ["gap_loss"]
    header = ["trial", "configuration", "runs", *(title(m) for m in metrics), f"difference in {title(main)}"]
    header += ["p (Holm)", *(title(m) for m in [*tests, *gaps]), "epochs to convergence", "epochs to target"]
    rows = []
    for _, trial in shown.iterrows():
        name = f"{trial['name']} (on the front)" if trial.get("front", False) else str(trial["name"])
        rows.append(
            [
                str(trial["trial"]),
                name,
                _runs(trial, frames.seeds),
                *(spread(trial, metric) for metric in metrics),
                "baseline" if trial["baseline"] else spread(trial, main, "_diff"),
                "–"
                if pd.isna(trial[f"{main}_p_holm"])
                else probability(trial[f"{main}_p_holm"]).removeprefix("p = ").removeprefix("p "),
                *(spread(trial, metric) for metric in tests),
                *(value(metric, trial[metric]) for metric in gaps),
                value("epochs_to_convergence", trial["epochs_to_convergence"]),
                _target(trial),
            ]
        )
    return header, rows


def _runs(trial: "pd.Series[Any]", seeds: int) -> str:
    parts = [f"{trial['n_complete']}/{seeds}"]
    parts += [f"{trial[f'n_{end}']} {end}" for end in ("pruned", "failed") if trial[f"n_{end}"]]
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


def _facts(frames: Frames) -> list[tuple[str, str]]:
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


def _commands(folder: Path, frames: Frames, found: Answer) -> list[tuple[str, str]]:
    where = shlex.quote(str(folder))
    commands = [("the sweep", str(frames.asked.get("command") or ""))]
    if found.best is not None:
        commands.append(("the best configuration", f"dropout-lab train --from {where} {found.best['trial']}"))
    if found.baseline is not None and found.best is not None and not found.best["baseline"]:
        commands.append(("its baseline", f"dropout-lab train --from {where} {found.baseline['trial']}"))
    commands.append(("any row of the table", f"dropout-lab train --from {where} TRIAL"))
    commands.append(("this report", f"dropout-lab report {where}"))
    return [(what, command) for what, command in commands if command]
