"""What the choice is worth on data that played no part in it."""

from collections.abc import Iterator

import pandas as pd

from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import amount, difference, plural, title, value
from dropout_lab.report.prose.spelling import interval, with_interval
from dropout_lab.report.statistics import Mean


def unseen(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    yield from _test(evidence, best)
    yield from selection_bias(evidence)
    yield from _gap(evidence, best)


def _test(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    metric = "test_accuracy" if evidence.frames.is_classification else "test_loss"
    if pd.isna(best[metric]):
        return
    same = metric.replace("test", "val")
    yield (
        f"On the held-out test set, which played no part in selection: {title(metric)} {with_interval(metric, best)}, "
        f"{title(same)} {value(same, best[same])}."
    )
    if pd.isna(best[f"{metric}_diff"]):
        return
    columns = ("", "_low", "_high", "_n")
    mean, low, high, n = (best[f"{metric}_diff{column}"] for column in columns)
    paired = Mean(mean, low, high, int(n), best[f"{metric}_p"])
    verdict = ": inconclusive" if low <= 0 <= high else ""
    yield (
        f"There, the difference to {evidence.reference_name} is {difference(metric, mean)} "
        f"({interval(metric, paired)}{verdict})."
    )


def selection_bias(evidence: Evidence) -> Iterator[str]:
    """The winner's curse: how much better the best looks for having been picked."""
    row, metric = evidence.optimism, evidence.found.objective
    if row is None or row["configurations"] < 2:
        return
    picking = f"Picking the best of {row['configurations']}"
    if pd.isna(row["optimism"]):
        yield f"{picking} biases its {title(metric)}; {plural(int(row['seeds']), 'seed')} cannot show by how much."
        return
    if row["optimism"] <= 0:
        yield f"{picking} shows no sign of biasing its {title(metric)}."
        return
    size, corrected = amount(metric, row["optimism"]), value(metric, row["corrected"])
    yield f"{picking} biases its {title(metric)} by about {size}: further seeds should show about {corrected}."


def _gap(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    baseline = evidence.found.baseline
    for metric in ("gap_loss", "gap_accuracy"):
        if metric in best and pd.notna(best[metric]):
            text = f"Its {title(metric)} between train and validation is {value(metric, best[metric])}"
            if baseline is None or best["baseline"] or pd.isna(baseline[metric]):
                yield f"{text}."
            else:
                seen = metric.replace("gap", "val")
                yield (
                    f"{text}; without dropout it is {value(metric, baseline[metric])}. A smaller gap alone is not a "
                    f"better model: the {title(seen)} is {value(seen, best[seen])}, without dropout "
                    f"{value(seen, baseline[seen])}."
                )
            return
