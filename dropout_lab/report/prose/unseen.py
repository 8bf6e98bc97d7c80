"""What the choice is worth on data that did not choose it."""

from collections.abc import Iterator

import pandas as pd

from dropout_lab.report.evidence import Evidence
from dropout_lab.report.names import amount, difference, plural, title, value
from dropout_lab.report.prose.spelling import interval, with_interval
from dropout_lab.report.statistics import Mean


def unseen(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    yield from _test(evidence, best)
    yield from flattery(evidence)
    yield from _gap(evidence, best)


def _test(evidence: Evidence, best: pd.Series) -> Iterator[str]:
    metric = "test_accuracy" if evidence.frames.is_classification else "test_loss"
    if pd.isna(best[metric]):
        return
    same = metric.replace("test", "val")
    text = (
        f"On the test data, which chose nothing, the chosen configuration has {title(metric)} "
        f"{with_interval(metric, best)}, beside {title(same)} {value(same, best[same])}"
    )
    if pd.isna(best[f"{metric}_diff"]):
        yield f"{text}."
        return
    columns = ("", "_low", "_high", "_n")
    mean, low, high, n = (best[f"{metric}_diff{column}"] for column in columns)
    paired = Mean(mean, low, high, int(n), best[f"{metric}_p"])
    yield (
        f"{text}; its difference to {evidence.reference_name} there is {difference(metric, mean)} "
        f"({interval(metric, paired)})."
    )


def flattery(evidence: Evidence) -> Iterator[str]:
    """The winner's curse."""
    row, metric = evidence.optimism, evidence.found.objective
    if row is None or row["configurations"] < 2:
        return
    chosen = f"It was chosen by {title(metric)} as the best of {row['configurations']}, which flatters it"
    if pd.isna(row["optimism"]):
        yield f"{chosen}; by how much, {plural(int(row['seeds']), 'seed')} cannot say."
        return
    if row["optimism"] <= 0:
        yield f"It was chosen by {title(metric)} as the best of {row['configurations']}; no flattery by that is seen."
        return
    size = amount(metric, row["optimism"])
    yield f"{chosen}, by about {size}: further seeds should show about {value(metric, row['corrected'])}."


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
                    f"{text}, without dropout {value(metric, baseline[metric])}. A smaller gap is not by itself a "
                    f"better model: the {title(seen)} is {value(seen, best[seen])}, without dropout "
                    f"{value(seen, baseline[seen])}."
                )
            return
