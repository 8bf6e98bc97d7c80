"""Compiled programs do what the eager ones do, are built once, and only where that pays."""

from collections.abc import Callable, Iterator
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
    "dataset": diabetes(),
    "batch_size": 29,
    "build": lambda: MLP(input_shape=(10,), outputs=1, hidden=[7, 5], activation="gelu"),
}
CASES: dict[str, dict[str, Any]] = {
    "mlp": {**ODD, "max_norm": True, "clip_norm": True},
    "cnn": {"model": "cnn_batch_norm"},
}
WAYS: Any = {"mlp": {"max_norm": 1.0, "clip_norm": 0.5}, "cnn": {}}
CPU = torch.device("cpu")


@pytest.fixture(scope="module", autouse=True)
def programs_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiler, "user_cache_path", lambda name: tmp_path_factory.getbasetemp() / name)
        yield compiler.folder()


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_compiled_lanes_are_eager_lanes(case: str, programs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = structure(**CASES[case])
    recipes = [recipe(number, patience=3, **WAYS[case]) for number in range(12)]  # four lanes are refilled
    eager, compiled = train(made, recipes, 8), train(made, recipes, 8, compile="always")
    for run in recipes:
        ours, theirs = compiled[run.id], eager[run.id]
        assert ours.execution.compiled
        assert not theirs.execution.compiled
        for name, values in theirs.curves.items():
            # float32 in another order of summation; an answer on the edge may turn.
            bound = 0.011 if name.endswith("accuracy") else 2e-5
            found = np.array([ours.curves[name], values], dtype=float)
            np.testing.assert_allclose(found[0], found[1], rtol=2e-5, atol=bound, err_msg=name)
        assert ours.test_loss == pytest.approx(theirs.test_loss, rel=2e-5)
    # One program for training and one for evaluation, whatever the runs; a later cohort of the shape builds none,
    built = set(programs_folder.glob("*.pt2"))
    monkeypatch.setattr(Compilable, "_build", lambda self: pytest.fail("built again"))
    again = train(made, recipes[::-1], 8, compile="always")
    # and gives each run the same to the bit, whatever its lane.
    assert all(outcome(again[run.id]) == outcome(compiled[run.id]) for run in recipes)
    assert set(programs_folder.glob("*.pt2")) == built


@pytest.mark.slow
def test_the_width_matters_to_the_last_bits_of_compiled_lanes_alone() -> None:
    recipes = [recipe(number, **WAYS["mlp"]) for number in range(8)]
    made = structure(**CASES["mlp"])
    eight, three = (train(made, recipes, width, compile="always") for width in (8, 3))
    for run in recipes:
        found = np.array([eight[run.id].curves["val_loss"], three[run.id].curves["val_loss"]], dtype=float)
        np.testing.assert_allclose(found[0], found[1], rtol=2e-5)


def test_a_program_is_named_by_all_that_it_is_made_of() -> None:
    def program(width: int = 2, **changes: Any) -> Path:
        lanes = Lanes(structure(**{**ODD, **changes}), width, CPU)
        return Compilable(lanes.train_step, lanes.examples()[0])._path

    wider = {"build": lambda: MLP(input_shape=(10,), outputs=1, hidden=[7, 6], activation="gelu")}
    other = {"build": lambda: MLP(input_shape=(10,), outputs=1, hidden=[7, 5], activation="tanh")}
    changes: list[dict[str, Any]] = [{}, {"batch_size": 30}, {"optimizer": "sgd"}, {"optimizer": "nesterov"}, wider]
    changes += [other, {"max_norm": True}, {"clip_norm": True}, {"precision": "bfloat16"}]
    names = [program(3), *(program(**change) for change in changes)]
    assert len(set(names)) == len(names)
    assert program() == program()


def _double(x: Tensor, doubled: Tensor) -> None:
    doubled.copy_(2 * x)


def _is_doubling(program: Callable[..., None]) -> bool:
    doubled = torch.empty(3)
    program(torch.arange(3.0), doubled)
    return doubled.tolist() == [0, 2, 4]


@pytest.mark.slow
@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 and no more"])
def test_a_damaged_program_is_built_again(damage: bytes) -> None:
    examples = (torch.zeros(3), torch.zeros(3))
    built = Compilable(_double, examples, f"double {damage!r}")
    assert _is_doubling(built.load())
    built._path.write_bytes(damage)
    again = Compilable(_double, examples, f"double {damage!r}")
    assert again.is_known
    assert _is_doubling(again.load())


def test_a_folder_that_cannot_be_written_is_no_failure_of_the_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(compiler, "user_cache_path", lambda name: tmp_path / "file")
    with pytest.raises(CompilerError, match="cannot be kept in"):
        Compilable(_double, (torch.zeros(3), torch.zeros(3))).load()


def test_an_alias_saves_the_trace_and_is_for_its_circumstances_alone(
    programs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs_folder.mkdir(parents=True, exist_ok=True)
    lanes = Lanes(structure(**ODD), 2, CPU)
    arguments = lanes.examples()[0]
    first = Compilable(lanes.train_step, arguments, "mlp")
    assert not first.is_known
    path = first._path
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
    path.unlink()


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

    monkeypatch.setattr(compiler, "user_cache_path", lambda name: Path("/nonexistent"))
    monkeypatch.setattr(programs, "_epoch_seconds", lambda lanes: 0.03)
    with config.patch({"cpp.cxx": (None, "no-such-compiler")}):
        lanes, choice = prepared("auto", 10**6)
        assert choice.why == "eager: this machine has no C++ compiler"
        assert lanes.run_train_step is lanes.train_step
        with pytest.raises(UserError, match="compile=always: this machine has no C"):
            prepared("always", 1)


@pytest.mark.slow
def test_a_program_costs_what_the_last_one_did_beside_its_operations(programs_folder: Path) -> None:
    (programs_folder / "pace.json").unlink(missing_ok=True)
    lanes = Lanes(structure(**ODD), 6, CPU)
    step, evaluation = programs._programs(lanes)
    first = step.build_seconds, evaluation.build_seconds
    assert first[0] > first[1] > compiler.PROGRAM_SECONDS
    before = compiler._worked()
    step.load()
    took = compiler._worked() - before
    assert step.build_seconds == 0
    assert evaluation.build_seconds == pytest.approx(first[1] * took / first[0], rel=0.2)


@pytest.mark.parametrize(("made", "gain"), [(structure(), 2.5), (of(per_place=False), 1.5)])
@pytest.mark.usefixtures("priced")
def test_of_sequences_less_gain_is_counted_on(monkeypatch: pytest.MonkeyPatch, made: Structure, gain: float) -> None:
    monkeypatch.setattr(Compilable, "is_built", False)
    saved = 2 * 1000 * 0.03 * (1 - 1 / gain)
    assert f"at least {saved:.0f} s saved" in prepared("auto", 1000, made)[1].why
