"""Which configuration is best, by validation alone."""

from collections.abc import Iterator

import pandas as pd

from dropout_lab.core.metrics.curves import LEARNED
from dropout_lab.report.cautions import chance
from dropout_lab.report.evidence import Evidence
from dropout_lab.report.load import Frames
from dropout_lab.report.names import is_maximised, plural, title
from dropout_lab.report.prose.spelling import all_seeds, with_interval
from dropout_lab.report.tables.ranking import has_learned_nothing
from dropout_lab.report.tables.seeds import ENDED


def headline(best: pd.Series) -> str:
    """Placement, rate and method, followed by the other swept settings."""
    name = str(best["name"])
    if best["baseline"]:
        return f"{name[:1].upper()}{name[1:]}"
    method = best["dropout"]
    return name if pd.isna(method) or str(method) in name.split(", ") else f"{name}, {method}"


def which(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    found, seeds = evidence.found, evidence.frames.seeds
    yield (
        f"Among {plural(found.whole, 'configuration')} with {all_seeds(seeds)} complete, {best['name']} "
        f"(trial {best['trial']}) has the {'highest' if is_maximised(found.objective) else 'lowest'} mean "
        f"{title(found.objective)}: {with_interval(found.objective, best)}."
    )


def nothing(evidence: Evidence) -> Iterator[str]:
    """The reason why there is no best configuration yet."""
    frames = evidence.frames
    runs = frames.runs["status"].value_counts()
    counts = ", ".join(f"{count} {status}" for status, count in runs.items())
    if len(frames.runs) and runs.get("failed", 0) == len(frames.runs):
        yield all_failed(frames)
    elif runs.get("complete", 0) == 0:
        yield "No run is complete yet, so there is nothing to compare."
        yield f"Recorded so far: {plural(len(evidence.table), 'trial')}, {plural(len(frames.runs), 'run')}" + (
            f" ({counts})." if counts else "."
        )
        return
    unlearned = evidence.table[(evidence.table["n_complete"] >= frames.seeds) & has_learned_nothing(evidence.table)]
    if len(unlearned):
        yield (
            f"Nothing was learned, so no configuration is recommended. In half or more of its runs, each of the "
            f"{len(unlearned)} with {all_seeds(frames.seeds)} complete has a validation loss of at least {LEARNED:g} "
            f"times the {chance(frames)}."
        )
    else:
        yield (
            f"No configuration has {all_seeds(frames.seeds)} complete{_known(evidence)}, so none is named the best. "
            f"Recorded so far: {plural(len(evidence.table), 'trial')}, {plural(len(frames.runs), 'run')} ({counts})."
        )
        stopped = int(evidence.table["n_stopped"].sum())
        if evidence.found.objective in ENDED and stopped:
            yield f"{plural(stopped, 'complete run')} ended by early stopping, which does not count as convergence."


def all_failed(frames: Frames) -> str:
    """The sentence for a sweep whose recorded runs have all failed."""
    first = frames.runs.iloc[0]
    return (
        f"All {plural(len(frames.runs), 'recorded run')} failed, so there is nothing to compare. The first failure, "
        f"trial {first['trial']} with seed {first['seed']}: {first['reason']}."
    )


def _known(evidence: Evidence) -> str:
    objective = evidence.found.objective
    return f" with {title(objective)}" if objective in ENDED else ""
