"""Architectures of Hugging Face's transformers, untrained, by their configuration: model=huggingface."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dropout_lab.core.errors import UserError
from dropout_lab.core.tokens import PADDING

HEADS = {True: "AutoModelForTokenClassification", False: "AutoModelForSequenceClassification"}
"""Whether every position is classified -> the class of transformers that reads token ids."""

IMAGES = "AutoModelForImageClassification"

SMALL: Mapping[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
}
"""A size that trains in minutes on a CPU."""


class HuggingFace(nn.Module):
    """A model of transformers with a head for the data's outputs, its weights drawn anew.

    Shape: token ids (batch, steps), whose padding is masked, or images (batch, channels, height, width) -> (batch,
    outputs), or (batch, steps, outputs) where every position is classified.

    Args:
        config: arguments of the model's configuration with its `model_type`, such as {model_type: bert, hidden_size:
            64}; or a type alone; or a folder with a config.json; None: a BERT, or a vision
            transformer, of the size `SMALL`. Vocabulary, outputs, padding and the
            size of images come from the data.
        vocabulary: the number of tokens; None for images.

    Raises UserError where transformers is missing, or does not know the type.
    """

    def __init__(
        self,
        config: str | Mapping[str, Any] | None,
        input_shape: Sequence[int],
        outputs: int,
        vocabulary: int | None = None,
        per_position: bool = False,
    ) -> None:
        super().__init__()
        of_data: dict[str, Any] = {"num_labels": outputs}
        if vocabulary is None:
            of_data |= {"num_channels": input_shape[0], "image_size": input_shape[-1]}
        else:
            of_data |= {"vocab_size": vocabulary, "pad_token_id": PADDING, "bos_token_id": None, "eos_token_id": None}
        transformers = _transformers()
        made = _configuration(transformers, _small(vocabulary) if config is None else config, of_data)
        kind = getattr(transformers, IMAGES if vocabulary is None else HEADS[per_position])
        try:
            self.model = kind.from_config(made)
        except (ValueError, TypeError, KeyError) as error:
            raise UserError(f"config: {kind.__name__} cannot be made of it: {str(error).splitlines()[0]}") from error
        self._reads_tokens = vocabulary is not None
        self._masks_pairs = self._reads_tokens and _answers_alike(self.model, vocabulary or 0, input_shape[0])

    def forward(self, x: Tensor) -> Any:
        if not self._reads_tokens:
            return self.model(pixel_values=x)
        return self.model(input_ids=x, attention_mask=_pairs(x) if self._masks_pairs else (x != PADDING).long())


def _small(vocabulary: int | None) -> Mapping[str, Any]:
    """A BERT for texts, a vision transformer for images."""
    if vocabulary is not None:
        return {"model_type": "bert", **SMALL}
    rates = {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}  # a BERT's, which transformers sets to 0
    return {"model_type": "vit", "patch_size": 4, **rates, **SMALL}


def _pairs(x: Tensor) -> Tensor:
    """Which step may see which, (batch, 1, steps, steps): transformers takes it without a branch on its values."""
    return (x != PADDING)[:, None, None, :].expand(x.shape[0], 1, x.shape[1], x.shape[1])


def _answers_alike(model: nn.Module, vocabulary: int, steps: int) -> bool:
    """Whether a model gives the same answers to a mask of pairs, which a causal one does not.

    Tried at large weights: at their first ones, attention is nearly uniform, whatever it may see.
    """
    tried = copy.deepcopy(model).eval()
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(0)
            for value in tried.parameters():
                value.copy_(torch.randn_like(value) / 2)
            x = torch.randint(PADDING + 1, vocabulary, (4, steps))
            x[:2, steps // 2 + 1 :] = PADDING
            masks = _pairs(x), (x != PADDING).long()
            answers = [tried(input_ids=x, attention_mask=mask).logits for mask in masks]
    except (ValueError, RuntimeError, TypeError, IndexError):
        return False
    kept = (x != PADDING) if answers[0].dim() == 3 else slice(None)  # the answers at padding count nothing
    return torch.allclose(answers[0][kept], answers[1][kept], rtol=1e-4, atol=1e-5)


def _configuration(transformers: Any, config: str | Mapping[str, Any], of_data: Mapping[str, Any]) -> Any:
    if isinstance(config, str) and Path(config).is_dir():
        return transformers.AutoConfig.from_pretrained(config, local_files_only=True, **of_data)
    given = {"model_type": config} if isinstance(config, str) else dict(config)
    kind = given.pop("model_type", None)
    if not isinstance(kind, str) or kind not in transformers.CONFIG_MAPPING:
        raise UserError(
            f"config: there is no model_type {kind!r}; some are bert, distilbert, gpt2 and vit; a folder must hold a"
            " config.json"
        )
    if known := sorted(given.keys() & of_data.keys()):
        raise UserError(f"config: {', '.join(known)} come from the data; leave them out")
    return transformers.AutoConfig.for_model(kind, **given, **of_data)


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise UserError(
            "model=huggingface needs the extra transformers: pip install 'dropout-lab[transformers]' (in a checkout:"
            " pip install -e '.[transformers]')"
        ) from error
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    return transformers
