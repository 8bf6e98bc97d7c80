"""Architectures of transformers on texts: padding is masked, sites are found, they are trained as their engine says."""

from pathlib import Path
from typing import Any

import pytest
import torch

from dropout_lab.build.builder import Builder
from dropout_lab.build.network import network
from dropout_lab.core.errors import UserError
from dropout_lab.core.tokens import PADDING

pytest.importorskip("transformers", reason="transformers is not installed")

TARGET = "dropout_lab.adoption.huggingface.HuggingFace"
SIZES = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 8}
BERT = {"model_type": "bert", "hidden_size": 8, **SIZES}
GPT2 = {"model_type": "gpt2", "n_embd": 8, "n_layer": 2, "n_head": 2, "n_positions": 16}
WORDS = ["good fine film", "bad poor film and long", "fine", "poor and bad", "a good film", "a long bad film"]


@pytest.fixture
def texts(tmp_path: Path) -> dict[str, Any]:
    lines = [f"{words},{'bad' if 'bad' in words else 'good'}" for words in WORDS * 12]
    (tmp_path / "texts.csv").write_text("text,label\n" + "\n".join(lines) + "\n")
    return {
        "_target_": "dropout_lab.datasets.labelled_text.labelled_text",
        "path": str(tmp_path / "texts.csv"),
        **{"text": "text", "target": "label", "length": 6},
    }


@pytest.mark.parametrize(("config", "engine"), [(BERT, "lanes"), (GPT2, "loop")])
def test_it_is_adopted_and_padding_changes_no_answer(
    config: dict[str, Any], engine: str, texts: dict[str, Any]
) -> None:
    builder, section = Builder(), {"_target_": TARGET, "config": config}
    assert builder.engine(section, texts)[0] == engine
    infos = builder.site_infos(section, texts)
    assert {info.own.method for info in infos if info.own is not None} == {"standard", "attention"}
    made: Any = network(section, builder.dataset(texts)).eval()
    x = torch.tensor([[3, 4, 5, PADDING, PADDING, PADDING]])
    with torch.no_grad():
        alone = made.model(input_ids=x[:, :3]).logits
        assert torch.allclose(made(x), alone, atol=1e-5)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"model_type": "brt"}, "there is no model_type 'brt'; some are bert"),
        ({"hidden_size": 8}, "there is no model_type None"),
        ({"model_type": "bert", "vocab_size": 9}, "vocab_size come from the data; leave them out"),
        (
            {**BERT, "hidden_size": 9},
            "config: AutoModelForSequenceClassification",
        ),
        ("no/such/folder", "there is no model_type 'no/such/folder'"),
    ],
)
def test_a_mistake_is_refused(config: Any, said: str, texts: dict[str, Any]) -> None:
    builder = Builder()
    with pytest.raises(UserError) as refused:
        network({"_target_": TARGET, "config": config}, builder.dataset(texts))
    assert said in str(refused.value)
