"""Compiled programs do what the eager ones do, are built once, and only where that pays."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from dropout_lab.cohort import compiler, programs
from dropout_lab.cohort.compiler import Compilable, CompilerError
from dropout_lab.cohort.lanes import Lanes
from dropout_lab.cohort.programs import prepare
from dropout_lab.cohort.recipe import Compile, Structure
from dropout_lab.cohort.width import Widths
from dropout_lab.datasets.diabetes import diabetes
from dropout_lab.errors import UserError
from dropout_lab.models.mlp import MLP
from tests.cohort.runs import outcome, recipe, structure, train
from tests.cohort.test_sequences_in_lanes import of

ODD: Any = {
    "dataset": diabetes(limit=97),
    "batch_size": 29,
    "build": lambda: MLP(input_shape=(10,), outputs=1, hidden=[7, 5], activation="gelu", norm="batch"),
    "max_norm": True,
    "clip_norm": True,
}
WAYS: Any = {"max_norm": 1.0, "clip_norm": 0.5}
CPU = torch.device("cpu")
builds_odd = pytest.mark.xdist_group("odd programs")
"""Of tests that build the same programs: a worker runs them one after the other, and the first one builds."""


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of built programs, with none in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = compiler.folder()
    folder.mkdir(parents=True)
    return folder


def odd() -> tuple[Lanes, Compilable]:
    """Two lanes with runs, and the program of their training step."""
    lanes = Lanes(structure(**ODD), 2, CPU)
    for lane in range(2):
        lanes.load(lane, recipe(lane + 1, **WAYS))
    return lanes, Compilable(lanes.train_step, lanes.examples()[0], "odd")


@builds_odd
@pytest.mark.usefixtures("shared_programs")
def test_a_compiled_step_is_the_eager_one() -> None:
    eager, (lanes, step) = odd()[0], odd()
    lanes.run_train_step = step.load()
    before = lanes.params.clone()
    for _ in range(2):
        torch.testing.assert_close(lanes.train_epoch(), eager.train_epoch(), rtol=2e-5, atol=0)
    torch.testing.assert_close(lanes.params, eager.params, rtol=2e-5, atol=2e-5)
    assert not torch.isclose(lanes.params, before, rtol=1e-3).all()


@builds_odd
@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 and no more"])
def test_a_damaged_program_is_built_again(
    damage: bytes, shared_programs: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(shared_programs))
        lanes, step = odd()
        expected = step.load()
        whole = step._path.read_bytes()
    # As if it were built, which takes seconds.
    monkeypatch.setattr(Compilable, "_build", lambda self: self._path.write_bytes(whole))
    built = odd()[1]
    built.load()
    built._path.write_bytes(damage)
    others, again = odd()
    assert again.is_known
    for these, program in ((lanes, expected), (others, again.load())):
        these.run_train_step = program
        these.train_epoch()
    assert torch.equal(others.params, lanes.params)
    assert again._path.read_bytes() == whole
    assert again._path.parent == empty


@builds_odd
@pytest.mark.slow
def test_compiled_lanes_are_eager_lanes(shared_programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = structure(**ODD)
    recipes = [recipe(number, patience=3, **WAYS) for number in range(12)]  # four lanes are refilled
    eager, compiled = train(made, recipes, 8), train(made, recipes, 8, compile="always")
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
    built = set(compiler.folder().glob("*.pt2"))
    assert shared_programs in compiler.folder().parents
    monkeypatch.setattr(Compilable, "_build", lambda self: pytest.fail("built again"))
    again = train(made, recipes[::-1], 8, compile="always")
    # and gives each run the same to the bit, whatever its lane.
    assert all(outcome(again[run.id]) == outcome(compiled[run.id]) for run in recipes)
    assert set(compiler.folder().glob("*.pt2")) == built


@builds_odd
@pytest.mark.slow
@pytest.mark.usefixtures("shared_programs")
def test_the_width_matters_to_the_last_bits_of_compiled_lanes_alone() -> None:
    recipes = [recipe(number, **WAYS) for number in range(8)]
    eight, three = (train(structure(**ODD), recipes, width, compile="always") for width in (8, 3))
    for run in recipes:
        found = np.array([eight[run.id].curves["val_loss"], three[run.id].curves["val_loss"]], dtype=float)
        np.testing.assert_allclose(found[0], found[1], rtol=1e-4)


def test_a_program_is_named_by_all_that_it_is_made_of() -> None:
    def program(width: int = 2, **changes: Any) -> Path:
        lanes = Lanes(structure(**{**ODD, **changes}), width, CPU)
        return Compilable(lanes.train_step, lanes.examples()[0])._path

    wider = {"build": lambda: MLP(input_shape=(10,), outputs=1, hidden=[7, 6], activation="gelu", norm="batch")}
    other = {"build": lambda: MLP(input_shape=(10,), outputs=1, hidden=[7, 5], activation="tanh", norm="batch")}
    changes: list[dict[str, Any]] = [{}, {"batch_size": 30}, {"optimizer": "sgd"}, {"optimizer": "nesterov"}, wider]
    changes += [other, {"max_norm": False}, {"clip_norm": False}, {"precision": "bfloat16"}]
    names = [program(3), *(program(**change) for change in changes)]
    assert len(set(names)) == len(names)
    assert program() == program()


def _double(x: Tensor, doubled: Tensor) -> None:
    doubled.copy_(2 * x)


def test_a_folder_that_cannot_be_written_is_no_failure_of_the_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(CompilerError, match="cannot be kept in"):
        Compilable(_double, (torch.zeros(3), torch.zeros(3))).load()


def test_an_alias_saves_the_trace_and_is_for_its_circumstances_alone(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes = Lanes(structure(**ODD), 2, CPU)
    arguments = lanes.examples()[0]
    first = Compilable(lanes.train_step, arguments, "mlp")
    assert not first.is_known
    path = first._path
    assert path.parent == empty
    first._alias.write_text(path.name)  # type: ignore[union-attr]
    path.touch()
    assert Compilable(lanes.train_step, arguments, "mlp").is_known
    assert "_graph" not in vars(Compilable(lanes.train_step, arguments, "mlp"))
    assert not Compilable(lanes.train_step, arguments, "cnn").is_known
    assert not Compilable(lanes.train_step, arguments).is_known
    wider = Lanes(structure(**ODD), 4, CPU)
    assert not Compilable(wider.train_step, wider.examples()[0], "mlp").is_known
    monkeypatch.setattr(compiler, "_source", lambda: "another version")
    assert not Compilable(lanes.train_step, arguments, "mlp").is_known


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step counts as 10 ms; a program costs 5 s and is then there."""
    monkeypatch.setattr(programs, "_epoch_seconds", lambda lanes: 0.03)
    monkeypatch.setattr(Compilable, "build_seconds", property(lambda self: 0.0 if self.is_built else 5.0))
    monkeypatch.setattr(Compilable, "load", lambda self: lambda *tensors: None)


