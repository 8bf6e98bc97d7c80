"""placement=everywhere: every site at which the method there can act, in every model, whatever stands at its sites."""

from typing import Any

import pytest

from dropout_lab.build.description import Described, describe
from tests.test_every_config import BUILDER, composed

TRANSFORMER, RNN, CNN = (f"model={name}" for name in ("transformer", "rnn", "cnn"))
IN_LAYERS = ["attention", "heads", "attention_out", "ffn_act", "ffn_out"]
OF_TRANSFORMER = ["input", *(f"{name}.{layer}" for layer in (0, 1) for name in IN_LAYERS), "output"]
LAYERS, CONVOLUTIONS = ["layer.0", "layer.1"], ["conv.0", "pool.0", "conv.1", "pool.1"]


def described(*words: str, dropout: str = "standard", **methods: str) -> Described:
    config = composed(*words, f"dropout={dropout}", "placement=everywhere", "rate=0.2")
    sections: dict[str, Any] = {
        site: {"name": name, **composed(f"dropout={name}")["dropout"]} for site, name in methods.items()
    }
    choices = {"placement": "everywhere", "dropout": dropout, "schedule": "constant", "loss": "plain"}
    return describe(BUILDER, {**config, "dropouts": sections}, choices)


@pytest.mark.parametrize(
    ("words", "methods", "dropping", "left_out"),
    [
        ([TRANSFORMER], {}, OF_TRANSFORMER, LAYERS),
        ([TRANSFORMER], {"layer": "layerdrop"}, [*OF_TRANSFORMER, *LAYERS], []),
        ([TRANSFORMER], {"dropout": "layerdrop"}, LAYERS, OF_TRANSFORMER),
        ([TRANSFORMER, "dataset=text"], {}, OF_TRANSFORMER, ["embedding", *LAYERS]),
        ([RNN], {}, ["input", "recurrent.0", "cell.0", "output"], []),
        ([RNN, "dataset=text"], {}, ["input", "recurrent.0", "cell.0", "output"], ["embedding"]),
        (
            [RNN, "dataset=text"],
            {"dropout": "embedding_word"},
            ["embedding"],
            ["input", "recurrent.0", "cell.0", "output"],
        ),
        ([CNN, "model.hidden=[8]"], {"dropout": "spatial"}, ["input", *CONVOLUTIONS], ["hidden.0"]),
    ],
)
def test_everywhere_is_where_the_method_can_act(
    words: list[str], methods: dict[str, str], dropping: list[str], left_out: list[str]
) -> None:
    found = described(*words, **methods)
    assert set(found.trial.rates) == set(dropping)
    assert set(found.trial.rates.values()) == {0.2}
    warned = [warning for warning in found.warnings if "though placed everywhere" in warning.advice]
    assert {warning.site for warning in warned} == set(left_out)
    assert all("here are" in warning.advice or "it drops channels" in warning.advice for warning in warned)
    assert set(dropping) <= set(found.structure["dropout"])
    assert not set(left_out) & set(found.structure["dropout"])
