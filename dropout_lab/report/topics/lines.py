"""The lines of a sweep over its rates, and which of them are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from dropout_lab.core.metrics.lookup import compared_names
from dropout_lab.report.frames.by_seed import metrics_of
from dropout_lab.report.frames.column import Columns, text
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.frames.naming import group_parts, varying
from dropout_lab.report.spelling import is_maximised

LINES: Columns = {
    "group": text("the settings that distinguish the panels or variants, in words"),
    "panel": text("panel that it is drawn in"),
    "line": text("line that it belongs to: a placement or a variant"),
}
"""The columns of a figure over rates."""

PANELS = 6
"""A figure has at most this many panels; more groups than this are not drawn."""


GRID = 25
"""Up to this many distinct rates are a grid, whose points are joined; more come from a sampler and stay points."""


CROWD = 6
"""More placements than this have a panel each."""


BANDS = 4
"""The intervals of more lines than this would be indistinguishable."""


def placements(frames: Frames) -> Sequence[str]:
    """The placements that have configurations, in the order of the command, then by trial."""
    dropped = frames.trials[~frames.trials["baseline"]]
    present = [str(name) for name in dropped["placement"].dropna().unique()]
    asked = frames.axes.get("placement")
    wanted = [str(name) for name in asked] if isinstance(asked, list) else []
    return [*(name for name in wanted if name in present), *(name for name in present if name not in wanted)]


def by_rate(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """Placement x rate lines: one row per configuration that has both, and its baseline as rate 0 of each placement.

    `group` names what else varies, so that one group has one line per placement.
    """
    columns = ["trial", "context", "baseline", "n_complete", "name"]
    columns += [c for m in metrics_of(frames, compared_names()) for c in (m, f"{m}_low", f"{m}_high")]
    if not table.empty:
        columns += ["target", "n_reached", "n_timed", "epochs_to_target"]
    order = {name: index for index, name in enumerate(placements(frames))}
    names = varying(frames)
    points = (
        table.iloc[:0]
        if table.empty
        else table[~table["baseline"] & table["placement"].notna() & table["rate"].notna()]
    )
    if points.empty:
        return pd.DataFrame(columns=["group", "placement", "rate", *columns])
    groups = pd.Series(
        [", ".join(group_parts(row, names)) for row in points[list(names)].to_dict("records")], points.index
    )
    # Contexts that no swept setting separates come from commands with other settings in one folder.
    contexts = points["context"].astype(str)
    several = contexts.groupby(groups).transform("nunique") > 1
    titles = groups.mask(groups == "", f"no {_and(names)}" if groups.nunique() > 1 else "")
    titles = titles.mask(several, (titles + ", context " + contexts.str[:4]).str.removeprefix(", "))
    frame = points[["placement", "rate", *columns]].assign(group=titles)
    lines = frame[["group", "placement", "context"]].drop_duplicates()
    baselines = table.loc[table["baseline"], columns].drop_duplicates("context", keep="last")
    frame = pd.concat([frame, lines.merge(baselines, on="context").assign(rate=0.0)], ignore_index=True)
    first = frame[~frame["baseline"]].groupby("group")["trial"].min()
    sorting = pd.DataFrame({"g": frame["group"].map(first), "p": frame["placement"].map(order), "r": frame["rate"]})
    chosen = frame.loc[
        sorting.sort_values(["g", "p", "r"], kind="stable").index, ["group", "placement", "rate", *columns]
    ]
    return chosen.reset_index(drop=True)


def _and(names: Sequence[str]) -> str:
    """The last parts of the names, for the group that has none of these settings."""
    return " or ".join(name.rpartition(".")[2] for name in names)


def has_rate_axis(rates: pd.DataFrame) -> bool:
    return bool(rates["rate"].nunique() > 1)


@dataclass(frozen=True)
class Chosen:
    """The part of the rate table that is drawn, with the columns `panel` and `line`.

    `by`: the kind of a panel's lines, placements or groups. `joined`: whether the points of a line may be joined.
    `crowded`: too many placements for one panel, so each has its own. `note`: a sentence about what is not shown.
    """

    rates: pd.DataFrame
    joined: bool
    crowded: bool = False
    note: str = ""
    by: str = "placement"

    @property
    def banded(self) -> bool:
        """Whether a panel has few enough lines for their bands to be distinguishable."""
        return self.crowded or self.rates["line"].nunique() <= BANDS


def chosen(rates: pd.DataFrame, objective: str) -> Chosen:
    """A panel per group, up to `PANELS`; for one placement and one baseline, one panel with a line per group.

    A grid with more groups shows those with the best configurations. If the rates are a sampler's, or nearly every
    configuration is its own group, all are one group of points that are not joined.
    """
    groups = rates["group"].nunique()
    dropped = rates[~rates["baseline"]]
    joined, note = bool(rates["rate"].nunique() <= GRID), ""
    if 1 < groups <= CROWD and joined and _is_one(rates):
        lines = rates.assign(panel=rates["placement"], line=rates["group"])
        return Chosen(lines, joined, note=_unbanded(groups), by="group")
    if groups <= PANELS:
        note = "" if joined else "Each point is a configuration."
    elif joined and dropped.groupby(["group", "placement"]).size().median() > 1:
        best_first = dropped.sort_values(objective, ascending=not is_maximised(objective), kind="stable")
        rates = rates[rates["group"].isin(best_first["group"].drop_duplicates().head(PANELS))]
        note = f"Drawn are {PANELS} of {groups} groups, those with the best configurations."
    else:
        rates = dropped.assign(group="").drop_duplicates(["placement", "trial"])
        joined, note = False, "Each point is a configuration; the other swept settings vary among them too."
    if rates["placement"].nunique() > CROWD and rates["group"].nunique() == 1:
        panels = rates.assign(panel=rates["placement"], line=rates["placement"])
        return Chosen(panels, joined, crowded=True, note=note)
    if joined:
        note = f"{note} {_unbanded(rates['placement'].nunique())}".strip()
    return Chosen(rates.assign(panel=rates["group"], line=rates["placement"]), joined, note=note)


def _unbanded(lines: int) -> str:
    return "With so many lines the intervals are left out; they are in the CSV." if lines > BANDS else ""


def _is_one(rates: pd.DataFrame) -> bool:
    baselines = rates.loc[rates["baseline"].astype(bool), "trial"]
    return bool(rates["placement"].nunique() == 1 and baselines.nunique() <= 1)
