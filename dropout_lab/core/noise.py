"""A counter-based random stream: the noise of an element is a hash of where it stands, not of what was drawn before.

So a mask does not depend on who else is trained beside it, on the order of evaluation, or on the device, it needs no
generator state, and a compiler can fuse it into the step. The mixer is the finaliser of MurmurHash3 (Appleby, public
domain) with the second half of a 64-bit key put in between its two multiplications.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def _int32(value: int) -> int:
    return value - (1 << 32) if value >= 1 << 31 else value


_GOLDEN, _MIX_1, _MIX_2 = _int32(0x9E3779B9), _int32(0x85EBCA6B), _int32(0xC2B2AE35)


def _shift(value: Tensor, bits: int) -> Tensor:
    """Logical shift to the right: int32 has a sign, so its own shift is arithmetic."""
    return (value >> bits).bitwise_and_((1 << (32 - bits)) - 1)


STEPS = 1 << 18
"""The first number of a stream that a step of a sequence draws single numbers from; others have lower ones."""


class Noise:
    """The stream of one run, step and site. `key`: (2,) int32; equal keys give equal noise.

    A key of zeros is none to draw from, for the hash of 0 under it is 0; its streams are as good as others'.

    What is drawn twice is the same twice: a method that needs several draws takes them from several `stream`s.
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
        """The numbers of `uniform` at some places alone: `index`, whole numbers below 2^31, float32 of its shape."""
        return self._at(index.int())

    def _at(self, index: Tensor) -> Tensor:
        # In place: of an eager step of a convolutional network, the memory of the intermediates took a third.
        bits = _golden(index) ^ self.key[0]
        bits.bitwise_xor_(_shift(bits, 16)).mul_(_MIX_1)
        bits.bitwise_xor_(_shift(bits, 15)).bitwise_xor_(self.key[1]).mul_(_MIX_2)
        bits.bitwise_xor_(_shift(bits, 16))
        return _shift(bits, 8).float().mul_(2.0**-24)

    def normal(self, shape: Sequence[int]) -> Tensor:
        """N(0, 1) of `shape`, float32, cut off where 2^-25 of each tail lies beyond (5.4)."""
        # Every step here is exact, so that neither end is reached, where the inverse is infinite.
        return math.sqrt(2) * torch.erfinv((2 * self.uniform(shape) - 1) + 2.0**-24)

    def steps(self, count: int) -> "Sequence[Noise]":
        """Independent streams for the steps of a sequence; what they draw is drawn at once for all of them."""
        draws = _Draws(self, count)
        return [_Step(draws, step) for step in range(count)]


class _Draws:
    """What the steps of a sequence draw, by shape: the first step that asks has it drawn for all."""

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
    """Times the golden ratio, modulo 2^32. To a compiler, numbers counted up from 0 are no tensor: it multiplies them
    in its own arithmetic, which overflows in Triton's 32 bits. After an operation of bits they are one."""
    return (index ^ 0).mul_(_GOLDEN)


def _mixed(value: Tensor) -> Tensor:
    """Of at least one dimension, as in `uniform`: lifted by vmap and compiled, torch 2.13 rounds the numbers by which
    tensors without dimensions are multiplied to float32."""
    value = (value ^ _shift(value, 16)) * _MIX_1
    value = (value ^ _shift(value, 13)) * _MIX_2
    return value ^ _shift(value, 16)
