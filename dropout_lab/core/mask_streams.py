"""A counter-based random stream: the noise of an element is a hash of its position, not of earlier draws.

A mask therefore does not depend on the runs trained beside it, on the order of evaluation, or on the device. It needs
no generator state, and a compiler can fuse it into the step. The mixer is the finaliser of MurmurHash3 (Appleby, public
domain), with the second half of a 64-bit key inserted between its two multiplications.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def _int32(value: int) -> int:
    return value - (1 << 32) if value >= 1 << 31 else value


_GOLDEN, _MIX_1, _MIX_2 = _int32(0x9E3779B9), _int32(0x85EBCA6B), _int32(0xC2B2AE35)


def _shift(value: Tensor, bits: int) -> Tensor:
    """Logical shift to the right; the built-in shift of int32 is arithmetic."""
    return (value >> bits).bitwise_and_((1 << (32 - bits)) - 1)


STEPS = 1 << 18
"""The lowest number of the streams from which steps of a sequence draw single numbers; other streams are below it."""


class Noise:
    """The stream of one run, step and site. `key`: (2,) int32; equal keys give equal noise.

    Do not draw from a key of zeros, under which the hash of 0 is 0; its streams are as good as others.

    Repeating a draw gives the same numbers. A method that needs several draws takes them from several `stream`s.
    """

    def __init__(self, key: Tensor) -> None:
        self.key = key

    def stream(self, number: int | Tensor) -> "Noise":
        """An independent stream of the same run, step and site. `number`: below 2^30; as a tensor, int32."""
        salt = _golden(torch.arange(2, dtype=torch.int32, device=self.key.device) + 2 * number)
        return Noise(_mixed(self.key ^ salt))

    def uniform(self, shape: Sequence[int]) -> Tensor:
        """U[0, 1) of `shape`, float32, in steps of 2^-24."""
        index = torch.arange(math.prod(shape), dtype=torch.int32, device=self.key.device)
        return self._at(index).view(tuple(shape))

    def uniform_at(self, index: Tensor) -> Tensor:
        """The numbers of `uniform` at the places `index`, integers below 2^31; float32 of the shape of `index`."""
        return self._at(index.int())

    def _at(self, index: Tensor) -> Tensor:
        # In place: the memory of intermediates took a third of an eager step of a convolutional network.
        bits = _golden(index) ^ self.key[0]
        bits.bitwise_xor_(_shift(bits, 16)).mul_(_MIX_1)
        bits.bitwise_xor_(_shift(bits, 15)).bitwise_xor_(self.key[1]).mul_(_MIX_2)
        bits.bitwise_xor_(_shift(bits, 16))
        return _shift(bits, 8).float().mul_(2.0**-24)

    def normal(self, shape: Sequence[int]) -> Tensor:
        """N(0, 1) of `shape`, float32, truncated at 5.4, beyond which each tail has probability 2^-25."""
        # Every step here is exact, so the ends, where the inverse is infinite, are never reached.
        return math.sqrt(2) * torch.erfinv((2 * self.uniform(shape) - 1) + 2.0**-24)

    def steps(self, count: int) -> "Sequence[Noise]":
        """Independent streams for the steps of a sequence. Each draw is made at once for all steps."""
        draws = _Draws(self, count)
        return [_Step(draws, step) for step in range(count)]


class _Draws:
    """The draws of a sequence's steps, by shape: the first step that asks makes the draw for all."""

    def __init__(self, noise: Noise, count: int) -> None:
        self.noise, self._count = noise, count
        self._uniform: dict[tuple[int, ...], Tensor] = {}
        self._streams: dict[int | Tensor, _Draws] = {}

    def uniform(self, shape: tuple[int, ...]) -> Tensor:
        if shape not in self._uniform:
            self._uniform[shape] = self.noise.uniform((self._count, *shape))
        return self._uniform[shape]

    def stream(self, number: int | Tensor) -> "_Draws":
        if number not in self._streams:
            self._streams[number] = _Draws(self.noise.stream(number), self._count)
        return self._streams[number]


class _Step(Noise):
    def __init__(self, draws: _Draws, step: int) -> None:
        super().__init__(draws.noise.key)
        self._draws, self._step = draws, step

    def stream(self, number: int | Tensor) -> Noise:
        return _Step(self._draws.stream(number), self._step)

    def uniform(self, shape: Sequence[int]) -> Tensor:
        return self._draws.uniform(tuple(shape))[self._step]

    def uniform_at(self, index: Tensor) -> Tensor:
        return self._draws.noise.stream(STEPS + self._step).uniform_at(index)


def _golden(index: Tensor) -> Tensor:
    """`index` times the golden ratio, modulo 2^32.

    A compiler multiplies numbers counted up from 0 in its own arithmetic, which overflows in Triton's 32 bits. A bit
    operation first makes them a tensor.
    """
    return (index ^ 0).mul_(_GOLDEN)


def _mixed(value: Tensor) -> Tensor:
    """The finaliser of MurmurHash3, of int32 with at least one dimension.

    Under vmap and compiled, torch 2.13 rounds the factors of tensors without dimensions to float32.
    """
    value = (value ^ _shift(value, 16)) * _MIX_1
    value = (value ^ _shift(value, 13)) * _MIX_2
    return value ^ _shift(value, 16)
