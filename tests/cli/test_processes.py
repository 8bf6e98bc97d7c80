"""What only whole processes can show: kill -9, Ctrl-C, two commands at once, workers, an installed wheel."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from dropout_lab.records import store
from dropout_lab.sweeper.study import JournalLock
from tests.cli import conftest
from tests.report.canned import Sweep, planned

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

SWEEP = (
    *("sweep", "dataset=wine", "model.width=16", "trainer.epochs=12", "trainer.batch_size=8"),
    *("trainer.width=4", "trainer.compile=never"),
)
GRID = (*SWEEP, "placement=input,hidden", "rate=0,0.2,0.4", "seeds=3", "name=grid")


WHOLE = (sys.executable, "-m", "dropout_lab")

UNREPORTED = (sys.executable, "-m", "tests.cli.blank")
"""Without a report after training; one that is asked for is undrawn."""


def start(folder: Path, *words: str, command: tuple[str, ...] = UNREPORTED) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*command, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)} if command == UNREPORTED else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], code: int = 0) -> str:
    try:
        out, _ = process.communicate(timeout=900)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    assert process.returncode == code, out
    return out


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 600  # only where it never happens
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def lines(folder: Path, name: str) -> int:
    path = folder / "outputs" / "grid" / name
    return path.read_bytes().count(b"\n") if path.exists() else 0


def table(folder: Path) -> pd.DataFrame:
    """The table of configurations without what depends on the clock."""
    return conftest.table(folder / "outputs" / "grid")


beside_it = pytest.mark.xdist_group("uninterrupted")
"""Of tests that use the fixture below: one worker makes it for all."""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("uninterrupted")
    finish(start(folder, *GRID))
    return table(folder)


@beside_it
@pytest.mark.parametrize("runs_first", [0, 7])
def test_killed_is_not_lost(runs_first: int, tmp_path: Path, uninterrupted: pd.DataFrame) -> None:
    process = start(tmp_path, *GRID)
    wait_for(lambda: lines(tmp_path, "curves-0.jsonl") > 2 and lines(tmp_path, "runs-0.jsonl") >= runs_first)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    before = lines(tmp_path, "runs-0.jsonl")
    assert before < 15
    if runs_first:  # a report of what there is can be made meanwhile
        finish(start(tmp_path, "report", "outputs/grid"))
    out = finish(start(tmp_path, *GRID))
    assert f"{15 - before} runs to train" in out
    assert lines(tmp_path, "runs-0.jsonl") == 15
    pd.testing.assert_frame_equal(table(tmp_path), uninterrupted, check_exact=True)


def test_killed_sweeps_keep_the_weights_of_uninterrupted_ones(tmp_path: Path) -> None:
    kept = (*GRID, "trainer.keep=all")
    finish(start(tmp_path, *kept, "hydra.sweep.dir=outputs/whole"))
    process = start(tmp_path, *kept)
    wait_for(lambda: lines(tmp_path, "runs-0.jsonl") >= 5)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    finish(start(tmp_path, *kept))
    whole, killed = (tmp_path / "outputs" / name / "weights" for name in ("whole", "grid"))
    names = sorted(path.name for path in whole.iterdir())
    assert len(names) == 15
    assert sorted(path.name for path in killed.iterdir()) == names
    for name in names:
        one, other = (load_file(folder / name) for folder in (whole, killed))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[tensor], other[tensor]) for tensor in one)


def test_who_is_killed_with_the_journal_in_hand_lets_it_go(tmp_path: Path) -> None:
    holder = (
        "import os, signal; from pathlib import Path; from dropout_lab.sweeper.study import JournalLock\n"
        "JournalLock(Path('.')).acquire(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", holder], cwd=tmp_path, check=False).returncode == -signal.SIGKILL
    JournalLock(tmp_path).acquire()


@beside_it
def test_ctrl_c_keeps_what_is_done_and_says_how_to_continue(tmp_path: Path, uninterrupted: pd.DataFrame) -> None:
    process = start(tmp_path, *GRID, "hydra.verbose=false", command=WHOLE)
    wait_for(lambda: lines(tmp_path, "runs-0.jsonl") >= 1)
    os.kill(process.pid, signal.SIGINT)
    out = finish(process, 130)
    assert f"To continue:\n  dropout-lab {shlex.join([*GRID, 'hydra.verbose=false'])}\n" in out
    assert "Traceback" not in out
    assert "in training when" not in finish(start(tmp_path, *GRID))  # it gave its trials back itself
    pd.testing.assert_frame_equal(table(tmp_path), uninterrupted, check_exact=True)


@pytest.mark.parametrize("module", ["hydra", "torch", "dropout_lab.sweeper.queue"])
def test_ctrl_c_while_it_loads_says_how_to_continue(module: str, tmp_path: Path) -> None:
    program = f"""
