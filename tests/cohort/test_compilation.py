"""Compiled programs do what the eager ones do, are built once, and only where that pays."""

import itertools
import os
import pickle
import select
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from dropout_lab.cohort import loop
from dropout_lab.cohort.compilation import ahead, compiler
from dropout_lab.cohort.compilation import build as building
from dropout_lab.cohort.compilation import choice as choosing
from dropout_lab.cohort.compilation.build import CompilerError
from dropout_lab.cohort.compilation.choice import Choice, prepare
from dropout_lab.cohort.compilation.compiler import Compilable, load
from dropout_lab.cohort.compilation.cost import Cost, counted
from dropout_lab.cohort.compilation.process import Order, traced
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.recipe import Compile, Structure
from dropout_lab.cohort.width import Widths
from dropout_lab.core.errors import UserError
from dropout_lab.datasets.diabetes import diabetes
from dropout_lab.models.mlp import MLP
from tests.cohort.built_here import BuiltHere
from tests.cohort.runs import outcome, recipe, structure, train

ODD: Any = {
    "dataset": diabetes(limit=97),
    "batch_size": 29,
    "build": lambda: MLP(input_shape=(10,), outputs=1, hidden=[7, 5], activation="gelu", norm="batch"),
    "max_norm": True,
    "clip_norm": True,
}
WAYS: Any = {"max_norm": 1.0, "clip_norm": 0.5}
WIDTH = 3
"""Odd as well: then lanes begin at any alignment in memory, at which compilers guess."""
CPU = torch.device("cpu")
WIDTHS = Widths(eager=4, compiled=2)
builds_odd = pytest.mark.xdist_group("odd programs")
"""Of tests that build the same programs: a worker runs them one after the other, and the first one builds."""
traces = pytest.mark.xdist_group("traces")
"""Of quick tests that trace: what traces takes seconds to import, so one worker does."""


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of built programs, with none in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = building.folder()
    folder.mkdir(parents=True)
    return folder


def odd() -> tuple[Lanes, Compilable]:
    """Lanes with runs, and the program of their training step."""
    lanes = Lanes(structure(**ODD), WIDTH, CPU)
    for lane in range(WIDTH):
        lanes.load(lane, recipe(lane + 1, **WAYS))
    return lanes, Compilable(lanes.executor.train_step, lanes.executor.examples()[0], "odd")


@builds_odd
@pytest.mark.slow
@pytest.mark.usefixtures("shared_programs")
def test_a_compiled_step_is_the_eager_one() -> None:
    eager, (lanes, step) = odd()[0], odd()
    (lanes.executor.run_train_step,) = load([step])
    before = lanes.state.params.clone()
    for _ in range(2):
        torch.testing.assert_close(lanes.train_epoch(), eager.train_epoch(), rtol=2e-5, atol=0)
    torch.testing.assert_close(lanes.state.params, eager.state.params, rtol=2e-5, atol=2e-5)
    assert not torch.isclose(lanes.state.params, before, rtol=1e-3).all()


@builds_odd
@pytest.mark.slow
def test_compiled_lanes_are_eager_lanes(shared_programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = structure(**ODD)
    recipes = [recipe(number, patience=3, **WAYS) for number in range(8)]  # every lane is refilled
    eager, compiled = train(made, recipes, WIDTH), train(made, recipes, WIDTH, compile="always")
    for run in recipes:
        ours, theirs = compiled[run.id], eager[run.id]
        assert ours.execution.compiled
        assert not theirs.execution.compiled
        for name in ("running_loss", "train_loss", "val_loss"):
            # float32 in another order of summation
            found = np.array([ours.curves[name], theirs.curves[name]], dtype=float)
            np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-4, err_msg=name)
        assert ours.test_loss == pytest.approx(theirs.test_loss, rel=1e-4)
    # One program for training and one for evaluation, whatever the runs; a later cohort of the shape builds none,
    built = set(building.folder().glob("*.pt2"))
    assert shared_programs in building.folder().parents
    monkeypatch.setattr(Compilable, "give", lambda self, building: pytest.fail("built again"))
    again = train(made, recipes[::-1], WIDTH, compile="always")
    # and gives each run the same to the bit, whatever its lane.
    assert all(outcome(again[run.id]) == outcome(compiled[run.id]) for run in recipes)
    assert set(building.folder().glob("*.pt2")) == built


