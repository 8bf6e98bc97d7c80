"""Every figure of every odd sweep: what is written in it is there to be read."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import rgb_to_hsv, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from dropout_lab.report import make
from dropout_lab.report.draw import layout, style
from dropout_lab.report.draw.style import Drawing
from dropout_lab.report.spelling import in_unit, value
from dropout_lab.report.topics.cost.cost import seconds
from dropout_lab.report.topics.part import Plan
from dropout_lab.report.write.frames import as_csv
from dropout_lab.report.write.gallery import draw
from tests.report.figures.odd import plans, sweeps
from tests.rotate import rotated

SMALLEST = 7
"""Points, in a figure as wide as the text of a page."""


@pytest.mark.parametrize("name", rotated(sweeps(), of=21))
def test_all_is_legible(name: str) -> None:
    """No text leaves the canvas, covers another, or is too small; drawing warns of nothing (warnings are errors)."""
    found = []
    for title, plan in plans(name).items():
        for kind, make_figure in (("", plan.draw), (" on a phone", plan.narrow)):
            if make_figure is not None:
                with style.styled():
                    figure = make_figure()
                    layout.arrange(figure)
                    figure.draw_without_rendering()
                    found += [f"{title}{kind}: {fault}" for fault in faults(figure)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("share", [8, pytest.param(1, marks=pytest.mark.slow)])
def test_the_same_table_gives_the_same_bytes(share: int) -> None:
    for name, plan in list(plans("three").items())[::share]:
        one, other = (drawn(plan) for _ in range(2))
        assert one == other, name


def drawn(plan: Plan) -> Drawing:
    return draw(plan, pdf=False)


def test_every_table_that_is_drawn_is_beside_its_figure(tmp_path: Path) -> None:
    folder = sweeps()["three"].write(tmp_path / "sweep")
    make(folder, pdf=False)
    found = {name: plan.table for name, plan in plans("three").items() if name not in ("reliability", "confusion")}
    assert {path.stem for path in (folder / "figures").glob("*.csv")} == set(found)
    for name, table in found.items():
        assert (folder / "figures" / f"{name}.csv").read_bytes() == as_csv(table), name


def test_what_is_drawn_is_the_table() -> None:
    """The marks of lines, lists and points, read back from the figures."""
    found = plans("thirty")
    rates, lists, points = (found[name] for name in ("gap", "forest", "pareto"))
    table = rates.table[~rates.table["baseline"]]
    assert marks(rates)[0] >= rounded(zip(table["rate"], table["gap_loss"], strict=True))
    expected = set(zip(lists.table["mean"], range(len(lists.table)), strict=True))
    assert marks(lists)[0] == rounded(expected)
    pairs = points.table.groupby("pair", sort=False)
    for drawn_points, (pair, part) in zip(marks(points), pairs, strict=True):
        first, second = (in_unit(metric, 1) for metric in str(pair).split(" and "))
        assert drawn_points >= rounded(zip(second * part["second"], first * part["first"], strict=True))


def marks(plan: Plan) -> list[set[tuple[float, float]]]:
    """The data of all marks, a set per panel."""
    with style.styled():
        figure = plan.draw()
    lines = ([line for line in ax.get_lines() if line.get_marker() not in ("None", None, "")] for ax in figure.axes)
    return [rounded(point for line in some for point in np.asarray(line.get_xydata(), dtype=float)) for some in lines]


def rounded(points: Iterable[Iterable[float]]) -> set[tuple[float, float]]:
    return {(round(float(x), 9), round(float(y), 9)) for x, y in points}


def test_a_placement_looks_the_same_everywhere() -> None:
    """And unlike every other, in black and white too."""
    looks = style.looks([f"block.{n}" for n in range(12)])
    assert len(set(looks.values())) == 12
    assert len({look.marker for look in looks.values()}) == 12
    seen: dict[str, set[tuple[str, str]]] = {}
    for plan in list(plans("two placements").values())[::3]:
        with style.styled():
            figure = plan.draw()
        for ax in figure.axes:
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
                if label in ("input", "hidden") and isinstance(handle, Line2D):
                    seen.setdefault(label, set()).add((str(handle.get_color()), str(handle.get_marker())))
    assert len(seen) == 2
    assert all(len(found) == 1 for found in seen.values()), seen


def test_lanes_are_drawn_where_they_differ() -> None:
    table = pd.DataFrame(
        {
            "placement": "input", "baseline": False, "val_loss": [0.1, 0.2, 0.3], "seconds": [1.0, 2.0, 3.0],
            "seconds_per_epoch": [0.1, 0.2, 0.3], "lanes": [8.0, 8.0, 8.0],
        }
    )  # fmt: skip
    for lanes, panels in (([8.0, 8.0, 8.0], 1), ([8.0, 4.0, 8.0], 2)):
        figure = seconds(table.assign(lanes=lanes), "val_loss", style.looks(["input"]), classification=True)
        assert len(figure.axes) == panels


def faults(figure: Figure) -> Iterator[str]:
    texts = [text for text in written(figure) if text.get_text().strip()]
    boxes = np.array([text.get_window_extent().extents for text in texts])
    width, height = figure.get_size_inches() * figure.dpi
    for text, (left, bottom, right, top) in zip(texts, boxes, strict=True):
        if left < -1 or bottom < -1 or right > width + 1 or top > height + 1:
            yield f"{text.get_text()!r} leaves the canvas"
        if float(text.get_fontsize()) < SMALLEST:
            yield f"{text.get_text()!r} is too small"
    lows, highs = boxes[:, None, :2], boxes[:, None, 2:]
    shared = np.minimum(highs, boxes[None, :, 2:]) - np.maximum(lows, boxes[None, :, :2])
    for one, other in np.argwhere(np.triu((shared > 1.5).all(axis=2), k=1)):
        yield f"{texts[one].get_text()!r} and {texts[other].get_text()!r} overlap"


def written(figure: Figure) -> Iterator[Text]:
    for legend in figure.legends:
        yield from legend.get_texts()
    for ax in figure.axes:
        yield from (ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts)
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            slack = 1e-6 * (high - low)
            shown = (tick for tick in axis.get_major_ticks() if low - slack <= tick.get_loc() <= high + slack)
            yield from (tick.label1 for tick in shown if tick.label1.get_visible())
        if (own := ax.get_legend()) is not None:
            yield from (own.get_title(), *own.get_texts())


def test_lines_of_one_placement_keep_its_hue_and_are_told_apart() -> None:
    """Three rates of one placement, one of another, and no dropout."""
    table = pd.DataFrame(
        {"trial": range(5), "placement": ["hidden"] * 3 + ["input", None], "baseline": [False] * 4 + [True]}
    )
    looks = style.looks(["input", "hidden"])
    strokes = style.strokes(table, looks)
    assert len({(stroke.color, str(stroke.dash)) for stroke in strokes.values()}) == 5
    hues = [rgb_to_hsv(to_rgb(strokes[trial].color))[0] for trial in range(3)]
    assert hues == pytest.approx([rgb_to_hsv(to_rgb(looks["hidden"].color))[0]] * 3, abs=0.01)
    assert strokes[0].color.upper() == looks["hidden"].color
    assert strokes[3].color.upper() == looks["input"].color


def test_the_heat_map_is_told_row_by_row() -> None:
    plan = plans("thirty")["heatmap"]
    hidden = plan.table[plan.table["placement"] == "hidden"]
    least, most = (hidden.iloc[int(place)] for place in (hidden["val_loss"].argmin(), hidden["val_loss"].argmax()))
    ends = [f"{value('val_loss', one['val_loss'])} at {one['rate']:g}" for one in (least, most)]
    assert f"hidden {' to '.join(ends)}" in plan.alt
    assert plan.alt.startswith("3 placements by 9 rates.")
    never = int(np.isinf(plan.table["epochs_to_target"]).sum())
    assert f"not reached by half of the runs in {never} of 27 cells" in plan.alt