import os, signal, sys
class CtrlC:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.killpg(0, signal.SIGINT)  # as a terminal does: to every process of the command
sys.meta_path.insert(0, CtrlC())
sys.argv = ["dropout-lab", *{list(GRID)!r}]
from dropout_lab.app.cli import main
main()"""
    process = start(tmp_path, command=(sys.executable, "-c", program))
    out = finish(process, 130)
    assert "Traceback" not in out
    assert out.endswith(f"\nInterrupted. What is done is kept. To continue:\n  dropout-lab {shlex.join(GRID)}\n")


def test_a_second_command_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    process = start(tmp_path, *GRID)
    wait_for(lambda: lines(tmp_path, "curves-0.jsonl") > 0)
    os.killpg(process.pid, signal.SIGSTOP)  # on a fast machine it would have ended when the second one looks
    try:
        assert "another process is training in this folder" in finish(start(tmp_path, *GRID), 2)
    finally:
        os.killpg(process.pid, signal.SIGCONT)
    finish(process)
    assert lines(tmp_path, "runs-0.jsonl") == 15


@beside_it
def test_two_workers_train_every_run_once(tmp_path: Path, uninterrupted: pd.DataFrame) -> None:
    finish(start(tmp_path, *GRID, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"))
    runs = store.read(tmp_path / "outputs" / "grid").runs
    assert len({(run["key"], run["seed"]) for run in runs}) == len(runs) == 15
    pd.testing.assert_frame_equal(table(tmp_path), uninterrupted, check_exact=True)


def test_workers_share_one_budget(tmp_path: Path) -> None:
    words = (*SWEEP, "trainer.epochs=5", "sampler=tpe", "n_trials=7", "rate=interval(0,0.8)", "seeds=2", "name=grid")
    finish(start(tmp_path, *words, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"))
    trials = store.read(tmp_path / "outputs" / "grid").trials
    assert sum(bool(trial["rates"]) for trial in trials) == 7


def test_an_installed_wheel_has_its_config_and_experiments(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    site = tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    assert (site / "dropout_lab" / "py.typed").is_file()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # -P and the path's order: the package of the wheel, not that of this checkout.
    program = (
        f"import sys; sys.path.insert(0, {str(site)!r}); from dropout_lab.app import application, cli\n"
        "print(application.conf_folder(), flush=True); cli.main()"
    )
    code = (sys.executable, "-P", "-c", program)
    said = finish(start(elsewhere, "sweep", "--help", command=code))
    assert str(site) in said
    experiments = ", ".join(sorted(path.stem for path in (ROOT / "experiments").glob("*.yaml")))
    assert f"experiment: {experiments}" in said
    out = finish(start(elsewhere, "train", "dataset=wine", "trainer.epochs=2", "name=mine", command=code))
    assert "outputs/mine/report.html" in out


def test_the_report_does_not_import_torch(tmp_path: Path) -> None:
    Sweep([planned("hidden", 0.0)], seeds=1).write(tmp_path / "outputs" / "grid")
    program = (
        "import sys; sys.argv = ['dropout-lab', 'report', 'outputs/grid']\n"
        "import dropout_lab.report; assert 'matplotlib' not in sys.modules\n"
        "from dropout_lab.app.cli import main\n"
        "try: main()\n"
        "except SystemExit as leaving: assert leaving.code == 0\n"
        "assert 'torch' not in sys.modules"
    )
    finish(start(tmp_path, command=(sys.executable, "-c", program)))
