"""Keyword arguments are the words of a command, and Hydra reads back what was given."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hydra.core.override_parser.overrides_parser import OverridesParser

from dropout_lab.api.words import word, words_of
from dropout_lab.core.errors import UserError
from dropout_lab.sweeper.space import parse

WORDS = [
    ({"rate": 0.3}, ["rate=0.3"]),
    ({"rate": [0.1, 0.3]}, ["rate=0.1,0.3"]),
    ({"rate": (0.1,)}, ["rate=choice(0.1)"]),
    ({"rate": np.array([0.1, 0.3])}, ["rate=0.1,0.3"]),
    ({"rate": pd.Series([0.1, 0.3])}, ["rate=0.1,0.3"]),
    ({"rate": torch.tensor(0.5)}, ["rate=0.5"]),
    ({"seeds": np.int64(3)}, ["seeds=3"]),
    ({"model.width": range(4, 12, 4)}, ["model.width=4,8"]),
    ({"rate": "interval(0,0.5)"}, ["rate=interval(0,0.5)"]),
    ({"placement": "input,hidden"}, ["placement=input,hidden"]),
    ({"baseline": False, "n_trials": None}, ["baseline=false", "n_trials=null"]),
    ({"optimizer": {"lr": [0.1, 1e-5]}}, ["optimizer.lr=0.1,1e-05"]),
    ({"rates": {"input": 0.1, "hidden.0": [0.2, 0.3]}}, ["rates.input=0.1", "rates.hidden.0=0.2,0.3"]),
    ({"rates": {"hidden.*": 0.1}}, ["rates={hidden.*:0.1}"]),
    ({"dropouts": {"conv": {"name": "spatial"}}}, ["dropouts.conv={name:spatial}"]),
    ({"objective": ["val_loss", "gap"]}, ["objective=[val_loss,gap]"]),
    ({"zip": [["rate", "optimizer.lr"]]}, ["zip=[[rate,optimizer.lr]]"]),
    ({"grids": [{"placement": "input", "rate": [0.1, 0.2]}]}, ["grids=[{placement:input,rate:[0.1,0.2]}]"]),
    ({"sites.insert": ["layer3.*", "fc"]}, ["sites.insert=[layer3.*,fc]"]),
    ({"trainer": {"pretrain_classes": [0, 1]}}, ["trainer.pretrain_classes=[0,1]"]),
    ({"model.channels": [[8, 16], [16, 32]]}, ["model.channels=[8,16],[16,32]"]),
    ({"name": "my sweep, no. 1"}, ["name='my sweep, no. 1'"]),
    ({"dataset.path": "it's.csv"}, ["dataset.path='it\\'s.csv'"]),
    ({"model.activation": ["relu", "null", "a b"]}, ["model.activation=relu,'null','a b'"]),
]


@pytest.mark.parametrize(("given", "expected"), WORDS)
def test_a_keyword_is_the_word_that_one_would_type(given: dict[str, Any], expected: list[str]) -> None:
    assert words_of(given) == expected
    OverridesParser.create().parse_overrides(expected)


@pytest.mark.parametrize(
    "values", [[0.1, 1, "a", "a b", "it's", "null", "1.5", "x\\", True, None, [1, "b c"], {"k": [1.0]}]]
)
def test_the_values_of_a_list_are_read_back_as_they_are(values: list[Any]) -> None:
    (axis,), _ = parse([word("model.x", values)], lambda group: [])
    assert axis.values == values


@pytest.mark.parametrize(
    ("value", "said"),
    [([], "must have a value"), ({1, 2}, "no order"), (object(), "has a object"), (torch.nn.ReLU, "model=...")],
)
def test_what_no_command_can_have_is_refused(value: Any, said: str) -> None:
    with pytest.raises(UserError) as refused:
        word("rate", value)
    assert str(refused.value).startswith("rate")
    assert said in str(refused.value)
