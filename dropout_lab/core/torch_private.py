"""Torch's private functions that this package needs, each wrapped once. Tested with torch 2.13.

No other module imports a private name of torch. tests/test_torch_private.py checks each of them for what it is taken
for, so that another version of torch fails there first.
"""

import hashlib
import importlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from torch import Tensor
from torch._C import _functorch
from torch._ops import OpOverload
from torch.fx import GraphModule
from torch.fx.graph import _custom_builtins
from torch.nn.modules.batchnorm import _BatchNorm as TorchBatchNorm
from torch.nn.modules.dropout import _DropoutNd as TorchDropout
from torch.nn.utils.parametrizations import _WeightNorm as WeightNorm
from torch.utils import _python_dispatch, checkpoint
from torch.utils._pytree import tree_flatten, tree_leaves, tree_map, tree_unflatten

from dropout_lab.core.errors import UserError
from dropout_lab.core.short_program import INCLUDES, shortened

__all__ = [
    "TorchBatchNorm",
    "TorchDispatchMode",
    "TorchDropout",
    "WeightNorm",
    "allow_slow_rules",
    "build_program",
    "graph_imports",
    "is_batched",
    "is_of_vmap",
    "is_traced",
    "is_transformed_by_vmap_alone",
    "is_view",
    "is_written",
    "load_compiler",
    "open_program",
    "operator_name",
    "precompiled",
    "tree_flatten",
    "tree_leaves",
    "tree_map",
    "tree_unflatten",
    "without_checkpoints",
]


VMAP = "vmap", "functorch", "Batching rule", "data pointer of Tensor that doesn't have storage"
"""What torch says where vmap cannot lift a function."""


