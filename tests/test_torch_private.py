"""Torch's private functions do what they are taken for, and one module alone knows them."""

import ast
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn
from torch.func import grad, vmap
from torch.fx import symbolic_trace
from torch.utils.checkpoint import checkpoint

from dropout_lab.cohort.compilation.process import SETTINGS
from dropout_lab.core import short_program
from dropout_lab.core import torch_private as private

PACKAGE = Path(__file__).parents[1] / "dropout_lab"


def private_names(tree: ast.AST) -> Iterator[str]:
    """Private modules and names of torch that a module imports or reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute):
            names = [ast.unparse(node)]
        else:
            continue
        yield from (name for name in names if re.match(r"torch\..*\b_(?!_)|torch\._(?!_)", name))


def test_no_other_module_knows_a_private_name() -> None:
    texts = {path.name: path.read_text() for path in PACKAGE.rglob("*.py")}
    suspects = {name: text for name, text in texts.items() if re.search(r"torch[\w.]*(\.| import .*)\b_", text)}
    found = {name for name, text in suspects.items() if list(private_names(ast.parse(text)))}
    assert found == {"torch_private.py"}


@pytest.mark.parametrize("source", ["import torch._C", "from torch.nn import _x", "torch._ops.OpOverload"])
def test_a_private_name_is_found(source: str) -> None:
    assert list(private_names(ast.parse(source)))


@pytest.mark.slow  # what traces takes seconds to import
def test_tracing_is_seen() -> None:
    from torch.fx.experimental.proxy_tensor import make_fx

    seen: list[bool] = []

    def function(x: Tensor) -> Tensor:
        seen.append(private.is_traced())
        return x + 1

    function(torch.ones(2))
    make_fx(function)(torch.ones(2))
    assert seen == [False, True]


def test_transforms_are_seen() -> None:
    seen: list[tuple[bool, bool]] = []

    def function(x: Tensor) -> Tensor:
        seen.append((private.is_transformed_by_vmap_alone(), private.is_batched(x)))
        return x.sum()

    function(torch.ones(3))
    vmap(function)(torch.ones(2, 3))
    grad(function)(torch.ones(3))
    vmap(grad(function))(torch.ones(2, 3))
    assert [alone for alone, _ in seen] == [True, True, False, False]
    assert [batched for _, batched in seen[:3]] == [False, True, False]


def test_a_change_in_place_is_seen() -> None:
    x = torch.ones(2)
    assert not private.is_written(x)
    x.add_(1)
    assert private.is_written(x)


def test_operations_have_names_and_views_are_known() -> None:
    seen: dict[str, bool] = {}

    class Watching(private.TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen[private.operator_name(func)] = private.is_view(func)
            return func(*args, **(kwargs or {}))

    with Watching():
        torch.ones(2, 3).mm(torch.ones(3, 2)).t().add_(1)
    assert seen == {"ones": False, "mm": False, "t": True, "add_": False}


def test_trees_are_flattened_in_the_order_of_their_keys_as_given() -> None:
    tree = {"b": torch.zeros(1), "a": [torch.ones(1)]}
    leaves, spec = private.tree_flatten(tree)
    assert [leaf.item() for leaf in leaves] == [leaf.item() for leaf in private.tree_leaves(tree)] == [0, 1]
    again = private.tree_unflatten(leaves, spec)
    assert list(again) == ["b", "a"]
    assert private.tree_map(lambda leaf: leaf + 1, again)["a"][0].item() == 2
    assert spec.num_leaves == 2


def test_base_classes_are_those_of_all_dimensions() -> None:
    assert all(issubclass(kind, private.TorchBatchNorm) for kind in (nn.BatchNorm1d, nn.BatchNorm3d, nn.SyncBatchNorm))
    assert all(issubclass(kind, private.TorchDropout) for kind in (nn.Dropout, nn.Dropout2d, nn.AlphaDropout))


def test_the_weight_norm_is_that_of_the_parametrization() -> None:
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    assert [type(one) for one in layer.parametrizations["weight"]] == [private.WeightNorm]


def test_operations_without_a_batching_rule_are_taken_without_a_word(recwarn: pytest.WarningsRecorder) -> None:
    private.allow_slow_rules()
    x = torch.randn(2, 3, 3)
    assert torch.equal(
        vmap(torch._weight_norm)(x, x[..., :1]), torch.stack([torch._weight_norm(y, y[..., :1]) for y in x])
    )
    assert not recwarn.list


def test_the_imports_of_a_graph_are_enough_for_its_source() -> None:
    graph = symbolic_trace(lambda x: torch.where(x > 0, x, float("inf")).to(torch.device("cpu")))
    names: dict[str, Any] = {}
    exec("\n".join(private.graph_imports()) + graph.code, names)
    assert names["forward"](graph, torch.tensor([-1.0, 2.0])).tolist() == [float("inf"), 2.0]


def test_what_is_no_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "program.pt2").write_bytes(b"damaged")
    with pytest.raises(RuntimeError):
        private.open_program(tmp_path / "program.pt2")


def test_what_a_program_is_built_with_is_there() -> None:
    """It takes seconds to import, so its files are looked for; building is tested in cohort/test_compilation.py."""
    inductor = Path(torch.__file__).parent / "_inductor"
    defined = {node.name for node in ast.parse((inductor / "__init__.py").read_text()).body if hasattr(node, "name")}
    assert {"aot_compile", "aoti_compile_and_package"} <= defined
    assert {"BuildOptionsBase", "CppBuilder", "get_compiler_version_info", "is_gcc"} <= {
        node.name
        for node in ast.parse((inductor / "cpp_builder.py").read_text()).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    assert "class CppCompileError(" in (inductor / "exc.py").read_text()
    assert "def package_aoti(" in (inductor / "package" / "package.py").read_text()
    assert (inductor / "compile_fx.py").exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch's, about its own modules
def test_a_program_is_built_from_the_short_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where torch's source has another form, all of it is compiled, which gives the same program later."""
    from torch.fx.experimental.proxy_tensor import make_fx

    def scaled(x: Tensor, y: Tensor) -> tuple[()]:
        y.copy_(x @ x + 1)
        return ()

    x = torch.rand(3, 3)
    graph = make_fx(scaled, tracing_mode="fake")(x, torch.empty(3, 3))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "kernels"))
    for name, shorten in (("short", short_program.shortened), ("long", lambda source: None)):
        monkeypatch.setattr(private, "shortened", shorten)
        path, y = tmp_path / f"{name}.pt2", torch.empty(3, 3)
        private.build_program(graph, (x, y), path, SETTINGS, tmp_path, has_constants=False)
        private.open_program(path)([x, y])
        torch.testing.assert_close(y, x @ x + 1)
        with zipfile.ZipFile(path) as package:
            (source,) = [member for member in package.namelist() if member.endswith(".wrapper.cpp")]
            assert (b"AS_WRITTEN" in package.read(source)) == (name == "short")
    for header in tmp_path.glob("headers-*/*.h"):  # GCC alone has precompiled headers here, and reads no text of them
        header.write_text("#error the text is read")
        monkeypatch.setattr(private, "shortened", short_program.shortened)
        monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "again"))
        private.build_program(graph, (x, y), tmp_path / "again.pt2", SETTINGS, tmp_path, has_constants=False)
        with zipfile.ZipFile(tmp_path / "again.pt2") as package:
            (source,) = [member for member in package.namelist() if member.endswith(".wrapper.cpp")]
            assert b"AS_WRITTEN" in package.read(source), "all of torch's source was compiled instead"


