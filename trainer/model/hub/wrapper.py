"""DocFormerV2 as a model, a configuration and a processor of the `transformers` library.

Folio itself does not import this module: `bundle` copies its text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from tokenizers import Tokenizer as FastTokenizer
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import GenerationMixin, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput
from transformers.utils import cached_file

from trainer.model.batch import IGNORE
from trainer.model.config import MODEL_SIZES, ModelConfig
from trainer.model.docformer import DocFormerV2
from trainer.model.page_canvas import page_patches


class DocFormerV2Config(PreTrainedConfig):
    """The settings of the network (`ModelConfig`) with those of `transformers`."""

    model_type = "docformer_v2"

    def __init__(self, **settings: Any) -> None:
        tiny = MODEL_SIZES["tiny"]
        for item in fields(ModelConfig):
            setattr(self, item.name, settings.pop(item.name, getattr(tiny, item.name)))
        settings.setdefault("is_encoder_decoder", True)
        super().__init__(**settings)

    def network(self) -> ModelConfig:
        """Returns the settings of the network."""
        return ModelConfig(**{item.name: getattr(self, item.name) for item in fields(ModelConfig)})


class _EncoderView(nn.Module):
    """The encoder as `generate` calls it. The model is not its submodule, so that no weight has two names."""

    main_input_name = "input_ids"

    def __init__(self, model: DocFormerV2ForConditionalGeneration) -> None:
        super().__init__()
        self._model = [model]

    def forward(self, input_ids: Tensor, return_dict: bool = True, **kwargs: Any) -> BaseModelOutput:
        """Returns the encoder's output (b, v + l, d), visual tokens first."""
        return BaseModelOutput(last_hidden_state=self._model[0].encoded(input_ids, **kwargs)[0])


class DocFormerV2ForConditionalGeneration(PreTrainedModel, GenerationMixin):
    """DocFormerV2 with the interface of an encoder-decoder of `transformers`. Inputs are those of the processor."""

    config_class = DocFormerV2Config
    base_model_prefix = "network"
    main_input_name = "input_ids"
    _tied_weights_keys = {"vocabulary.weight": "tokens.weight"}  # noqa: RUF012 - as the base class declares it
    _supports_cache_class = False

    def __init__(self, config: DocFormerV2Config) -> None:
        super().__init__(config)
        network = DocFormerV2(config.network())
        for name, module in network.named_children():
            self.add_module(name, module)
        self.visual = network.visual
        cast(Any, self.encoder).main_input_name = self.main_input_name  # `generate` reads it
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Returns the token embeddings."""
        return cast(nn.Module, self.tokens)

    def get_output_embeddings(self) -> nn.Module:
        """Returns the output layer, whose weights are the token embeddings."""
        return cast(nn.Module, self.vocabulary)

    def get_encoder(self, *_: Any, **__: Any) -> nn.Module:
        """Returns the encoder as `generate` calls it."""
        return _EncoderView(self)

    def encoded(self, input_ids: Tensor, attention_mask: Tensor | None = None, **inputs: Any) -> tuple[Tensor, Tensor]:
        """Returns the encoder's output (b, v + l, d) and its mask (b, v + l) bool."""
        boxes = inputs.get("boxes")
        no_boxes = boxes is None
        batch: dict[str, Any] = {
            "input_ids": input_ids,
            "text_mask": (torch.ones_like(input_ids) if attention_mask is None else attention_mask).bool(),
            "boxes": input_ids.new_zeros(*input_ids.shape, 4) if no_boxes else boxes,
            "box_visible": torch.zeros_like(input_ids).bool() if no_boxes else inputs["box_visible"],
        }
        if inputs.get("images") is not None:
            batch |= {name: inputs[name] for name in ("images", "patch_boxes", "patch_visible")}
        return DocFormerV2.encode(self, batch)  # type: ignore[arg-type]

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        boxes: Tensor | None = None,
        box_visible: Tensor | None = None,
        images: Tensor | None = None,
        patch_boxes: Tensor | None = None,
        patch_visible: Tensor | None = None,
        decoder_input_ids: Tensor | None = None,
        encoder_outputs: Any = None,
        labels: Tensor | None = None,
        **_: Any,
    ) -> Seq2SeqLMOutput:
        """Returns logits (b, t, vocabulary), and the mean cross entropy if there are labels (b, t)."""
        inputs = {"boxes": boxes, "box_visible": box_visible, "images": images}
        inputs |= {"patch_boxes": patch_boxes, "patch_visible": patch_visible}
        if encoder_outputs is None:
            assert input_ids is not None, "input_ids or encoder_outputs must be given"
            encoded, visible = self.encoded(input_ids, attention_mask, **inputs)
        else:
            encoded, visible = encoder_outputs[0], _mask(encoder_outputs[0], attention_mask, patch_visible)
        if decoder_input_ids is None:
            assert labels is not None, "decoder_input_ids or labels must be given"
            decoder_input_ids = DocFormerV2._shift_right(self, labels)  # type: ignore[arg-type]
        logits = DocFormerV2.decode(self, encoded, visible, decoder_input_ids)  # type: ignore[arg-type]
        loss = None if labels is None else F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORE)
        return Seq2SeqLMOutput(loss=loss, logits=logits, encoder_last_hidden_state=encoded)

    def _decoder_output(self, encoded: Tensor, visible: Tensor, decoder_ids: Tensor) -> Tensor:
        return DocFormerV2._decoder_output(self, encoded, visible, decoder_ids)  # type: ignore[arg-type]

    def prepare_inputs_for_generation(self, input_ids: Tensor, *_: Any, **kwargs: Any) -> dict[str, Any]:
        """Returns the inputs of a decoding step. The whole text is decoded again: there is no key/value cache."""
        # `generate` passes all inputs of the model on to a method whose last parameter is called kwargs.
        kept = {name: kwargs.get(name) for name in ("encoder_outputs", "attention_mask", "patch_visible")}
        return {"decoder_input_ids": input_ids, **kept}


