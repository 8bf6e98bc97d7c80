"""Which samplers, pruners, axes and objectives go together."""

from dropout_lab.core.errors import UserError
from dropout_lab.core.metrics.lookup import objectives
from dropout_lab.core.metrics.metric import AtEnd
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.study import pruner, try_asking


def check_search(plan: Plan, is_grid: bool) -> None:
    """Raises UserError for a sampler, a pruner, axes and objectives that do not go together."""
    made = pruner(plan.config["pruner"])
    if is_grid and plan.n_trials is not None:
        raise UserError("n_trials: a grid trains each of its cells; leave n_trials out, or choose a sampler=...")
    if not is_grid:
        _check_sampler(plan)
    if plan.config["pruner"]["_target_"] != "optuna.pruners.NopPruner":
        _check_pruner(plan, type(made).__name__)


def _check_sampler(plan: Plan) -> None:
    if plan.n_trials is None:
        raise UserError("n_trials: a sampler needs to know how many configurations to try: n_trials=50")
    if not plan.axes:
        raise UserError("sampler: there is nothing to search; sweep a key, e.g. 'rate=interval(0,0.8)'")
    for key in ("zip", "grids"):
        if plan.config[key]:
            raise UserError(f"{key}: a sampler searches every key by itself; leave {key} out, or take sampler=grid")
    try_asking(plan)


def _check_pruner(plan: Plan, name: str) -> None:
    if len(plan.objectives) > 1:
        raise UserError(f"pruner: {name} cannot prune for two objectives or more; give one, or pruner=none")
    objective = plan.objectives[0]
    if isinstance(objectives()[objective], AtEnd):
        raise UserError(f"pruner: {objective} is known only at the end; choose another objective, or pruner=none")
    if name == "WilcoxonPruner" and plan.config["prune_step"] != "seed":
        raise UserError(
            f"prune_step={plan.config['prune_step']}: {name} compares paired replicates, and epochs of one run are"
            " none; must be seed"
        )
