"""The tables that the figures draw, one function per figure; each is written beside its figure as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dropout_lab.report.answer import Answer
from dropout_lab.report.load import Frames
from dropout_lab.report.names import group_parts, is_maximised, varying
from dropout_lab.report.tables import metrics_of, ranked, run_times

PANELS = 6
"""A figure has at most this many panels; more groups than this are not drawn."""

GRID = 25
"""Up to so many distinct rates are a grid, whose points are joined; more are a sampler's, and stay points."""

CROWD = 6
"""More placements than this have a panel each."""

LISTED = 30
"""So many configurations are drawn one by one, the best ones."""

DRAWN = ("val_loss", "val_accuracy", "gap_loss", "gap_accuracy")


def placements(frames: Frames) -> Sequence[str]:
    """The placements that have configurations: in the order asked for, then by trial."""
    dropped = frames.trials[~frames.trials["baseline"]]
    present = [str(name) for name in dropped["placement"].dropna().unique()]
    asked = frames.axes.get("placement")
    wanted = [str(name) for name in asked] if isinstance(asked, list) else []
    return [*(name for name in wanted if name in present), *(name for name in present if name not in wanted)]


def by_rate(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """Placement x rate lines: one row per configuration that has both, and its baseline as rate 0 of each placement.

    `group` spells what else varies, so that one group has one line per placement.
    """
    columns = ["trial", "context", "baseline", "n_complete", "name"]
    columns += [c for m in metrics_of(frames, DRAWN) for c in (m, f"{m}_low", f"{m}_high")]
    if not table.empty:
        columns += ["target", "n_reached", "n_timed", "epochs_to_target"]
    order = {name: index for index, name in enumerate(placements(frames))}
    names = varying(frames)
    lines: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for _, trial in table.iterrows():
        if not trial["baseline"] and pd.notna(trial["placement"]) and pd.notna(trial["rate"]):
            line = (str(trial["context"]), ", ".join(group_parts(trial, names)), str(trial["placement"]))
            lines.setdefault(line, []).append({"rate": float(trial["rate"]), **_row(trial, columns)})
    baselines = {str(b["context"]): b for _, b in table.iterrows() if b["baseline"]}
    groups: dict[str, set[str]] = {}
    for context, group, _ in lines:
        groups.setdefault(group, set()).add(context)
    rows = []
    for (context, group, placement), points in lines.items():
        # Contexts that no swept setting tells apart come of commands with other settings in one folder.
        title = group if len(groups[group]) == 1 else f"{group}, context {context[:4]}".removeprefix(", ")
        if context in baselines:
            points.append({"rate": 0.0, **_row(baselines[context], columns)})
        rows += [{"group": title, "placement": placement, **point} for point in points]
    frame = pd.DataFrame(rows, columns=None if rows else ["group", "placement", "rate", *columns])
    first = frame[~frame["baseline"].astype(bool)].groupby("group")["trial"].min()
    sorting = pd.DataFrame({"g": frame["group"].map(first), "p": frame["placement"].map(order), "r": frame["rate"]})
    return frame.loc[sorting.sort_values(["g", "p", "r"], kind="stable").index].reset_index(drop=True)


def _row(trial: pd.Series, columns: Sequence[str]) -> dict[str, Any]:
    return {name: trial[name] for name in columns}


def has_rate_axis(rates: pd.DataFrame) -> bool:
    return bool(rates["rate"].nunique() > 1)


@dataclass(frozen=True)
class Chosen:
    """The part of the rate table that is drawn, with a column `panel`.

    `joined`: whether points of a line may be joined. `crowded`: too many placements for one panel, so each has one of
    its own. `note` says what is not shown.
    """

    rates: pd.DataFrame
    joined: bool
    crowded: bool = False
    note: str = ""

    @property
    def banded(self) -> bool:
        """Whether the bands of a panel's lines can still be told apart."""
        return self.crowded or self.rates["placement"].nunique() <= CROWD


def chosen(rates: pd.DataFrame, objective: str) -> Chosen:
    """A panel per group, and not too many of them.

    Where a grid has more groups, those with the best configurations. Where the rates are a sampler's, or nearly every
    configuration is a group of its own, all are one group of points that are not joined.
    """
    groups = rates["group"].nunique()
    dropped = rates[~rates["baseline"]]
    joined, note = bool(rates["rate"].nunique() <= GRID), ""
    if groups <= PANELS:
        note = "" if joined else "Each point is a configuration."
    elif joined and dropped.groupby(["group", "placement"]).size().median() > 1:
        best_first = dropped.sort_values(objective, ascending=not is_maximised(objective), kind="stable")
        rates = rates[rates["group"].isin(best_first["group"].drop_duplicates().head(PANELS))]
        note = f"Of {groups} groups, the {PANELS} with the best configurations are drawn."
    else:
        rates = dropped.assign(group="").drop_duplicates(["placement", "trial"])
        joined, note = False, "Each point is a configuration; what else was swept differs among them too."
    if rates["placement"].nunique() > CROWD:
        if rates["group"].nunique() == 1:
            return Chosen(rates.assign(panel=rates["placement"]), joined, crowded=True, note=note)
        note = f"{note} With so many lines the intervals are left out; they are in the CSV.".strip()
    return Chosen(rates.assign(panel=rates["group"]), joined, note=note)


def heatmap(rates: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Placement x rate of one group: the mean of `metric`."""
    order = list(dict.fromkeys(rates["placement"]))
    return rates.pivot_table(index="placement", columns="rate", values=metric, sort=True).reindex(order)


def arrivals(frames: Frames, rates: pd.DataFrame) -> pd.DataFrame:
    """How many `runs` of each point reached the target, or were censored, at which epoch; and their median."""
    points = rates[["panel", "placement", "rate", "trial", "epochs_to_target", "target"]]
    joined = points.merge(run_times(frames)[["trial", "epochs", "reached"]], on="trial")
    keys = ["panel", "placement", "rate", "trial", "target", "epochs_to_target", "epochs", "reached"]
    return joined.groupby(keys, sort=False, dropna=False).size().rename("runs").reset_index()


def curves(frames: Frames, found: Answer) -> pd.DataFrame:
    """Train and validation curves of the best configuration, its baseline and the worst, by `role`, seed and epoch."""
    picked: dict[int, tuple[str, str]] = {}
    for role, trial in (("best", found.best), ("baseline", found.baseline), ("worst", found.worst)):
        if trial is not None:
            roles = picked.get(int(trial["trial"]), ("", ""))[0]
            picked[int(trial["trial"])] = (f"{roles} and {role}".removeprefix(" and "), str(trial["name"]))
    names = ["trial", "seed", "epoch", "train_loss", "val_loss", "train_accuracy", "val_accuracy"]
    complete = frames.runs.loc[frames.runs["status"] == "complete", ["trial", "seed", "best_epoch"]]
    frame = frames.curves[names].merge(complete, on=["trial", "seed"])
    parts = [frame[frame["trial"] == trial].assign(role=role, name=name) for trial, (role, name) in picked.items()]
    return pd.concat(parts, ignore_index=True) if parts else frame.iloc[:0].assign(role="", name="")


def listed(frames: Frames, table: pd.DataFrame, objective: str) -> pd.DataFrame:
    """The best configurations and the best baseline, with intervals of the objective's mean."""
    order = ranked(table, objective, frames.seeds)
    order = order[order[objective].notna()]
    baselines = order[order["baseline"]].head(1)
    shown = pd.concat([order.head(LISTED), baselines]).drop_duplicates("trial")
    names = ["trial", "name", "baseline", "placement", "whole", objective, f"{objective}_low", f"{objective}_high"]
    return shown[names].reset_index(drop=True)


def by_site(frames: Frames, table: pd.DataFrame, objective: str) -> pd.DataFrame:
    """One row per configuration and site: the site's rate and the objective; sites that always agree are one `site`."""
    sites = [str(name) for name in table if str(name).startswith("rates.")]
    alike: dict[tuple[float, ...], list[str]] = {}
    for name in sites:
        alike.setdefault(tuple(table[name]), []).append(name.removeprefix("rates."))
    finished = table[table[objective].notna()]
    best_first = finished.sort_values(objective, ascending=not is_maximised(objective), kind="stable")
    parts = [
        best_first[["trial", "name", "baseline", "placement", "n_complete", objective]].assign(
            site=", ".join(names), rate=best_first[f"rates.{names[0]}"]
        )
        for names in alike.values()
    ]
    return pd.concat(parts, ignore_index=True) if parts else finished.iloc[:0].assign(site="", rate=0.0)
