"""How a structure's cohort is trained: its lanes, whether it is compiled, its threads."""

import math
from collections.abc import Callable

from dropout_lab.cohort.recipe import Compile
from dropout_lab.cohort.width import ExecutionPlan, Widths
from dropout_lab.core.trial import Config, Execution
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.trainer_protocol import Trainer, best_widths


def choose_execution(
    plan: Plan,
    trainer: Trainer,
    spec: Config,
    before: Execution | None,
    runs: int,
    threads: int,
    say: Callable[[str], None],
) -> ExecutionPlan:
    """The lanes of a cohort for `runs` runs, whether it is compiled, and the threads of each of its processes.

    `threads` are there for all of them. What is left to choose is as it was `before`, in the structure's last cohort:
    compiled, the last bits of a result depend on width and threads, and a sweep must not depend on where it was
    interrupted.
    """
    compile: Compile = plan.config["trainer"]["compile"]
    if compile == "auto" and before is not None:
        compile = "again" if before.compiled else "never"
    processes = trainer.processes(plan.device, threads)
    asked = plan.config["trainer"]["width"]
    if before is not None and before.compiled and (asked == "auto" or before.width <= int(asked)):
        most = 1 if before.threads > 1 else processes if asked == "auto" else int(asked) // before.width
        widths = Widths.fixed(before.width, min(processes, most, math.ceil(runs / before.width)))
        return ExecutionPlan(widths, compile, plan.device, before.threads)
    if asked != "auto":
        widths = Widths.in_all(min(int(asked), runs), processes)
    else:
        widths = best_widths(trainer, spec, plan.device, say).for_runs(runs, processes)
    return ExecutionPlan(widths, compile, plan.device, threads if widths.processes == 1 else 1)
