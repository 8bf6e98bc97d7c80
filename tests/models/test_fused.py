"""An LSTM layer in one call of the library gives what its written-out steps give."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap

from dropout_lab.cohort.width import lane_bytes
from dropout_lab.core.errors import UserError
from dropout_lab.core.tokens import PADDING, SPECIAL_TOKENS
from dropout_lab.datasets.dataset import Dataset
from dropout_lab.dropout.standard import Standard
from dropout_lab.models.fused import all_written_out
from dropout_lab.models.rnn import RNN
from dropout_lab.sites.site import Site, install
from tests.cohort.runs import structure

TOKENS = torch.randint(2, 12, (5, 7), generator=torch.Generator().manual_seed(0))
PADDED = TOKENS.masked_fill(torch.arange(7) >= torch.tensor([[7], [1], [4], [0], [6]]), PADDING)


def rnn(**changes: Any) -> RNN:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {
        "input_shape": (7,),
        "outputs": 3,
        "vocabulary": 12,
        "width": 6,
        "embedding": 4,
        "depth": 2,
    }
    model = RNN(**{**sizes, **changes})
    install(model, dict.fromkeys(("input", "layer.0", "output"), Standard()))
    for module in model.modules():
        if isinstance(module, Site):
            module.rate.fill_(0.4)
    return model


def answers(model: RNN, x: Tensor) -> list[Tensor]:
    """The output, the state that is carried on, and every parameter's gradient."""
    output = model(x)
    state = model.state.clone()
    grads = torch.autograd.grad(output.square().sum(), list(model.parameters()))
    return [output.detach(), state, *grads]


@pytest.mark.parametrize("x", [TOKENS, PADDED], ids=["whole", "padded"])
@pytest.mark.parametrize("training", [True, False])
def test_one_call_is_the_steps(x: Tensor, training: bool) -> None:
    fast = answers(rnn().train(training), x)
    with all_written_out():
        slow = answers(rnn().train(training), x)
    for one, other in zip(fast, slow, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_the_state_of_a_text_is_carried_on() -> None:
    def read(model: RNN) -> list[Tensor]:
        model.state = torch.ones(5, *model.state.shape[1:]) / 2
        return answers(model.eval(), TOKENS)

    fast = read(rnn(is_stream=True, per_position=True))
    with all_written_out():
        slow = read(rnn(is_stream=True, per_position=True))
    for one, other in zip(fast, slow, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("width", [6, 13, 32])
def test_a_lane_does_not_depend_on_the_others(width: int) -> None:
    """Its answers and its gradients, to the bit."""
    model = rnn(width=width).eval()
    params = {name: torch.stack([param, param * 1.5, -param]).detach() for name, param in model.named_parameters()}

    def read(lanes: slice) -> list[Tensor]:
        given = {name: param[lanes].clone().requires_grad_() for name, param in params.items()}
        output = vmap(lambda one: functional_call(model, one, (PADDED,)))(given)
        return [output, *torch.autograd.grad(output.square().sum(), list(given.values()))]

    for three, two in zip(read(slice(0, 3)), read(slice(1, 3)), strict=True):
        assert torch.equal(three[1:], two)


def test_lanes_of_lanes_are_lanes() -> None:
    model = rnn().eval()
    params = {name: torch.stack([param, param * 1.5]) for name, param in model.named_parameters()}
    inputs = torch.stack([TOKENS, PADDED])

    def of_lane(one: dict[str, Tensor]) -> Tensor:
        outputs: Tensor = vmap(lambda x: functional_call(model, one, (x,)))(inputs)
        return outputs

    nested = vmap(of_lane)(params)
    for lane in range(2):
        for number in range(2):
            alone = functional_call(model, {name: param[lane] for name, param in params.items()}, (inputs[number],))
            torch.testing.assert_close(nested[lane, number], alone)


def test_what_is_the_same_for_all_lanes_is_computed_once() -> None:
    model = rnn().eval()
    found = vmap(lambda factor: model(TOKENS) * factor)(torch.ones(3))
    torch.testing.assert_close(found, model(TOKENS).expand(3, -1, -1))


@pytest.mark.parametrize("lanes", [False, True])
def test_gradients_of_torch_func_are_those_of_the_steps(lanes: bool) -> None:
    """An adversary's, whose site lies below a layer that could be fused."""
    model = rnn().eval()
    params = {name: param.detach() for name, param in model.named_parameters()}

    def size(one: dict[str, Tensor]) -> Any:
        return functional_call(model, one, (TOKENS,)).square().sum()

    slope: Any = grad(size)
    if lanes:
        found = {name: every[0] for name, every in vmap(slope)({key: one[None] for key, one in params.items()}).items()}
    else:
        found = slope(params)
    expected = torch.autograd.grad(model(TOKENS).square().sum(), list(model.parameters()))
    for one, wanted in zip(found.values(), expected, strict=True):
        torch.testing.assert_close(one, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_lane_is_counted_as_if_its_steps_were_written_out(depth: int) -> None:
    """So that a method between the steps, or a compiler, which write them out, have the lanes that fit."""

    def counted(**dropout: Any) -> int:
        build = lambda: RNN(input_shape=(1, 8, 8), outputs=10, width=32, depth=depth)  # noqa: E731
        return lane_bytes(structure(build=build, dropout=dropout))

    assert counted() == counted(**{"recurrent.0": Standard()})
    gates = depth * 2 * 8 * 32 * 4 * 32  # by layer, of what is below and of the state: step, example, gate, unit
    assert counted() > 4 * 2 * gates


@pytest.mark.parametrize(
    ("tokens", "is_stream"), [([[2, PADDING, 3]], False), ([[PADDING, 2, 3]], False), ([[2, 3, PADDING]], True)]
)
def test_padding_that_is_not_behind_is_refused(tokens: list[list[int]], is_stream: bool) -> None:
    words = (*SPECIAL_TOKENS, "a", "b")
    inputs = torch.tensor(tokens * 40)
    with pytest.raises(UserError, match="must stand behind the tokens"):
        Dataset(
            name="odd",
            task="classification",
            inputs=inputs,
            targets=torch.arange(40) % 2,
            test=torch.arange(8),
            outputs=2,
            standardize="none",
            vocabulary=words,
            is_stream=is_stream,
        )
