"""The objective against the rate of each site."""

from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from dropout_lab.report.draw import style
from dropout_lab.report.draw.layout import shorten
from dropout_lab.report.draw.scales import scale as scale_of
from dropout_lab.report.draw.style import BASELINE, Looks
from dropout_lab.report.frames.column import Columns, real, text
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import axis, in_unit, is_maximised, opening, title
from dropout_lab.report.topics.alts import extreme, sentence
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Picture, Plan


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


def against_site_rates(sites: pd.DataFrame, objective: str, looks: Looks, classification: bool) -> Figure:
    """The objective against the rate of each site, a point per configuration; the best one ringed."""
    names = list(sites["site"].unique())[:9]
    columns = min(3, len(names))
    figure, axes = style.grid(len(names), columns, height=2.4)
    scale = in_unit(objective, 1)
    for index, (name, ax) in enumerate(zip(names, axes, strict=True)):
        shown = sites[sites["site"] == name]
        for placement, points in shown[~shown["baseline"]].groupby("placement", sort=False, dropna=False):
            look = looks.get(str(placement), style.OTHER)
            label = str(placement) if str(placement) in looks else None
            dense = len(points) > style.DENSE
            y = scale * points[objective]
            ax.plot(points["rate"], y, look.marker, color=look.color, ms=4, alpha=0.6, label=label, rasterized=dense)
        for mean in scale * shown.loc[shown["baseline"], objective].head(1):
            ax.axhline(mean, color=BASELINE, linewidth=1, linestyle=style.DASHES, label="no dropout")
        best = shown.head(1)
        ax.plot(best["rate"], scale * best[objective], "o", mfc="none", mec="#000000", ms=9, mew=1.2, label="best mean")
        ax.set_xlabel(shorten(f"rate at {name}", 36))
        if index % columns == 0:
            ax.set_ylabel(axis(objective, classification))
        else:
            ax.tick_params(labelleft=False)
        ax.sharey(axes[0])
    values = scale * sites[objective].to_numpy(dtype=float)
    scale_of(values, maximised=is_maximised(objective), logs=objective.endswith("loss")).set(axes)
    style.legend(figure, axes)
    return figure


def _plan(evidence: Evidence) -> Plan | None:
    sites = by_site(evidence.frames, evidence.table, evidence.objective)
    trials = evidence.frames.trials
    if sites.empty or not trials.loc[~trials["baseline"], "placement"].isna().any():
        return None
    return Plan(
        f"{opening(title(evidence.objective))} against the rate of each site",
        "One point per configuration. Sites that always share a rate share a panel. A panel shows one site; the rates "
        "of the others vary too.",
        sentence([extreme(sites, evidence.objective)]),
        sites,
        partial(against_site_rates, sites, evidence.objective, evidence.looks, evidence.is_class),
    )


COLUMNS: Columns = {
    "site": text("a site, or several that always share a rate"),
    "rate": real("at the site; 0 where it does not drop", unit="probability of dropping"),
}

BY_SITE = Picture("sites", _plan, COLUMNS)
