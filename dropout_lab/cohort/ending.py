"""Whether and how a run ends."""

import traceback
from collections.abc import Sequence

from dropout_lab.cohort.lane import Lane
from dropout_lab.cohort.recipe import Recipe, Result, Status
from dropout_lab.cohort.width import is_out_of_memory
from dropout_lab.core.trial import Execution


def ending(lane: Lane, stop: set[str], losses: Sequence[str]) -> tuple[Status, str | None] | None:
    """Whether and how the run in this lane ends after this epoch."""
    broken = [name for name in losses if lane.curves[name][-1] is None]
    if broken:
        return "failed", f"diverged: {broken[0]} is not finite at epoch {lane.epoch}"
    best_by = lane.recipe.best_by
    if lane.curves[best_by][-1] is None:
        return "failed", f"trainer.best={best_by}: it is undefined on the validation part at epoch {lane.epoch}"
    if lane.epoch >= lane.recipe.epochs:
        return "complete", None
    if lane.recipe.id in stop:
        return "pruned", f"pruned after epoch {lane.epoch}"
    if lane.recipe.patience is not None and lane.since_best >= lane.recipe.patience:
        return "complete", f"stopped early after epoch {lane.epoch}"
    return None


def reason(error: BaseException) -> str:
    """What ended a run, in words."""
    if isinstance(error, SystemExit):
        return f"the network's code ended the training: sys.exit({error.code!r})"
    text = f"{type(error).__name__}: {error}"
    return f"out of memory, with as few lanes as there can be: {text}" if is_out_of_memory(error) else text


def failure(recipe: Recipe, error: BaseException, execution: Execution) -> Result:
    """The result of a run that an exception ended."""
    return Result(
        recipe=recipe,
        status="failed",
        reason=reason(error),
        traceback="".join(traceback.format_exception(error)),
        curves={},
        stopped_early=False,
        test_loss=None,
        test_accuracy=None,
        seconds=0.0,
        execution=execution,
    )
