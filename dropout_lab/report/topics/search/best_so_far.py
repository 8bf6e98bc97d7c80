"""The best value found by the number of trials, and the same for the trials in random order."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dropout_lab.report.draw import style
from dropout_lab.report.draw.style import BASELINE
from dropout_lab.report.frames.by_seed import run_places
from dropout_lab.report.frames.column import OBJECTIVE, Columns, made, real, whole
from dropout_lab.report.frames.load import Frames
from dropout_lab.report.spelling import axis, in_unit, is_maximised, plural, title, value
from dropout_lab.report.statistics import ALPHA, Bools, Floats, Ints
from dropout_lab.report.topics.alts import sentence
from dropout_lab.report.topics.evidence import Evidence
from dropout_lab.report.topics.part import Picture, Plan, Table

COLUMNS: Columns = {
    "budget": whole("trials so far, in the order of their numbers; failed and pruned ones count", unit="trials"),
    "epochs": whole("epochs trained so far, of all runs of these trials", unit="epochs"),
    "trial": whole("number of the last of these trials"),
    "value": real(
        "its mean of the objective over its complete runs; missing if it has no run for every seed", unit=OBJECTIVE
    ),
    "best": real("best value so far; missing until there is one", unit=OBJECTIVE),
    "best_trial": real("its trial; missing until there is one"),
    "low": real(
        "best of the same number of trials drawn at random with replacement: 2.5 % quantile over draws", unit=OBJECTIVE
    ),
    "median": real("the same, median", unit=OBJECTIVE),
    "high": real("the same, 97.5 % quantile", unit=OBJECTIVE),
}


def best_so_far(frames: Frames, table: pd.DataFrame, objective: str | None = None) -> pd.DataFrame:
    """A row per trial, in the order of their numbers.

    The band is the bootstrap of the tuning playbook's figure 3 in closed form: the best of k values drawn from N is at
    least as good as the j-th best with probability 1 - (1 - j / N)^k. It describes the same trials in random order, and
    so the luck of the order for a random search only. Late finds of a learning sampler count from the start.
    """
    if table.empty:
        return made(COLUMNS)
    metric = objective or frames.objectives[0]
    sign = -1.0 if is_maximised(metric) else 1.0
    order = table.sort_values("trial", kind="stable")
    values = np.where(order["whole"], sign * order[metric].to_numpy(dtype=np.float64), np.nan)
    rows, _ = run_places(frames)
    spent = np.bincount(rows[rows >= 0], weights=frames.runs["epochs"].to_numpy()[rows >= 0], minlength=len(table))
    places = pd.Index(frames.trials["trial"]).get_indexer(pd.Index(order["trial"]))
    best = np.fmin.accumulate(values)
    filled = np.where(np.isfinite(values), values, np.inf)
    numbers = order["trial"].to_numpy(dtype=np.float64)
    newest = pd.Series(np.where(_strict(filled), numbers, np.nan)).ffill().to_numpy()
    budget = np.arange(1, len(order) + 1)
    finite = np.sort(values[np.isfinite(values)])
    band = {
        name: sign * _quantile(finite, budget, q) for name, q in (("a", ALPHA / 2), ("b", 0.5), ("c", 1 - ALPHA / 2))
    }
    low, high = (band["a"], band["c"]) if sign > 0 else (band["c"], band["a"])
    return made(
        COLUMNS,
        {
            "budget": budget,
            "epochs": spent[places].cumsum().astype(np.int64),
            "trial": order["trial"].to_numpy(),
            "value": sign * values,
            "best": sign * best,
            "best_trial": newest,
            "low": low,
            "median": band["b"],
            "high": high,
        },
    )


def _strict(values: Floats) -> Bools:
    """Whether each value is lower than all before it."""
    before = np.concatenate([[np.inf], np.minimum.accumulate(values)[:-1]])
    return np.asarray(values < before)


def _quantile(ordered: Floats, budget: Ints, level: float) -> Floats:
    """The `level` quantile of the lowest of k draws from `ordered`, for every k of `budget`."""
    count = len(ordered)
    if not count:
        return np.full(len(budget), np.nan)
    place = np.ceil(count * (1 - (1 - level) ** (1 / budget)) - 1e-9).astype(np.int64)
    return np.asarray(ordered[np.clip(place, 1, count) - 1])


def found_so_far(table: pd.DataFrame, objective: str, classification: bool) -> Figure:
    """Trials as dots, the best so far as steps, and the band of the same trials in random order."""
    figure, (ax,) = style.grid(1, 1, height=3.0)
    scale = in_unit(objective, 1)
    budget = table["budget"].to_numpy(dtype=float)
    low, middle, high = (scale * table[name].to_numpy(dtype=float) for name in ("low", "median", "high"))
    ax.fill_between(budget, low, high, color=BASELINE, alpha=0.15, linewidth=0, label="random order: 95 % of draws")
    ax.plot(budget, middle, color=BASELINE, linestyle=style.DASHES, linewidth=1, label="random order: median")
    values = scale * table["value"]
    dense = len(table) > style.DENSE
    ax.plot(budget, values, ".", color=style.OTHER.color, alpha=0.35, ms=5, mew=0, rasterized=dense, label="a trial")
    ax.step(budget, scale * table["best"], where="post", color="#D55E00", linewidth=1.8, label="best so far")
    known = values.dropna()
    if len(known):
        # A few very bad trials would flatten all others.
        ends = [*known.quantile([0.02, 0.9]), *(scale * table["best"].dropna().iloc[[-1]])]
        edges = [min(*ends, *(scale * table["best"].dropna())), max(*ends, *(scale * table["best"].dropna()))]
        room = 0.06 * (edges[1] - edges[0]) or 0.5
        ax.set_ylim(edges[0] - room, edges[1] + room)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    ax.set_xlabel("trials so far")
    ax.set_ylabel(axis(objective, classification))
    style.legend(figure, [ax])
    return figure


def _plan(evidence: Evidence) -> Plan | None:
    if evidence.frames.asked.get("n_trials") is None:
        return None  # a grid has no search order
    table = evidence.tables["best_so_far"]
    known = table[table["best"].notna()]
    if len(known) < 2:
        return None
    metric, last = evidence.frames.objectives[0], known.iloc[-1]
    half = known.iloc[len(known) // 2]
    return Plan(
        f"The best {title(metric)} found so far",
        "Steps: the best mean of a trial with all seeds. Band and dashes: the same trials in random order (drawn with "
        "replacement), which is the luck of the order only for a random search. Trials much worse than most lie beyond "
        "the axis.",
        sentence(
            [
                f"best after {plural(int(half['budget']), 'trial')} {value(metric, half['best'])}, after "
                f"{plural(int(last['budget']), 'trial')} {value(metric, last['best'])}, "
                f"found by trial {last['best_trial']:.0f}"
            ]
        ),
        table,
        partial(found_so_far, table, metric, evidence.is_class),
    )


BEST_SO_FAR = Table("best_so_far", best_so_far, COLUMNS)
FOUND_SO_FAR = Picture("best_so_far", _plan)
