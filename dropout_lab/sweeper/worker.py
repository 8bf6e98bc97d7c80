"""A worker: a process that trains runs of a sweep until none is left, beside other workers."""

from dataclasses import dataclass

from filelock import FileLock, Timeout
from rich.console import Console

from dropout_lab.core.errors import UserError
from dropout_lab.records import store
from dropout_lab.records.folder import LOCKS, lock_file
from dropout_lab.records.ledger import Ledger
from dropout_lab.records.writer import Writer
from dropout_lab.sweeper.plan import Plan
from dropout_lab.sweeper.progress import Progress
from dropout_lab.sweeper.queue import Queue
from dropout_lab.sweeper.study import Study
from dropout_lab.sweeper.trainer_protocol import Trainer


@dataclass(frozen=True)
class Work:
    """What a worker needs besides its number; it is sent to other processes."""

    plan: Plan
    trainer: Trainer
    total: int
    """Runs to train, by all workers."""
    epochs: float
    """The mean number of epochs of these runs."""
    threads: int

    def __call__(self, worker: int) -> None:
        """Train as worker number `worker` until the sweep has nothing more for it."""
        plan = self.plan
        with lock(plan, f"worker-{worker}"):
            console = Console(force_terminal=False if plan.workers > 1 else None, soft_wrap=True)
            writer = Writer(plan.folder, worker)
            ledger = Ledger.of(store.read(plan.folder))
            with Progress(console, self.total, self.epochs, plan.objectives, plan.workers, worker) as progress:
                queue = Queue(plan, Study(plan, worker), ledger, writer, self.trainer, progress)
                try:
                    while (structure := queue.next_structure()) is not None:
                        self.trainer.train(structure, queue.execution(self.threads), queue)
                finally:
                    queue.give_back()
                    writer.close()


def lock(plan: Plan, name: str) -> FileLock:
    """A held lock file of the sweep folder. The operating system releases it when the process ends."""
    path = lock_file(plan.folder, name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{plan.folder}: the folder cannot be made: {error.strerror}") from error
    held = FileLock(path)
    try:
        held.acquire(timeout=0.5)  # `check_unlocked` holds it for a moment
    except Timeout:
        raise UserError(
            f"{plan.folder}: another process is training in this folder ({name}); wait for it, or stop it"
        ) from None
    return held


def check_unlocked(plan: Plan) -> None:
    """Raises UserError if a worker of an earlier command is still at work in the folder."""
    for path in (plan.folder / LOCKS).glob("worker-*.lock"):
        lock(plan, path.stem).release()