@pytest.mark.parametrize("left_out", [short_program.KERNELS, short_program.RUN, short_program.FIRST_KERNEL])
def test_a_source_of_another_form_is_not_shortened(left_out: str) -> None:
    parts = [short_program.C_INTERFACE_ENDS, short_program.KERNELS, "AOTInductorModel::AOTInductorModel("]
    parts += [short_program.RUN, short_program.NAMESPACE_ENDS, short_program.FIRST_KERNEL]
    assert short_program.shortened("\n".join(parts)) is not None
    assert short_program.shortened("\n".join(part for part in parts if part != left_out)) is None


@pytest.mark.slow  # a process that imports torch
def test_a_mode_of_operations_does_not_load_the_compiler() -> None:
    script = """if True:
        import sys
        from dropout_lab.core.torch_private import TorchDispatchMode, torch
        class Mode(TorchDispatchMode):
            def __torch_dispatch__(self, func, types, args=(), kwargs=None):
                return func(*args, **(kwargs or {}))
        with Mode():
            torch.ones(2).add_(1)
        sys.exit("torch._dynamo" in sys.modules)
    """
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_the_compiler_is_loaded_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The builder's process loads it while its order is still being traced."""
    asked: list[str] = []
    monkeypatch.setattr("importlib.import_module", asked.append)
    private.load_compiler()
    assert asked == ["torch._inductor.compile_fx"]


class NoRule(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        return grad


@pytest.mark.parametrize(
    "refused",
    [lambda x: x if x.sum() > 0 else -x, lambda x: x * x.sum().item(), NoRule.apply, lambda x: x * torch.rand(1)],
)
def test_what_vmap_refuses_is_recognised(refused: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(RuntimeError) as raised:
        torch.func.vmap(refused)(torch.ones(2, 3))
    assert private.is_of_vmap(raised.value)
    assert not private.is_of_vmap(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not private.is_of_vmap(ValueError("vmap"))


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoints_are_not_computed_again(reentrant: bool) -> None:
    calls: list[int] = []

    def part(x: Tensor) -> Tensor:
        calls.append(1)
        return x.sin()

    counts = []
    for context in (nullcontext(), private.without_checkpoints(), nullcontext()):
        x = torch.ones(2, requires_grad=True)
        calls.clear()
        with context:
            y = checkpoint(part, x, use_reentrant=reentrant)
        y.sum().backward()
        assert torch.allclose(cast(Tensor, x.grad), x.detach().cos())
        counts.append(len(calls))
    assert counts == [2, 1, 2]
