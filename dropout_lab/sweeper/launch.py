"""Workers, started by Hydra's launcher."""

import re
import shutil
from collections.abc import Sequence

from hydra.core.plugins import Plugins
from hydra.types import HydraContext
from omegaconf import DictConfig

from dropout_lab.core.errors import UserError
from dropout_lab.sweeper.worker import Work


def check_launcher(launcher: str) -> None:
    """Raises UserError for a launcher whose scheduler this machine does not have."""
    if launcher == "submitit_slurm" and shutil.which("sbatch") is None:
        raise UserError(
            "hydra/launcher=submitit_slurm: this machine has no Slurm: there is no sbatch on its PATH; allowed here:"
            " basic, joblib, submitit_local"
        )


def workers(wanted: int | None, launcher: DictConfig, cores: int) -> int:
    """The number of workers: as many as are wanted, or else as the launcher's config runs at once.

    Raises UserError for more than the launcher runs at once: it would start the others when the work is done.
    """
    jobs = launcher.get("n_jobs", 1)
    if jobs == 0:
        raise UserError("hydra.launcher.n_jobs=0: must be at least 1, or -1 for one worker a core")
    at_once = int(jobs) if jobs > 0 else cores
    one_by_one = str(launcher["_target_"]).endswith("BasicLauncher")
    if wanted is not None and (one_by_one or "n_jobs" in launcher) and jobs > 0 and wanted > at_once:
        which = "Hydra's basic launcher starts one worker after the other" if one_by_one else f"n_jobs is {jobs}"
        raise UserError(
            f"workers={wanted}: {which}; for workers at the same time give hydra/launcher=joblib "
            f"hydra.launcher.n_jobs={wanted} (extra parallel)"
        )
    return wanted or at_once


def launch(context: HydraContext, config: DictConfig, work: Work, fixed: Sequence[str]) -> None:
    """Start the plan's workers with the overrides `fixed`, and raise what any of them raised."""
    launcher = Plugins.instance().instantiate_launcher(hydra_context=context, task_function=Job(work), config=config)
    jobs = [[*fixed, f"name={quoted(config.name)}"] for _ in range(work.plan.workers)]
    for job in launcher.launch(jobs, initial_job_idx=0):
        _ = job.return_value


def quoted(text: str) -> str:
    """The text as Hydra's grammar reads it back: within quotes, and with a backslash before each quote."""
    doubled = re.sub(r"(\\+)$", r"\1\1", text)  # else the last one would stand before the closing quote
    return "'" + re.sub(r"(\\*)'", r"\1\1\\'", doubled) + "'"


class Job:
    """A worker as Hydra's task function: its number is the job's."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def __call__(self, config: DictConfig) -> None:
        from hydra.core.hydra_config import HydraConfig

        self._work(int(HydraConfig.get().job.num))
