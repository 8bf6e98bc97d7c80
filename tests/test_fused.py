"""An LSTM layer in one call of the library gives what its written-out steps give."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call, vmap

from dropout_lab.datasets.dataset import Dataset
from dropout_lab.dropout.standard import Standard
from dropout_lab.errors import UserError
from dropout_lab.models import fused
from dropout_lab.models.rnn import RNN
from dropout_lab.sites import Site, install
from dropout_lab.tokens import PADDING, SPECIAL_TOKENS

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
def test_one_call_is_the_steps(monkeypatch: pytest.MonkeyPatch, x: Tensor, training: bool) -> None:
    fast = answers(rnn().train(training), x)
    monkeypatch.setattr(fused, "can_fuse", lambda x: False)
    for one, other in zip(fast, answers(rnn().train(training), x), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_the_state_of_a_text_is_carried_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(model: RNN) -> list[Tensor]:
        model.state = torch.ones(5, *model.state.shape[1:]) / 2
        return answers(model.eval(), TOKENS)

    fast = read(rnn(is_stream=True, per_place=True))
    monkeypatch.setattr(fused, "can_fuse", lambda x: False)
    for one, other in zip(fast, read(rnn(is_stream=True, per_place=True)), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_a_lane_does_not_depend_on_the_others() -> None:
    model = rnn().eval()
    params = {name: torch.stack([param, param * 1.5, -param]) for name, param in model.named_parameters()}

    def read(lanes: slice) -> Any:
        given = {name: param[lanes] for name, param in params.items()}
        return vmap(lambda one: functional_call(model, one, (PADDED,)))(given)

    assert torch.equal(read(slice(0, 3))[1:], read(slice(1, 3)))


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
