"""The table for a paper: it compiles, and fits the text of a two-column page, whatever the user calls things."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.write.latex import WIDTH, escape, main_table
from tests.report.canned import Planned, Sweep, evidence, grid, hump

pytestmark = pytest.mark.xdist_group("latex")  # one worker makes what all read

POINT = 1 / 72.27
"""Inches."""

RATES = (0.0, 0.1, 0.3)
SIGNS = "textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|allowbreak"
HOSTILE = (r"50% & $x_1^2$ # {a} \input{b}", "[2em] ~|<>", "encoder.layers.11.self_attention.output_projection_dropout")
PAGE = r"""\documentclass{article}
\usepackage[T1]{fontenc} \usepackage{lmodern} \usepackage{booktabs}
\newsavebox{\all}
\begin{document}
%s
\end{document}
"""


def sweeps() -> Mapping[str, Sweep]:
    context = {"optimizer.lr": 0.0003, "model.width": 512}
    names: list[Planned] = grid(HOSTILE, RATES, lambda placement, rate: 0.1 * rate, params=context)
    fate = {(1, 0): "failed", (2, 1): "failed"}
    return {
        "plain": Sweep(grid(effect=hump), seeds=5),
        "names": Sweep([*names, *grid(("hidden",), RATES)], seeds=3, fate=lambda t, s: fate.get((t, s), "complete")),
        "regression": Sweep(grid(rates=RATES, effect=hump), seeds=2, classification=False),
        "accuracy": Sweep(grid(rates=RATES, effect=hump), seeds=2, session={"objective": ["val_accuracy"]}),
        "one seed": Sweep(grid(rates=RATES), seeds=1),
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Evidence]:
    place = tmp_path_factory.mktemp("latex")
    return {name: evidence(sweep, place / name) for name, sweep in sweeps().items()}


def tables(found: Mapping[str, Evidence]) -> Mapping[str, str]:
    """Each sweep's table; and one of losses of another size, whose numbers need exponents."""
    made = {name: main_table(one.frames, one.table, one.choice) for name, one in found.items()}
    one = found["plain"]
    losses = [
        str(name) for name in one.table if "_loss" in str(name) and "_p" not in str(name) and "_n" not in str(name)
    ]
    tiny = one.table.assign(**{name: -1.23e-7 * one.table[name] for name in losses})
    return {**made, "exponents": main_table(one.frames, tiny, one.choice)}


def rows(table: str) -> list[str]:
    lines = table.splitlines()
    return lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]


def test_it_is_well_formed(found: Mapping[str, Evidence]) -> None:
    for name, table in tables(found).items():
        assert len(rows(table)) >= 7
        for line in rows(table):
            cells, end = line[: -len(r" \\")], line[-len(r" \\") :]
            assert end == r" \\"
            bare = re.sub(rf"\\({SIGNS})\{{\}}", "", cells)
            bare = bare.removeprefix(r"\raggedright ").replace("$-$", "-").replace(r"$\pm$", "+")
            bare = re.sub(r"\\[&%$#_{}]", "", bare.replace(r"$\infty$", ""))
            assert bare.count("&") == 5, name
            assert not re.search(r"[\\%$#_^~<>]", bare), name
            assert bare.replace("{}", "").count("{") == 0
        assert not re.search("[−±–∞]", table)
        for rule in (r"\toprule", r"\midrule", r"\bottomrule", r"\begin{tabular}", r"\end{tabular}"):
            assert table.count(rule) == 1


def test_missing_runs_and_the_reference_are_named(found: Mapping[str, Evidence]) -> None:
    table = tables(found)["names"]
    assert table.count(r"(2 of 3 runs)") == 2
    assert "minus no dropout" in table
    assert "means over 3 seeds" in table


@pytest.mark.parametrize("name", sweeps())
def test_it_fits_by_the_width_of_its_letters(name: str, found: Mapping[str, Evidence]) -> None:
    """In 8 points a digit is 4.3 points wide, most letters less; a minus and a plus-minus are 6.7."""
    table = tables(found)[name]
    head = table.splitlines()[table.splitlines().index(r"\toprule") + 1 :][:2]
    columns = list(zip(*(line.removesuffix(r" \\").split(" & ") for line in (*head, *rows(table))), strict=True))[1:]
    inches = 1.6 + 8 * len(columns) * POINT + sum(max(map(width, column)) for column in columns)
    assert inches <= WIDTH


def width(cell: str) -> float:
    signs = cell.count("$-$") + cell.count(r"$\pm$")
    text = re.sub(r"\$-\$|\$\\pm\$|\\textless\{\}|[\\{}$]", "", cell)
    return (4.4 * len(text) + 6.7 * signs + 6.7 * cell.count("textless")) * POINT


@pytest.mark.slow
def test_it_fits_by_latexs_own_measure(found: Mapping[str, Evidence], tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("there is no pdflatex on this machine: the table was not measured by LaTeX")
    every = tables(found)
    for name, table in every.items():
        (tmp_path / f"{name.replace(' ', '_')}.tex").write_text(table)
    boxes = [
        rf"\sbox{{\all}}{{\input{{{name.replace(' ', '_')}}}}}\typeout{{WIDTH {name}: \the\wd\all}}" for name in every
    ]
    (tmp_path / "page.tex").write_text(PAGE % "\n".join([*boxes, "done"]))
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    widths = {name: float(points) * POINT for name, points in re.findall(r"WIDTH (.+): ([\d.]+)pt", done.stdout)}
    assert widths.keys() == every.keys()
    assert max(widths.values()) <= WIDTH, widths
    assert "Overfull" not in (tmp_path / "page.log").read_text(), "names are broken into lines"


def test_escape() -> None:
    assert escape("a_b & −1 %") == r"a\_b \& $-$1 \%"
    assert escape(r"\[x]") == r"\textbackslash{}[x]"
    assert escape("[x]") == "{}[x]"