@pytest.mark.parametrize("compiled", [True, False])
def test_runs_that_begin_again_are_trained_as_they_began(monkeypatch: pytest.MonkeyPatch, compiled: bool) -> None:
    asked, errors = [], [RuntimeError("once")]

    def chosen(made: Structure, widths: Widths, compile: Compile, runs: int, epochs: int, device: torch.device) -> Any:
        asked.append((compile, runs))
        return Lanes(made, widths.eager, device), Choice(compiled, "made up")

    def epoch(lanes: Lanes) -> Tensor:
        if errors:
            raise errors.pop()
        return trained(lanes)

    trained = Lanes.train_epoch
    monkeypatch.setattr(loop, "prepare", chosen)
    monkeypatch.setattr(Lanes, "train_epoch", epoch)
    results = train(structure(**ODD), [recipe(number, epochs=1, **WAYS) for number in range(3)], 2, compile="auto")
    assert [result.status for result in results.values()] == ["complete"] * 3
    assert asked == [("auto", 3), ("again" if compiled else "never", 3)]


@traces
@pytest.mark.parametrize("among", [2, pytest.param(9, marks=pytest.mark.slow)])
def test_a_program_is_named_by_all_that_it_is_made_of(among: int) -> None:
    def program(width: int = 2, **changes: Any) -> Path:
        lanes = Lanes(structure(**{**ODD, **changes}), width, CPU)
        return Compilable(lanes.executor.train_step, lanes.executor.examples()[0])._path

    wider = {"build": lambda: MLP(input_shape=(10,), outputs=1, hidden=[7, 6], activation="gelu", norm="batch")}
    other = {"build": lambda: MLP(input_shape=(10,), outputs=1, hidden=[7, 5], activation="tanh", norm="batch")}
    changes: list[dict[str, Any]] = [{}, other, {"optimizer": "sgd"}, {"optimizer": "nesterov"}, wider]
    changes += [{"batch_size": 30}, {"max_norm": False}, {"clip_norm": False}, {"precision": "bfloat16"}]
    names = [program(3), *(program(**change) for change in changes[:among])]
    assert len(set(names)) == len(names)
    assert program() == names[1]


def _double(x: Tensor, doubled: Tensor) -> None:
    doubled.copy_(2 * x)


def _doubling(alias: str) -> Compilable:
    return Compilable(_double, (torch.zeros(3), torch.zeros(3)), alias)


def _is_doubling(program: Callable[..., None]) -> bool:
    doubled = torch.empty(3)
    program(torch.arange(3.0), doubled)
    return doubled.tolist() == [0, 2, 4]


@pytest.mark.slow
@pytest.mark.usefixtures("empty")
def test_a_damaged_program_is_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    built = _doubling("double")
    assert _is_doubling(*load([built]))
    monkeypatch.setattr(ahead, "Building", BuiltHere)
    for damage in (b"", b"PK\x03\x04 and no more"):
        built._path.write_bytes(damage)
        again = _doubling("double")
        assert again.is_known
        assert _is_doubling(*load([again]))


@traces
def test_a_folder_that_cannot_be_written_is_no_failure_of_the_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(CompilerError, match="cannot be kept in"):
        load([_doubling("double")])


