"""How much each swept setting matters for being among the best, as Optuna reckons it."""

import warnings
from typing import Any, cast

import pandas as pd

from dropout_lab.report.load import Frames
from dropout_lab.report.names import is_maximised
from dropout_lab.report.tables.columns import Columns, made, real, whole, words
from dropout_lab.report.tables.factors import is_truth, swept

LEAST = 10
"""With fewer configurations there is no best tenth."""

MOST = 5000
"""Of more configurations so many at most, evenly spread over the order of the trials: the same densities, quicker."""

COLUMNS: Columns = {
    "metric": words("objective"),
    "parameter": words("a swept setting"),
    "importance": real("share of the importance of all settings; they add up to 1"),
    "configurations": whole("configurations with dropout and all seeds it is reckoned from"),
}


def importance(frames: Frames, table: pd.DataFrame) -> pd.DataFrame:
    """A row per objective and setting, the most important first; none with fewer than 10 configurations or no setting.

    PED-ANOVA: how much more the best tenth of the configurations gather at some values of a setting than all do (S.
    Watanabe et al., IJCAI 2023, arXiv:2304.10255), by `optuna.importance`. It says what decides who is best, not how
    much is lost elsewhere; for that see `effects`.
    """
    if table.empty:
        return made(COLUMNS)
    order = table[table["whole"] & ~table["baseline"]].sort_values("trial").reset_index(drop=True)
    names = swept(frames, order)
    if len(order) < LEAST or not names:
        return made(COLUMNS)
    order = order.iloc[:: -(-len(order) // MOST)]
    parts = []
    for metric in frames.objectives:
        found = _importances(order[names], order[metric], maximised=is_maximised(metric))
        part = pd.DataFrame({"parameter": list(found), "importance": list(found.values())})
        parts.append(part.assign(metric=metric, configurations=len(order)))
    return made(COLUMNS, pd.concat(parts, ignore_index=True))


def _importances(settings: pd.DataFrame, values: "pd.Series[float]", *, maximised: bool) -> dict[str, float]:
    import optuna  # half a second
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
    from optuna.importance import PedAnovaImportanceEvaluator

    distributions: dict[str, BaseDistribution] = {}
    for name in settings:
        column = settings[name]
        if pd.api.types.is_numeric_dtype(column) and not is_truth(column):
            low, high = float(column.min()), float(column.max())
            distributions[str(name)] = FloatDistribution(low, high, log=low > 0 and high > 30 * low)
        else:
            distributions[str(name)] = CategoricalDistribution(list(dict.fromkeys(column)))
    numeric = [name for name, kind in distributions.items() if isinstance(kind, FloatDistribution)]
    rows = settings.rename(columns=str).astype(dict.fromkeys(numeric, float)).to_dict("records")
    trials = [
        optuna.trial.create_trial(params=cast("dict[str, Any]", row), distributions=distributions, value=value)
        for row, value in zip(rows, values.astype(float), strict=True)
    ]
    said = optuna.logging.get_verbosity()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        try:
            optuna.logging.set_verbosity(optuna.logging.WARNING)  # a study in memory is no news
            study = optuna.create_study(direction="maximize" if maximised else "minimize")
            study.add_trials(trials)
            return optuna.importance.get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
        finally:
            optuna.logging.set_verbosity(said)
