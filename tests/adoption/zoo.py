"""Small networks in the style of what people have. No constructor knows dropout-lab."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from dropout_lab.sites import Site


class Functional(nn.Module):
    """A convolution, and F.dropout before the head."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.fc = nn.Linear(4 * 3 * 3, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        y = F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1)
        out: Tensor = self.fc(F.dropout(y, 0.4, self.training))
        return out


def sequential(classes: int = 10) -> nn.Sequential:
    """A function that makes an nn.Sequential with batch norm and an in-place dropout of channels."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 3),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.Dropout2d(0.2, inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(6, classes),
    )


class Selu(nn.Module):
    """SELU with alpha dropout, and positional constructor arguments without annotations."""

    def __init__(self, width, n_out=10):  # type: ignore[no-untyped-def]
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.SELU(), nn.AlphaDropout(0.1))
        self.head = nn.Linear(width, n_out)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.body(x))
        return y


class LSTMClassifier(nn.Module):
    """Two LSTM layers with dropout between them; the last state is read."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 7, num_layers=2, dropout=0.3, batch_first=True)
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(7, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        _, (hidden, _) = self.lstm(x.squeeze(1))
        y: Tensor = self.fc(self.drop(hidden[-1]))
        return y


class GRUClassifier(nn.Module):
    """A bidirectional GRU, steps first, whose outputs are averaged."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.gru = nn.GRU(8, 5, num_layers=2, dropout=0.25, bidirectional=True)
        self.fc = nn.Linear(10, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        outputs, _ = self.gru(x.squeeze(1).transpose(0, 1))
        y: Tensor = self.fc(outputs.mean(0))
        return y


class Elman(nn.Module):
    """A plain recurrent network of rectified units, without dropout."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.rnn = nn.RNN(8, 6, nonlinearity="relu", batch_first=True)
        self.fc = nn.Linear(6, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fc(self.rnn(x.squeeze(1))[0][:, -1])
        return y


class Encoder(nn.Module):
    """torch's own transformer encoder."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(8, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.encoder(x.squeeze(1)).mean(1))
        return y


class Decoder(nn.Module):
    """torch's own transformer decoder with a causal mask, reading from what an encoder layer gives."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.layer = nn.TransformerDecoderLayer(8, 2, 12, dropout=0.2, batch_first=True, norm_first=True)
        self.head = nn.Linear(8, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        steps = x.squeeze(1)
        mask = nn.Transformer.generate_square_subsequent_mask(steps.shape[1])
        y: Tensor = self.head(self.layer(steps, steps.flip(1), tgt_mask=mask)[:, -1])
        return y


class CausalAttention(nn.Module):
    """nanoGPT's block: scaled_dot_product_attention with dropout_p and is_causal, and a residual dropout."""

    def __init__(self, num_classes: int = 10, p: float = 0.15) -> None:
        super().__init__()
        self.p = p
        self.qkv, self.mix = nn.Linear(8, 24), nn.Linear(8, 8)
        self.drop = nn.Dropout(p)
        self.head = nn.Linear(8, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = x.squeeze(1)
        q, k, v = (one.unflatten(2, (2, 4)).transpose(1, 2) for one in self.qkv(x).chunk(3, -1))
        p = self.p if self.training else 0.0
        seen = F.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=True)
        y: Tensor = self.head((x + self.drop(self.mix(seen.transpose(1, 2).flatten(2)))).mean(1))
        return y


class ViT(nn.Module):
    """Patches, a class token, learned positions and nn.MultiheadAttention."""

    def __init__(self, num_classes: int = 10, dim: int = 8) -> None:
        super().__init__()
        self.patch = nn.Conv2d(1, dim, 4, 4)
        self.token = nn.Parameter(torch.zeros(1, 1, dim))
        self.position = nn.Parameter(0.02 * torch.randn(1, 5, dim))
        self.pos_drop = nn.Dropout(0.1)
        self.norm = nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, 2, dropout=0.1, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, 16), nn.GELU(), nn.Dropout(0.1), nn.Linear(16, dim), nn.Dropout(0.1))
        self.head = nn.Linear(dim, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        y = self.patch(x).flatten(2).transpose(1, 2)
        y = self.pos_drop(torch.cat([self.token.expand(len(y), -1, -1), y], 1) + self.position)
        z = self.norm(y)
        y = y + self.attn(z, z, z, need_weights=False)[0]
        y = y + self.mlp(y)
        out: Tensor = self.head(y[:, 0])
        return out


class Mixer(nn.Module):
    """An MLP-mixer block: dropouts over steps and over channels."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.tokens = nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Dropout(0.1))
        self.channels = nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 8), nn.GELU(), nn.Dropout(0.3))
        self.head = nn.Linear(8, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = x.squeeze(1)
        x = x + self.tokens(x.transpose(1, 2)).transpose(1, 2)
        y: Tensor = self.head((x + self.channels(x)).mean(1))
        return y


class DropPath(nn.Module):
    """timm's, by heart."""

    def __init__(self, drop_prob: float = 0.0) -> None:
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, x: Tensor) -> Tensor:
        if self.drop_prob == 0.0 or not self.training:
            return x
        keep = 1 - self.drop_prob
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        return x * x.new_empty(shape).bernoulli_(keep).div_(keep)


class ResNet(nn.Module):
    """Residual blocks with batch norm and stochastic depth."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1)) for _ in range(2)
        )
        self.drop_path = nn.ModuleList([DropPath(0.1), DropPath(0.2)])
        self.fc = nn.Linear(4, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block, drop in zip(self.blocks, self.drop_path, strict=True):
            x = x + drop(block(x))
        y: Tensor = self.fc(x.mean((2, 3)))
        return y


class UNet(nn.Module):
    """Down, up, and a connection between; dropout of channels at the bottom."""

    def __init__(self, in_channels: int = 1, num_classes: int = 10) -> None:
        super().__init__()
        self.down = nn.Conv2d(in_channels, 4, 3, padding=1)
        self.bottom = nn.Conv2d(4, 6, 3, padding=1)
        self.up = nn.ConvTranspose2d(6, 4, 2, 2)
        self.fc = nn.Linear(8, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        a = F.relu(self.down(x))
        b = F.dropout2d(F.relu(self.bottom(F.max_pool2d(a, 2))), p=0.3, training=self.training)
        y: Tensor = self.fc(torch.cat([a, self.up(b)], 1).mean((2, 3)))
        return y


class TabM(nn.Module):
    """An ensemble of adapted MLPs in one network, for tables."""

    def __init__(self, num_classes: int = 10, members: int = 3) -> None:
        super().__init__()
        self.scale = nn.Parameter(1 + 0.1 * torch.randn(members, 1, 64))
        self.first, self.second = nn.Linear(64, 12), nn.Linear(12, num_classes)
        self.dropout = nn.Dropout(0.25)

    def forward(self, x: Tensor) -> Tensor:
        y = self.dropout(F.relu(self.first(x.flatten(1) * self.scale)))
        out: Tensor = self.second(y).mean(0)
        return out


class Tied(nn.Module):
    """An embedding-like matrix that is the head's, too."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.read = nn.Linear(64, num_classes)
        self.back = nn.Linear(num_classes, 64, bias=False)
        self.again = nn.Linear(64, num_classes, bias=False)
        self.again.weight = self.read.weight
        self.drop = nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.again(self.drop(torch.tanh(self.back(torch.tanh(self.read(x.flatten(1)))))))
        return y


class TupleOut(nn.Module):
    """Gives its logits and its features."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.body, self.fc = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Dropout(0.3)), nn.Linear(8, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.body(x)
        return self.fc(y), y


class DictOut(TupleOut):
    """Gives a dict, as Hugging Face's models do."""

    def forward(self, x: Tensor) -> Any:
        logits, features = super().forward(x)
        return {"features": features, "logits": logits}


class FrozenBody(nn.Module):
    """A frozen first layer."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.embed = nn.Linear(64, 8).requires_grad_(False)
        self.drop, self.fc = nn.Dropout(0.2), nn.Linear(8, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fc(self.drop(F.relu(self.embed(x.flatten(1)))))
        return y


class WeightNorm(nn.Module):
    """torch.nn.utils.parametrizations.weight_norm."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.first = nn.utils.parametrizations.weight_norm(nn.Linear(64, 8))
        self.drop, self.fc = nn.Dropout(0.2), nn.Linear(8, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fc(self.drop(F.relu(self.first(x.flatten(1)))))
        return y


class Branch(nn.Module):
    """A Python branch on a value."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.first, self.fc, self.drop = nn.Linear(64, 8), nn.Linear(8, num_classes), nn.Dropout(0.3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(x.flatten(1))
        y = F.relu(y) if y.mean() > -100 else F.gelu(y)
        out: Tensor = self.fc(self.drop(y))
        return out


class Square(torch.autograd.Function):
    """An old-style function: no rule for vmap."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return 2 * x * grad


class OwnFunction(nn.Module):
    """An autograd function of its own."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.first, self.fc, self.drop = nn.Linear(64, 8), nn.Linear(8, num_classes), nn.Dropout(0.3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fc(self.drop(Square.apply(torch.tanh(self.first(x.flatten(1))))))
        return y


class Counter(nn.Module):
    """A buffer that counts the training passes."""

    steps: Tensor

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.first, self.fc, self.drop = nn.Linear(64, 8), nn.Linear(8, num_classes), nn.Dropout(0.3)
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.steps += 1
        y: Tensor = self.fc(self.drop(F.relu(self.first(x.flatten(1)))))
        return y


class SharedTwice(nn.Module):
    """One block, with its dropout, called twice in a pass; and one dropout module in two places."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.first = nn.Linear(64, 8)
        self.block = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.2))
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        y = self.drop(torch.tanh(self.first(x.flatten(1))))
        y = self.block(self.block(y))
        out: Tensor = self.fc(self.drop(y))
        return out


