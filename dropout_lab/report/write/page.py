"""The page as HTML and as Markdown. Here everything is a string already."""

import base64
import hashlib
import shlex
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import yaml
from markupsafe import Markup

from dropout_lab.report.answer.answer import Answer
from dropout_lab.report.answer.in_python import in_python
from dropout_lab.report.answer.next import RULES
from dropout_lab.report.draw.style import Drawing
from dropout_lab.report.spelling import title
from dropout_lab.report.topics.configurations.listed import configurations, failed
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.outline import ANSWER, CONFIGURATIONS, FILES, METHODS, SURE
from dropout_lab.report.topics.part import Plan
from dropout_lab.report.write.blocks import contents
from dropout_lab.report.write.definitions import definitions
from dropout_lab.report.write.gallery import Gallery
from dropout_lab.report.write.inline import inline, variables

PRINTED = 40
"""Configurations on paper and in Markdown."""


def render(folder: Path, evidence: Evidence, answer: Answer, gallery: Gallery) -> tuple[str, str]:
    """The page as HTML and as Markdown."""
    html, text = environments("dropout_lab.report.write")
    script = resources.files("dropout_lab.report.write").joinpath("page.js").read_text(encoding="utf-8")
    light, dark = variables()
    page = {**_content(folder, evidence, answer, gallery), "script": Markup(script), "light": light, "dark": dark}
    # Only this script may run, whatever the name of a study contains.
    page["script_hash"] = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return html.get_template("template.html").render(page), text.get_template("template.md").render(page) + "\n"


def environments(package: str) -> tuple[jinja2.Environment, jinja2.Environment]:
    """The templates of a package, for HTML and for Markdown."""
    loader = jinja2.PackageLoader(package, ".")
    html = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    text = jinja2.Environment(loader=loader, autoescape=False, undefined=jinja2.StrictUndefined, trim_blocks=True)
    text.filters["cell"] = markdown
    html.filters["drawing"] = _drawing
    return html, text


def _drawing(drawing: Drawing, name: str, plan: Plan) -> Markup:
    """The figure as SVG: with a narrow one beside it, of which a screen shows one; else in a box that scrolls."""
    label = f"{plan.heading}. {plan.alt}"
    wide = inline(drawing.svg, name, label, "broad" if drawing.narrow else "")
    if drawing.narrow is None:
        return Markup(f'<div class="pan">{wide}</div>')
    return Markup(wide + inline(drawing.narrow, f"{name}-narrow", label, "narrow"))


def refreshing(page: str, seconds: float | None) -> str:
    """Make the page reload itself every `seconds`; None leaves it as it is."""
    if seconds is None:
        return page
    return page.replace("<head>\n", f'<head>\n<meta http-equiv="refresh" content="{seconds:g}">\n', 1)


def markdown(text: object) -> str:
    """Escape text so that Markdown, and the HTML within it, show it as it is."""
    escaped = str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{char}" if char in "\\`*_[]|#" else char for char in escaped).replace("\n", " ")


def _content(folder: Path, evidence: Evidence, answer: Answer, gallery: Gallery) -> dict[str, Any]:
    frames = evidence.frames
    failures, n_failures = failed(evidence)
    sections = contents(folder, evidence, gallery, dict(answer.details))
    first = next(section for section in sections if section.title == ANSWER.title)
    own = {section.anchor for section in (SURE, CONFIGURATIONS, METHODS, FILES)}
    folded = [
        section
        for section in sections
        if section is not first and (section.parts or section.sentences or section.anchor in own)
    ]
    return {
        "name": frames.name,
        "answer": answer,
        "compared": any(row.other != "–" for row in answer.rows),
        "means": _means(evidence, has_interval=any("[" in row.difference for row in answer.rows)),
        "story": next((part for part in first.parts if part.is_figure), None),
        "sections": folded,
        "sure": SURE.anchor,
        "all_configurations": CONFIGURATIONS.anchor,
        "methods": METHODS.anchor,
        "files": FILES.anchor,
        "skipped": gallery.skipped,
        "configurations": configurations(evidence),
        "n_configurations": len(evidence.table),
        "printed": PRINTED,
        "failures": failures,
        "n_failures": n_failures,
        "notes": frames.notes,
        "objective": " and ".join(title(name) for name in frames.objectives),
        "definitions": definitions(frames),
        "rules": [(rule.name, rule.when) for rule in RULES],
        "tables": list(evidence.tables),
        "axes": [(name, _axis(values)) for name, values in frames.axes.items()],
        "settings": yaml.safe_dump(frames.asked.get("settings") or {}, sort_keys=False, allow_unicode=True).strip(),
        "facts": _facts(evidence),
        "commands": _commands(folder, evidence),
    }


def _means(evidence: Evidence, *, has_interval: bool) -> str:
    """What the numbers of the first screen are."""
    seeds, tests = evidence.frames.seeds, evidence.choice.tests
    if seeds == 1:
        return "One seed."
    if not has_interval:
        return f"Means over {seeds} seeds."
    all_at_once = f", that of the {title(evidence.objective)} for {tests} comparisons at once" if tests > 1 else ""
    return f"Means over {seeds} seeds; 95 % intervals of the difference{all_at_once}."


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
    frames, choice = evidence.frames, evidence.choice
    where = shlex.quote(str(folder))
    commands = [("the sweep", str(frames.asked.get("command") or ""))]
    if choice.best is not None:
        commands.append(("the best configuration", f"dropout-lab train --from {where} {choice.best['trial']}"))
    if choice.baseline is not None and choice.best is not None and not choice.best["baseline"]:
        commands.append(("its baseline", f"dropout-lab train --from {where} {choice.baseline['trial']}"))
    if choice.best is not None:
        export = f"dropout-lab export {where} --trial {choice.best['trial']} --to net.safetensors"
        commands.append(("the network of the best, as a file", export))
    commands.append(("any row of the table", f"dropout-lab train --from {where} TRIAL"))
    asked = "" if frames.reference is None else f" report.baseline={frames.reference}"
    commands.append(("this report", f"dropout-lab report {where}{asked}"))
    commands.append(("a table of it, as CSV", f"dropout-lab report {where} report.table=NAME{asked}"))
    return [(what, in_python(command, frames.asked)) for what, command in commands if command]
