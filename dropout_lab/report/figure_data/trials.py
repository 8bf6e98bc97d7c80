"""Configurations one by one: lists, differences, fronts, sites."""

from collections.abc import Sequence

import pandas as pd

from dropout_lab.report.load import Frames
from dropout_lab.report.names import is_maximised
from dropout_lab.report.tables import ranked
from dropout_lab.report.tables.ranking import has_learned_nothing

LISTED = 30
"""Configurations that are drawn one by one, the best ones."""

OWN = ("trial", "placement", "rate", "baseline")
"""The columns that determine the colour of a configuration in a figure."""


def placed(part: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """`part` with the placement and the rate of each trial."""
    known = [name for name in OWN if name == "trial" or name not in part]
    return part.merge(table[known], on="trial", how="left")


def listed(frames: Frames, table: pd.DataFrame, objective: str) -> pd.DataFrame:
    """The best configurations and the best baseline, with intervals of the objective's mean."""
    order = ranked(table, objective, frames.seeds)
    order = order[order[objective].notna()]
    baselines = order[order["baseline"]].head(1)
    shown = pd.concat([order.head(LISTED), baselines]).drop_duplicates("trial")
    names = ["trial", "name", "baseline", "placement", "whole", objective, f"{objective}_low", f"{objective}_high"]
    return shown[names].reset_index(drop=True)


def differences(comparisons: pd.DataFrame, table: pd.DataFrame, objective: str) -> pd.DataFrame:
    """The differences of the best `LISTED` configurations to their baseline, in the objective.

    Configurations that learned nothing are left out, because their losses can be of any size.
    """
    kept = table[~has_learned_nothing(table)]
    comparisons = comparisons[comparisons["trial"].isin(kept["trial"])]
    part = placed(comparisons[comparisons["metric"] == objective], table).merge(kept[["trial", "whole"]], on="trial")
    return part.head(LISTED).reset_index(drop=True)


def fronts(pareto: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The points of all pairs with more than one configuration."""
    several = pareto.groupby("pair")["trial"].transform("size") > 1
    return placed(pareto[several], table)


def isolated(isolation: pd.DataFrame, table: pd.DataFrame, panels: int) -> pd.DataFrame:
    """The rows of the first `panels` settings, with the mean of the baseline that each row is compared with."""
    settings: Sequence[str] = list(isolation["setting"].unique())[:panels]
    part = placed(isolation[isolation["setting"].isin(settings)], table)
    return part.assign(baseline_mean=part["mean"] - part["difference"]).reset_index(drop=True)


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