def prepared(compile: Compile, epochs: int, structure: Structure = structure()) -> tuple[Lanes, programs.Choice]:  # noqa: B008
    """For eight runs: three steps an epoch, two rounds if eager."""
    return prepare(structure, Widths(eager=4, compiled=2), compile, 8, epochs, CPU)


@pytest.mark.parametrize(
    ("epochs", "is_built", "compiled", "why"),
    [
        (45, True, False, "2.7 s of work are too few"),
        (55, True, True, "compiled before"),
        (250, False, False, "15 s of work if eager, at least 9.0 s saved, but compiling takes about 10 s"),
        (300, False, True, "18 s of work if eager, at least 11 s saved"),
    ],
)
@pytest.mark.usefixtures("priced")
def test_auto_compiles_where_it_saves_more_than_it_costs(
    monkeypatch: pytest.MonkeyPatch, epochs: int, is_built: bool, compiled: bool, why: str
) -> None:
    monkeypatch.setattr(Compilable, "is_built", is_built)
    lanes, choice = prepared("auto", epochs)
    assert choice.compiled == compiled
    assert why in choice.why
    assert lanes.width == (2 if compiled else 4)


@pytest.mark.usefixtures("priced")
def test_never_and_always_do_not_ask() -> None:
    assert not prepared("never", 10**6)[1].compiled
    assert prepared("always", 1)[1].compiled


def test_without_a_compiler_it_is_eager_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import config

    monkeypatch.setenv("XDG_CACHE_HOME", "/nonexistent")
    monkeypatch.setattr(programs, "_epoch_seconds", lambda lanes: 0.03)
    with config.patch({"cpp.cxx": (None, "no-such-compiler")}):
        lanes, choice = prepared("auto", 10**6)
        assert choice.why == "eager: this machine has no C++ compiler"
        assert lanes.run_train_step is lanes.train_step
        with pytest.raises(UserError, match="compile=always: this machine has no C"):
            prepared("always", 1)


def _double_and_more(x: Tensor, doubled: Tensor) -> None:
    for _ in range(100):
        x = x.sin() + 1
    _double(x, doubled)


@pytest.mark.usefixtures("empty")
def test_a_program_costs_what_the_last_one_did_beside_its_operations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = (torch.zeros(3), torch.zeros(3))
    small, large = Compilable(_double, examples), Compilable(_double_and_more, examples)
    usual = small.build_seconds, large.build_seconds
    assert usual[1] > usual[0] > compiler.PROGRAM_SECONDS
    worked = iter([100.0, 100 + 3 * usual[0]])  # it took three times as long as is usual
    monkeypatch.setattr(compiler, "_worked", lambda: next(worked))
    (tmp_path / "program").touch()
    monkeypatch.setattr(torch._inductor, "aoti_compile_and_package", lambda *_, **__: str(tmp_path / "program"))
    small._build()
    assert small.build_seconds == 0
    assert large.build_seconds == pytest.approx(3 * usual[1])


@pytest.mark.parametrize(("made", "gain"), [(structure(), 2.5), (of(per_place=False), 1.5)])
@pytest.mark.usefixtures("priced")
def test_of_sequences_less_gain_is_counted_on(monkeypatch: pytest.MonkeyPatch, made: Structure, gain: float) -> None:
    monkeypatch.setattr(Compilable, "is_built", False)
    saved = 2 * 1000 * 0.03 * (1 - 1 / gain)
    assert f"at least {saved:.0f} s saved" in prepared("auto", 1000, made)[1].why