class TorchDispatchMode(_python_dispatch.TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Torch's, whose first call otherwise imports the compiler, for seconds, to tell it to pass over the mode."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False


@contextmanager
def without_checkpoints() -> Iterator[None]:
    """While it lasts, torch.utils.checkpoint keeps what a backward pass needs instead of computing it again.

    The second computation would run after the forward, when the network has its own parameters again, not the run's.
    """
    kept = checkpoint.CheckpointFunction, checkpoint._checkpoint_without_reentrant_generator
    checkpoint.CheckpointFunction = _Plain  # type: ignore[misc, assignment]
    checkpoint._checkpoint_without_reentrant_generator = _plain
    try:
        yield
    finally:
        checkpoint.CheckpointFunction, checkpoint._checkpoint_without_reentrant_generator = kept  # type: ignore[misc]


class _Plain:
    """Of use_reentrant=True."""

    @staticmethod
    def apply(function: Callable[..., Any], preserve: bool, *arguments: Any) -> Any:
        tensors = [one for one in arguments if isinstance(one, Tensor)]
        is_seen = not any(map(is_batched, tensors)) and torch.is_grad_enabled()
        if is_seen and not any(one.requires_grad for one in tensors):
            raise UserError(
                "forward calls torch.utils.checkpoint.checkpoint(use_reentrant=True) with no argument that has a"
                " gradient, so torch trains no parameter in it; write use_reentrant=False"
            )
        return function(*arguments)


def _plain(*arguments: Any, **named: Any) -> Iterator[None]:
    """Of use_reentrant=False: what it does before the function, and behind it."""
    yield


def allow_slow_rules() -> None:
    """Have vmap say nothing of operations that it takes lane by lane, for want of a batching rule: they are right."""
    _functorch._set_vmap_fallback_warning_enabled(False)  # type: ignore[attr-defined]


def is_traced() -> bool:
    """Whether operations are being recorded as a graph (make_fx)."""
    return torch._C._get_dispatch_mode(torch._C._TorchDispatchModeKey.PROXY) is not None


def is_transformed_by_vmap_alone() -> bool:
    """Whether every active transform of torch.func is vmap; True where there is none."""
    levels = _functorch.get_interpreter_stack() or ()
    return all(level.key() == _functorch.TransformType.Vmap for level in levels)


def is_batched(tensor: Tensor) -> bool:
    """Whether vmap has lifted a tensor."""
    return bool(_functorch.is_batchedtensor(tensor))


def is_of_vmap(error: BaseException) -> bool:
    """Whether vmap refuses what a network does, by torch's words: a branch on a value, say."""
    text = str(error)
    return isinstance(error, RuntimeError) and any(word in text for word in VMAP)


def is_written(tensor: Tensor) -> bool:
    """Whether a tensor has been changed in place since it was made."""
    return tensor._version > 0


def operator_name(operator: OpOverload) -> str:
    """The name of an operation without its overload: `aten::mm` -> `mm`."""
    return str(operator._schema.name).removeprefix("aten::")


def is_view(operator: OpOverload) -> bool:
    """Whether an operation returns a view of its argument."""
    aliases = [returned.alias_info for returned in operator._schema.returns]
    return any(alias is not None and not alias.is_write for alias in aliases)


def graph_imports() -> Sequence[str]:
    """Import statements that the source of every traced graph relies on."""
    return [builtin.import_str for builtin in _custom_builtins.values()]


def load_compiler() -> None:
    """Imports the compiler, which takes seconds, so that this can be done beside other work."""
    importlib.import_module("torch._inductor.compile_fx")


def build_program(
    graph: GraphModule,
    arguments: Sequence[Tensor],
    path: Path,
    settings: Mapping[str, Any],
    headers: Path,
    *,
    has_constants: bool,
) -> None:
    """Compiles a graph of tensor operations ahead of time into the package `path`.

    headers: the folder where precompiled headers are kept for further programs.
    """
    from torch._inductor import aot_compile, aoti_compile_and_package
    from torch._inductor.package.package import package_aoti

    given = tuple(arguments)
    if has_constants:  # only torch.export hands a graph's tensors to the compiler as constants
        exported = torch.export.export(graph, given)
        aoti_compile_and_package(exported, package_path=str(path), inductor_configs=dict(settings))
        return
    # Without constants, the export would trace the graph once more, to the same kernels.
    files: Any = _compiled_short(graph, given, settings, headers) or aot_compile(graph, given, options=dict(settings))
    package_aoti(str(path), files)


def _compiled_short(
    graph: GraphModule, given: tuple[Tensor, ...], settings: Mapping[str, Any], headers: Path
) -> list[str] | None:
    """The files of a program whose source is shortened before it is compiled; None if it cannot be."""
    from torch._inductor import aot_compile
    from torch._inductor.cpp_builder import BuildOptionsBase, CppBuilder
    from torch._inductor.exc import CppCompileError

    only_source = {"aot_inductor.package_cpp_only": True, "aot_inductor.precompile_headers": False}
    files: Any = aot_compile(graph, given, options={**settings, **only_source})
    (source,) = [Path(file) for file in files if file.endswith(".wrapper.cpp")]
    short = shortened(source.read_text())
    if short is None:
        return None
    source.write_text(short)
    flags = json.loads(source.with_name(f"{source.stem}_linker_flags.json").read_text())
    options = BuildOptionsBase(**flags)
    try:
        options.precompiled_header = precompiled(flags, headers)
        builder = CppBuilder(source.stem, str(source), options, str(source.parent))
        builder.build()
    except CppCompileError:
        return None
    described = [file for file in files if file.endswith(".json") and not file.endswith("_flags.json")]
    return [str(source), builder.get_target_file_path(), *described]


def precompiled(flags: Mapping[str, Any], there: Path) -> str | None:
    """A header with all that short programs include, precompiled in `there`; None where the compiler is not GCC.

    flags: those of a program. Reading the headers takes two thirds of compiling a program. GCC reads the text where the
    precompiled form is not for its version and flags. Raises CppCompileError if it cannot be compiled.
    """
    from torch._inductor.cpp_builder import BuildOptionsBase, CppBuilder, get_compiler_version_info, is_gcc

    if not is_gcc():
        return None
    name = json.dumps(
        [torch.__version__, torch.__file__, get_compiler_version_info(flags["compiler"]), flags, INCLUDES]
    )
    folder = there / f"headers-{hashlib.sha256(name.encode()).hexdigest()[:32]}"
    folder.mkdir(parents=True, exist_ok=True)
    header, done = folder / "short_program.h", folder / "short_program.h.gch"
    with FileLock(folder / "lock"):  # programs are compiled side by side; the first one does it for all
        if not done.exists():
            header.write_text(INCLUDES)
            without_libraries = {"libraries": [], "libraries_dirs": [], "ldflags": [], "precompiling": True}
            options = BuildOptionsBase(**{**flags, **without_libraries})
            with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as unfinished:
                builder = CppBuilder(header.name, str(header), options, unfinished)
                builder.build()
                os.replace(builder.get_target_file_path(), done)
    return str(header)


def open_program(path: Path) -> Callable[[list[Tensor]], object]:
    """The program in a package. Raises RuntimeError if it is damaged.

    torch._inductor.aoti_load_package does the same, but first imports the compiler.
    """
    loader = torch._C._aoti.AOTIModelPackageLoader(str(path), "model", False, 1, -1)
    run: Callable[[list[Tensor]], object] = loader.run
    return run