class Manual(nn.Module):
    """Attention by hand, with a mask and a functional dropout at its weights; sinusoidal positions in a buffer."""

    table: Tensor

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        angles = torch.arange(8.0)[:, None] / 10 ** torch.linspace(0, 1, 8)
        self.register_buffer("table", torch.sin(angles))
        self.q, self.k, self.v, self.fc = (nn.Linear(8, 8) for _ in range(4))
        self.head = nn.Linear(8, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = x.squeeze(1) + self.table
        scores = self.q(x) @ self.k(x).mT / math.sqrt(8)
        scores = scores + torch.full((8, 8), -1e9).triu(1)
        weights = F.dropout(scores.softmax(-1), p=0.1, training=self.training)
        y = F.dropout(self.fc(weights @ self.v(x)), p=0.2, training=self.training)
        out: Tensor = self.head(y.mean(1))
        return out


class OnlyInTraining(nn.Module):
    """Dropout in a branch on the mode."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.first, self.fc = nn.Linear(64, 8), nn.Linear(8, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.first(x.flatten(1)))
        if self.training:
            y = F.dropout(y, 0.3)
        out: Tensor = self.fc(y)
        return out


class Turns(nn.Module):
    """A functional dropout in a loop with fewer turns in evaluation mode."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.first, self.body, self.fc = nn.Linear(64, 8), nn.Linear(8, 8), nn.Linear(8, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(x.flatten(1))
        for _ in range(3 if self.training else 1):
            y = F.dropout(torch.tanh(self.body(y)), 0.2, self.training)
        out: Tensor = self.fc(y)
        return out


class Checkpointed(nn.Module):
    """Activations that are computed again in the backward pass, in both ways of torch."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.first, self.body, self.fc = nn.Linear(64, 8), nn.Linear(8, 8), nn.Linear(8, num_classes)
        self.drop = nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        y = checkpoint(self.part, self.first(x.flatten(1)), use_reentrant=False)
        out: Tensor = self.fc(checkpoint(self.part, y, use_reentrant=self.training))
        return out

    def part(self, x: Tensor) -> Tensor:
        return F.dropout(self.drop(torch.tanh(self.body(x))), 0.3, self.training)


class Lazy(nn.Module):
    """Lazy layers."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Flatten(), nn.LazyLinear(8), nn.ReLU(), nn.Dropout(0.2), nn.LazyLinear(num_classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return y


class WithSite(nn.Module):
    """Written for dropout-lab, and with a dropout of its own besides."""

    def __init__(self, outputs: int = 10) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), Site("hidden"), nn.Dropout(0.2))
        self.fc = nn.Linear(8, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fc(self.body(x))
        return y


class Dropper(nn.Module):
    """A dropout by hand; `axes` that its mask differs along: 1 that of examples, 2 that of channels too, all others."""

    def __init__(self, rate: float, axes: int) -> None:
        super().__init__()
        self.rate, self.axes = rate, axes

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        shape = (*x.shape[: self.axes], *[1] * (x.dim() - self.axes))
        return x * x.new_empty(shape).bernoulli_(1 - self.rate) / (1 - self.rate)


class ByHand(nn.Module):
    """Three dropouts by hand: of branches, of channels, of units."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.stem, self.conv, self.fc = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, padding=1), nn.Linear(144, num_classes)
        self.skip, self.maps, self.units = Dropper(0.25, 1), Dropper(0.2, 2), Dropper(0.5, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.stem(x))
        y = self.maps(y + self.skip(torch.tanh(self.conv(y))))
        out: Tensor = self.fc(self.units(y).flatten(1))
        return out


class Noise(nn.Module):
    """Gaussian noise on the input in training, which is no dropout, and a dropout."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.fc1, self.drop, self.fc2 = nn.Linear(64, 8), nn.Dropout(0.3), nn.Linear(8, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        if self.training:
            x = x + 0.1 * torch.randn_like(x)
        y: Tensor = self.fc2(self.drop(torch.relu(self.fc1(x))))
        return y


class SpectralNorm(nn.Module):
    """torch.nn.utils.parametrizations.spectral_norm, whose power iteration changes buffers in training."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.fc1 = nn.utils.parametrizations.spectral_norm(nn.Linear(64, 8))
        self.drop, self.fc2 = nn.Dropout(0.2), nn.Linear(8, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fc2(self.drop(torch.relu(self.fc1(x.flatten(1)))))
        return y


class Block(nn.Module):
    """A dense block with a functional dropout, and an attribute that its neighbour reads."""

    def __init__(self, size: int, out: int, p: float) -> None:
        super().__init__()
        self.fc, self.drop = nn.Linear(size, out), nn.Dropout(p)

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(torch.relu(self.fc(x)), p=self.drop.p, training=self.training)


def blocks(num_classes: int = 10) -> nn.Sequential:
    """An nn.Sequential whose members drop in their own forward."""
    return nn.Sequential(nn.Flatten(), Block(64, 12, 0.1), Block(12, 8, 0.3), nn.Linear(8, num_classes))


class Member(NamedTuple):
    """`sites`: name -> (method of the author, rate), in the order of the forward; "": none."""

    make: Callable[[], nn.Module]
    sites: Mapping[str, tuple[str, float]]
    engine: str = "lanes"


def _encoder() -> dict[str, tuple[str, float]]:
    of_layer = {
        "self_attn.attention": "attention",
        "dropout1": "standard",
        "dropout": "standard",
        "dropout2": "standard",
    }
    return {f"encoder.layers.{n}.{name}": (method, 0.1) for n in range(2) for name, method in of_layer.items()}


ZOO: Mapping[str, Member] = {
    "functional": Member(Functional, {"dropout": ("standard", 0.4)}),
    "sequential": Member(sequential, {"3": ("spatial", 0.2), "6": ("standard", 0.5)}),
    "selu": Member(lambda: Selu(8), {"body.3": ("alpha", 0.1)}),
    "lstm": Member(LSTMClassifier, {"lstm.0": ("standard", 0.3), "drop": ("standard", 0.2)}),
    "gru": Member(GRUClassifier, {"gru.0": ("standard", 0.25)}),
    "encoder": Member(Encoder, _encoder()),
    "decoder": Member(
        Decoder,
        {
            "layer.self_attn.attention": ("attention", 0.2),
            "layer.dropout1": ("standard", 0.2),
            "layer.multihead_attn.attention": ("attention", 0.2),
            "layer.dropout2": ("standard", 0.2),
            "layer.dropout": ("standard", 0.2),
            "layer.dropout3": ("standard", 0.2),
        },
    ),
    "causal": Member(CausalAttention, {"attention": ("attention", 0.15), "drop": ("standard", 0.15)}),
    "vit": Member(
        ViT,
        {
            "pos_drop": ("standard", 0.1),
            "attn.attention": ("attention", 0.1),
            "mlp.2": ("standard", 0.1),
            "mlp.4": ("standard", 0.1),
        },
    ),
    "mixer": Member(Mixer, {"tokens.2": ("standard", 0.1), "channels.3": ("standard", 0.3)}),
    "resnet": Member(ResNet, {"drop_path.0": ("stochastic_depth", 0.1), "drop_path.1": ("stochastic_depth", 0.2)}),
    "unet": Member(UNet, {"dropout": ("spatial", 0.3)}),
    "tabm": Member(TabM, {"dropout": ("standard", 0.25)}),
    "tied": Member(Tied, {"drop": ("standard", 0.2)}),
    "tuple": Member(TupleOut, {"body.3": ("standard", 0.3)}),
    "dict": Member(DictOut, {"body.3": ("standard", 0.3)}),
    "frozen": Member(FrozenBody, {"drop": ("standard", 0.2)}),
    "weight norm": Member(WeightNorm, {"drop": ("standard", 0.2)}),
    "branch": Member(Branch, {"drop": ("standard", 0.3)}, engine="loop"),
    "own function": Member(OwnFunction, {"drop": ("standard", 0.3)}, engine="loop"),
    "counter": Member(Counter, {"drop": ("standard", 0.3)}),
    "shared": Member(SharedTwice, {"drop": ("standard", 0.1), "block.2": ("standard", 0.2)}),
    "manual": Member(Manual, {"dropout.0": ("standard", 0.1), "dropout.1": ("standard", 0.2)}),
    "only in training": Member(OnlyInTraining, {"dropout": ("standard", 0.3)}),
    "turns": Member(Turns, {f"dropout.{turn}": ("standard", 0.2) for turn in range(3)}),
    "checkpointed": Member(
        Checkpointed, {"drop": ("standard", 0.2), "dropout.0": ("standard", 0.3), "dropout.1": ("standard", 0.3)}
    ),
    "lazy": Member(Lazy, {"body.3": ("standard", 0.2)}),
    "by hand": Member(
        ByHand, {"skip": ("stochastic_depth", 0.25), "maps": ("spatial", 0.2), "units": ("standard", 0.5)}
    ),
    "noise": Member(Noise, {"drop": ("standard", 0.3)}, engine="loop"),
    "spectral norm": Member(SpectralNorm, {"drop": ("standard", 0.2)}, engine="loop"),
    "blocks": Member(blocks, {"1": ("standard", 0.1), "2": ("standard", 0.3)}),
    "site beside": Member(WithSite, {"hidden": ("", 0.0), "body.4": ("standard", 0.2)}),
}
"""All read the digits as images of 8 x 8, (batch, 1, 8, 8)."""
