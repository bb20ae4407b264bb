"""DocFormerV2 as a model and a configuration of the `transformers` library.

Folio itself does not import this module: `bundle` copies its text.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput

from trainer.model.batch import IGNORE
from trainer.model.config import MODEL_SIZES, ModelConfig
from trainer.model.docformer import DocFormerV2


class DocFormerV2Config(PretrainedConfig):
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