@traces
def test_an_alias_saves_the_trace_and_is_for_its_circumstances_alone(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes = Lanes(structure(**ODD), 2, CPU)
    arguments = lanes.executor.examples()[0]
    first = Compilable(lanes.executor.train_step, arguments, "mlp")
    assert not first.is_known
    path = first._path
    assert path.parent == empty
    first._alias.write_text(path.name)  # type: ignore[union-attr]
    path.touch()
    assert Compilable(lanes.executor.train_step, arguments, "mlp").is_known
    assert "_graph" not in vars(Compilable(lanes.executor.train_step, arguments, "mlp"))
    assert not Compilable(lanes.executor.train_step, arguments, "cnn").is_known
    assert not Compilable(lanes.executor.train_step, arguments).is_known
    wider = Lanes(structure(**ODD), 4, CPU)
    assert not Compilable(wider.executor.train_step, wider.executor.examples()[0], "mlp").is_known
    monkeypatch.setattr(compiler, "_source", lambda: "another version")
    assert not Compilable(lanes.executor.train_step, arguments, "mlp").is_known


@traces
def test_a_builder_reads_the_graph_that_was_sent() -> None:
    lanes = Lanes(structure(optimizer="sgd"), 2, CPU)
    sent = Compilable(lanes.executor.train_step, lanes.executor.examples()[0])._graph
    read = pickle.loads(
        pickle.dumps(Order.of(sent, tuple(lanes.executor.examples()[0]), precompile_headers=False))
    ).graph()
    assert [node.target for node in read.graph.nodes if node.op == "call_function"] == [
        node.target for node in sent.graph.nodes if node.op == "call_function"
    ]


@traces
@pytest.mark.parametrize(("columns", "turned"), [(10, True), (16, False)])
def test_products_with_few_columns_are_turned(columns: int, turned: bool) -> None:
    a, b, out = torch.rand(2, 32, 20), torch.rand(2, 20, columns), torch.empty(2, 32 * columns)

    def product(a: Tensor, b: Tensor, out: Tensor) -> None:
        out.copy_(a.bmm(b).view(2, -1))

    graph = traced(product, (a, b, out))
    graph(a, b, out)
    torch.testing.assert_close(out, (a @ b).view(2, -1))
    (bmm,) = graph.graph.find_nodes(op="call_function", target=torch.ops.aten.bmm.default)
    assert (bmm.args[0] is next(iter(graph.graph.nodes))) != turned
    again = traced(graph, (a, b, out))  # as in the builder
    assert [node.target for node in again.graph.nodes][3:] == [node.target for node in graph.graph.nodes][3:]


def prepared(compile: Compile, epochs: int = 1) -> tuple[Lanes, choosing.Choice]:
    """For eight runs: two rounds if eager."""
    return prepare(structure(), WIDTHS, compile, 8, epochs, CPU)


@pytest.fixture
def costly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling saves a second an epoch and costs ten."""
    monkeypatch.setattr(choosing, "_cost", lambda lanes, runs, epochs: Cost(float(epochs), 10.0))
    monkeypatch.setattr(choosing, "load", lambda programs: [lambda *tensors: None for _ in programs])


@pytest.mark.parametrize(("epochs", "compiled", "why"), [(9, False, "0.9 times"), (11, True, "1.1 times")])
@pytest.mark.usefixtures("costly")
def test_auto_compiles_where_it_saves_more_than_it_costs(epochs: int, compiled: bool, why: str) -> None:
    lanes, choice = prepared("auto", epochs)
    assert choice.compiled == compiled
    assert f"saves about {why} what it costs" in choice.why
    assert lanes.width == (2 if compiled else 4)


@pytest.mark.parametrize("is_built", [True, False])
@pytest.mark.parametrize("pace", [1e-6, 1e3])
def test_neither_the_clock_nor_the_programs_that_are_there_decide(
    monkeypatch: pytest.MonkeyPatch, pace: float, is_built: bool
) -> None:
    monkeypatch.setattr(choosing, "load", lambda programs: [lambda *tensors: None for _ in programs])
    monkeypatch.setattr(Compilable, "is_built", is_built)
    monkeypatch.setattr(Compilable, "is_known", is_built)
    ticks = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: pace * next(ticks))
    assert [prepared("auto", epochs)[1].compiled for epochs in (10, 10**5)] == [False, True]


def test_what_is_saved_is_counted_alike_each_time() -> None:
    lanes = Lanes(structure(), 4, CPU)
    cost = choosing._cost(lanes, 8, 5)
    assert cost == choosing._cost(lanes, 8, 5)
    assert choosing._cost(lanes, 16, 10).saved_seconds == pytest.approx(4 * cost.saved_seconds)
    matrix = torch.ones(8, 8)
    count = counted(lambda: ((matrix @ matrix).view(64) + 1).exp_())
    assert (count.operations, count.bytes) == (4, 2 * 64 * 4)


@pytest.mark.usefixtures("costly")
def test_never_and_always_do_not_ask() -> None:
    assert not prepared("never", 10**6)[1].compiled
    assert prepared("always")[1].compiled


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, empty: Path) -> Callable[[str], None]:
    """Has a shell command in the place of the process that builds a program; compiling pays."""
    monkeypatch.setattr(choosing, "_cost", lambda lanes, runs, epochs: Cost(2.0, 1.0))
    monkeypatch.setattr(choosing, "_programs", lambda lanes: [_doubling("one"), _doubling("two")])
    monkeypatch.setattr(compiler, "_has_compiler", lambda: True)
    return lambda script: monkeypatch.setattr(building, "COMMAND", ("sh", "-c", script))


def test_the_compilers_of_a_builder_that_died_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    reader = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    script = f"exec 9>{held}; sleep 1000 & kill -KILL $$"
    monkeypatch.setattr(building, "COMMAND", ("sh", "-c", script))
    with closing(building.Building(tmp_path)) as one, pytest.raises(CompilerError, match="was killed"):
        one.results(600.0)
    assert select.select([reader], [], [], 100.0)[0], "its child holds the other end"
    os.close(reader)


@pytest.mark.parametrize("is_there", [True, False])
def test_the_compiler_is_loaded_ahead_where_no_program_is_there(
    empty: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    monkeypatch.setattr(building, "COMMAND", ("sh", "-c", "cat"))
    if is_there:
        (empty / "one.pt2").touch()
    ahead.start()
    started = set(empty.glob("tmp*"))
    assert len(started) == (0 if is_there else 1)
    with closing(ahead.building()):
        assert len(set(empty.glob("tmp*")) - started) == (1 if is_there else 0), "the one that waits is taken"
    ahead.start()
    ahead.dismiss()
    assert not set(empty.glob("tmp*"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_one_program_that_fails_ends_the_building_of_all(tmp_path: Path) -> None:
    with closing(building.Building(tmp_path)) as one:
        one.order(_doubling("double").ordered)
        one.order(b"damaged")
        with pytest.raises(CompilerError, match=r"compiling failed: .*UnpicklingError"):
            one.results(600.0)


def test_what_killed_builds_left_is_removed_by_the_next(failing: Callable[[str], None]) -> None:
    failing("exit 1")
    old, new = building.folder() / "tmpold", building.folder() / "tmpnew"
    for left in (old, new):
        (left / "0").mkdir(parents=True)
    file = building.folder() / "tmpfile"
    file.touch()
    for left in (old, file):
        os.utime(left, (0, 0))
    prepared("auto")
    assert set(building.folder().glob("tmp*")) == {new}


CRASHES = {
    "echo built; kill -SEGV $$": "the compiled program crashed when it was tried: its process ended by SIGSEGV",
    "echo built; echo terminate called >&2; kill -ABRT $$": "crashed when it was tried: its process ended by SIGABRT",
    "kill -KILL $$": "compiling failed: its process was killed, as the system does where memory runs out",
    "echo 'failed: No space left on device'; exit 1": "compiling failed: No space left on device",
    "echo no such module >&2; exit 1": "compiling failed: no such module",
}


@pytest.mark.parametrize("script", CRASHES)
def test_a_compiler_or_a_program_that_crashes_ends_no_sweep(failing: Callable[[str], None], script: str) -> None:
    failing(script)
    for compile in ("auto", "again"):
        lanes, choice = prepared(compile)
        assert not choice.compiled
        assert choice.why.startswith("eager: ")
        assert CRASHES[script] in choice.why
        assert lanes.executor.run_train_step is lanes.executor.train_step
    with pytest.raises(UserError, match=r"trainer\.compile=always: "):
        prepared("always")
    assert not [path for path in building.folder().iterdir() if path.suffix != ".alias"]


def test_a_program_that_hangs_ends_no_sweep(failing: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    failing("echo built; sleep 1000")
    monkeypatch.setattr(compiler, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(compiler, "PATIENCE_NODE_SECONDS", 0.0)
    assert prepared("auto")[1].why == "eager: running it took more than 0 minutes"


def test_nothing_is_compiled_for_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    there, lanes = torch.device("cuda"), Lanes(structure(), 4, CPU)
    monkeypatch.setattr(choosing, "_eager", lambda structure, widths, device: lanes)
    made, choice = prepare(structure(), Widths.fixed(4), "auto", 8, 10**6, there)
    assert made is lanes
    assert choice == choosing.Choice(False, "eager: programs are compiled for the CPU alone")
    with pytest.raises(UserError, match=r"trainer\.compile=always: .* device=cuda; allowed here: auto, never"):
        prepare(structure(), Widths.fixed(4), "always", 8, 1, there)


def test_without_a_compiler_it_is_eager_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/nonexistent")
    monkeypatch.setattr(choosing, "_cost", lambda lanes, runs, epochs: Cost(2.0, 1.0))
    monkeypatch.setenv("CXX", "no-such-compiler")
    lanes, choice = prepared("auto", 10**6)
    assert choice.why == "eager: this machine has no C++ compiler"
    assert lanes.executor.run_train_step is lanes.executor.train_step
    with pytest.raises(UserError, match="compile=always: this machine has no C"):
        prepared("always")
    assert choosing.forecast(structure(), WIDTHS, "auto", 8, 10**6, CPU).why == choice.why


class HoldsATensor(MLP):
    """A network with a tensor that is neither parameter nor buffer: it runs, and cannot be traced."""

    def __init__(self) -> None:
        super().__init__(input_shape=(1, 8, 8), outputs=10, hidden=[8])
        self.scale = torch.full((1,), 2.0)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = super().forward(x) * self.scale
        return y


@traces
@pytest.mark.usefixtures("empty")
def test_what_cannot_be_traced_is_eager_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_cost", lambda lanes, runs, epochs: Cost(2.0, 1.0))
    monkeypatch.setattr(building, "COMMAND", ("sh", "-c", "cat"))  # it waits for its order, which never comes
    made = structure(build=HoldsATensor)
    lanes, choice = prepare(made, WIDTHS, "auto", 8, 1, CPU)
    assert not choice.compiled
    assert choice.why.startswith("eager: it cannot be traced: ")
    assert lanes.executor.run_train_step is lanes.executor.train_step
    assert choosing.forecast(made, WIDTHS, "auto", 8, 1, CPU).why == choice.why
    with pytest.raises(UserError, match="compile=always: it cannot be traced"):
        prepare(made, WIDTHS, "always", 8, 1, CPU)


@traces
@pytest.mark.usefixtures("empty")
def test_an_alias_that_says_nothing_is_no_harm() -> None:
    made = _doubling("damaged")
    made._alias.touch()  # type: ignore[union-attr]
    assert made._path.suffix == ".pt2"
    made._path.touch()
    made.forget()
    assert not made.is_known