def _mask(encoded: Tensor, attention_mask: Tensor | None, patch_visible: Tensor | None) -> Tensor:
    """Returns the mask (b, v + l) of an encoder's output."""
    visible = encoded.new_ones(encoded.shape[:2]).bool()
    if attention_mask is not None:
        visible[:, -attention_mask.shape[1] :] = attention_mask.bool()
    if patch_visible is not None and attention_mask is not None:
        visible[:, : -attention_mask.shape[1]] = patch_visible
    return visible


class DocFormerV2Processor:
    """Makes the inputs of one page from its words, their boxes and its image.

    Args:
        tokenizer: the tokenizer of the model.
        config: the settings of the network.
        max_text_tokens: longest text: question, page and end. The page is cut, not the question.
    """

    def __init__(self, tokenizer: FastTokenizer, config: DocFormerV2Config, max_text_tokens: int) -> None:
        self.tokenizer, self.config, self.max_text_tokens = tokenizer, config, max_text_tokens

    @classmethod
    def from_pretrained(cls, folder: str, **options: Any) -> DocFormerV2Processor:
        """Opens the processor of an exported model: a folder, or a name on the hub."""
        options = {name: options[name] for name in ("revision", "token", "cache_dir") if name in options}
        paths = [cached_file(folder, name, **options) for name in ("tokenizer.json", "processor_config.json")]
        settings = json.loads(Path(str(paths[1])).read_text(encoding="utf-8"))
        config = DocFormerV2Config.from_pretrained(folder, **options)
        return cls(FastTokenizer.from_file(str(paths[0])), config, settings["max_text_tokens"])

    @classmethod
    def register_for_auto_class(cls, auto_class: str = "AutoProcessor") -> None:
        """Does nothing: the exported folder names the class."""

    def save_pretrained(self, folder: str) -> None:
        """Writes tokenizer and settings."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.tokenizer.save(str(Path(folder, "tokenizer.json")))
        settings = {"processor_class": type(self).__name__, "max_text_tokens": self.max_text_tokens}
        auto_map = {"AutoProcessor": f"modeling_docformer_v2.{type(self).__name__}"}
        Path(folder, "processor_config.json").write_text(json.dumps({**settings, "auto_map": auto_map}))

    def __call__(
        self, words: Sequence[str], boxes: Sequence[Sequence[int]], image: Any = None, question: str = ""
    ) -> dict[str, Tensor]:
        """Returns the inputs of the model for one page.

        Args:
            words: in reading order.
            boxes: x0, y0, x1, y1 of each word in thousandths of the page.
            image: a PIL image or an array (h, w, 3) uint8; None: the model reads only text.
            question: is put in front of the words, as in fine-tuning.
        """
        asked = [self._ids(word) for word in [*question.split(), ":"]] if question else []
        head = [piece for pieces in asked for piece in pieces]
        pieces = [(piece, box) for word, box in zip(words, boxes, strict=True) for piece in self._ids(word)]
        pieces = pieces[: self.max_text_tokens - 1 - len(head)]
        ids = [*head, *(piece for piece, _ in pieces), self.config.eos_id]
        places = [[0] * 4] * len(head) + [list(box) for _, box in pieces] + [[0] * 4]
        visible = [False] * len(head) + [True] * len(pieces) + [False]
        inputs = {"input_ids": ids, "attention_mask": [1] * len(ids), "boxes": places, "box_visible": visible}
        return {name: torch.tensor([value]) for name, value in inputs.items()} | self._patches(image)

    def decode(self, ids: Tensor) -> str:
        """Returns the text of generated ids."""
        return self.tokenizer.decode(ids.tolist(), skip_special_tokens=True).strip()

    def _ids(self, word: str) -> list[int]:
        return self.tokenizer.encode(word, add_special_tokens=False).ids

    def _patches(self, image: Any) -> dict[str, Tensor]:
        page = None if image is None else page_patches(np.asarray(image), self.config.network())
        if page is None:
            return {}
        canvas = np.empty((*page.canvas_size, 3), np.uint8)
        page.draw(canvas)
        return {
            "images": torch.from_numpy(canvas)[None],
            "patch_boxes": torch.from_numpy(page.boxes.copy())[None].long(),
            "patch_visible": torch.from_numpy(page.visible.copy())[None],
        }
