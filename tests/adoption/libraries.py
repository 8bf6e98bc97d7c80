"""Networks of timm and transformers, small and untrained."""

import enum
import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

import pytest
from torch import nn

from tests.adoption.zoo import Member

TORCHVISION = (
    *("torchvision", "torchvision.ops", "torchvision.ops.misc", "torchvision.datasets", "torchvision.utils"),
    *("torchvision.transforms", "torchvision.transforms.functional"),
    *("torchvision.models", "torchvision.models.feature_extraction"),
)
"""What timm imports of torchvision, of whose CPU build the registries hold none: its models call none of it."""


class InterpolationMode(enum.Enum):
    NEAREST = "nearest"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


class _Empty(ModuleType):
    """A module in which every public name is a class of modules."""

    __path__: list[str] = []  # noqa: RUF012
    InterpolationMode = InterpolationMode

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (nn.Module,), {})


def of_timm(module: str) -> Any:
    """A module of timm, which is imported without torchvision where that does not work."""
    if importlib.util.find_spec("timm") is None:
        pytest.skip("timm is not installed")
    if "timm.models" not in sys.modules:
        try:
            importlib.import_module("torchvision")
        except (ImportError, RuntimeError):
            _import_without_torchvision()
    return importlib.import_module(module)


def _import_without_torchvision() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("torchvision", "timm")]:
        del sys.modules[name]
    for name in TORCHVISION:
        sys.modules[name] = _Empty(name)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, sys.modules[name])
    try:
        importlib.import_module("timm.models")
    finally:
        for name in TORCHVISION:
            del sys.modules[name]  # transformers asks for it, too


def resnet() -> nn.Module:
    resnet = of_timm("timm.models.resnet")
    made: nn.Module = resnet.ResNet(
        resnet.BasicBlock,
        [1, 1, 1, 1],
        channels=(8, 8, 16, 16),
        num_classes=10,
        in_chans=1,
        drop_rate=0.2,
        drop_path_rate=0.3,
    )
    return made


def vit() -> nn.Module:
    kind = of_timm("timm.models.vision_transformer").VisionTransformer
    size = {"img_size": 8, "patch_size": 4, "in_chans": 1, "embed_dim": 8, "depth": 2, "num_heads": 2}
    rates = {"pos_drop_rate": 0.05, "attn_drop_rate": 0.1, "proj_drop_rate": 0.15, "drop_path_rate": 0.2}
    made: nn.Module = kind(**size, **rates, num_classes=10)
    return made


def convnext() -> nn.Module:
    made: nn.Module = of_timm("timm.models.convnext").ConvNeXt(
        in_chans=1, patch_size=1, depths=(1, 1, 1, 1), dims=(8, 8, 8, 8), num_classes=10, drop_path_rate=0.3
    )
    return made


def transformers_vit() -> nn.Module:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    size = {"image_size": 8, "patch_size": 4, "num_channels": 1}
    made: nn.Module = transformers.ViTForImageClassification(
        transformers.ViTConfig(
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=12,
            hidden_dropout_prob=0.1,
            attention_probs_dropout_prob=0.2,
            num_labels=10,
            **size,
        )
    )
    return made


OFF = "standard", 0.0


def _path(rate: float) -> tuple[str, float]:
    return "stochastic_depth", pytest.approx(rate)  # type: ignore[return-value]


def _vit_block(number: int) -> dict[str, tuple[str, float]]:
    path = f"blocks.{number}"
    paths = {f"{path}.drop_path{place}": _path(0.2 * number) for place in (1, 2)} if number else {}
    standard = "standard", 0.15
    return {
        f"{path}.attn.attention": ("attention", 0.1),
        f"{path}.attn.proj_drop": standard,
        **{name: rate for name, rate in paths.items() if name.endswith("1")},
        f"{path}.mlp.drop1": standard,
        f"{path}.mlp.drop2": standard,
        **{name: rate for name, rate in paths.items() if name.endswith("2")},
    }


LIBRARIES = {
    "timm resnet": Member(
        resnet, {f"layer{n + 1}.0.drop_path": _path(0.1 * n) for n in (1, 2, 3)} | {"dropout": ("standard", 0.2)}
    ),
    "timm vit": Member(vit, {"pos_drop": ("standard", 0.05), **_vit_block(0), **_vit_block(1), "head_drop": OFF}),
    "timm convnext": Member(
        convnext,
        {
            name: rate
            for n in range(4)
            for name, rate in (
                (f"stages.{n}.blocks.0.mlp.drop1", OFF),
                (f"stages.{n}.blocks.0.mlp.drop2", OFF),
                *([(f"stages.{n}.blocks.0.drop_path", _path(0.1 * n))] if n else []),
            )
        }
        | {"head.drop": OFF},
    ),
    "transformers vit": Member(
        transformers_vit,
        {
            "vit.embeddings.dropout": ("standard", 0.1),
            "vit.layers.0.attention.attention": ("attention", 0.2),
            "vit.layers.0.dropout": ("standard", 0.1),
        },
    ),
}
"""Name -> the network and its sites."""
