"""DocFormerv2 (Appalaraju et al., AAAI 2024): a T5 that also reads page pixels and word positions.

The encoder reads one sequence: first the visual tokens, then the text. One relative position bias covers the whole
sequence, so the distances between text tokens are those of plain T5, with or without an image. Box embeddings give
each token its place on the page. Text and patches use the same coordinates, but separate box tables.

Letters in shapes: b pages, l text tokens, v visual tokens, n = v + l encoder tokens, t decoder tokens, d = d_model.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.model.batch import IGNORE, Batch
from trainer.model.config import ModelConfig
from trainer.model.embeddings import BoxEmbedding, VisualEmbedding
from trainer.model.layers import Decoder, Encoder
from trainer.model.outcome import Outcome, Outcomes, count_labels
from trainer.model.output_layer import OutputLayer


class DocFormerV2(nn.Module):
    """The encoder-decoder, and optionally the heads of a task.

    Batches are described in `trainer.model.batch`. A batch without `images` is read as text only.

    Args:
        config: sizes of the network.
        heads: makes a module that returns the outcomes of a task's own label tensors from the encoded text (b, l, d)
            and the batch. It is called last, so that the initial weights of all other modules do not depend on it.
    """

    def __init__(self, config: ModelConfig, heads: Callable[[ModelConfig], nn.Module | None] | None = None) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocab_size, config.d_model)
        nn.init.normal_(self.tokens.weight, std=1.0)
        self.boxes = BoxEmbedding(config)
        self.visual = VisualEmbedding(config) if config.visual_tokens else None
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.vocabulary = OutputLayer(config.d_model, config.vocab_size, bias=False)
        self.vocabulary.weight = self.tokens.weight  # tied weights: the reason for the scale in `_decoder_output`
        self.heads = heads(config) if heads is not None else None

    def forward(self, batch: Batch) -> Outcomes:
        """Returns the outcome of each label tensor: `labels` from the decoder, the others from the heads.

        If the batch has no targets (t = 0), the decoder is not run.
        """
        encoded, visible = self.encode(batch)  # (b, n, d), (b, n)
        labels = batch["labels"]  # (b, t)
        outcomes: Outcomes = {}
        if labels.shape[1]:
            decoded = self._decoder_output(encoded, visible, self._shift_right(labels))  # (b, t, d)
            loss_sum, correct = self.vocabulary(decoded, labels)  # scalars
            outcomes["labels"] = Outcome(loss_sum, correct, count_labels(labels))
        if self.heads is not None:
            text = encoded[:, -batch["input_ids"].shape[1] :]  # (b, l, d)
            outcomes |= self.heads(text, batch)
        return outcomes

    def encode(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Runs the encoder.

        Returns:
            The encoder's output (b, v + l, d), visual tokens first, and a mask (b, v + l) that is False for padding.
        """
        x = self.tokens(batch["input_ids"]) + self.boxes(batch["boxes"], batch["box_visible"])  # (b, l, d)
        visible = batch["text_mask"]  # (b, l)
        if self.visual is not None and "images" in batch:
            patches = self.visual(batch["images"], batch["patch_boxes"], batch["patch_visible"])  # (b, v, d)
            x = torch.cat([patches, x], dim=1)  # (b, v + l, d)
            visible = torch.cat([batch["patch_visible"], visible], dim=1)  # (b, v + l)
        return self.encoder(x, visible), visible

    def decode(self, encoded: Tensor, visible: Tensor, decoder_ids: Tensor) -> Tensor:
        """Runs the decoder on given ids.

        Args:
            encoded: output of `encode`, (b, n, d).
            visible: mask of `encode`, (b, n).
            decoder_ids: (b, t) int64; each row begins with pad.

        Returns:
            Logits (b, t, vocabulary) of the token that follows each position of `decoder_ids`.
        """
        return self.vocabulary(self._decoder_output(encoded, visible, decoder_ids))  # (b, t, vocabulary)

    def _decoder_output(self, encoded: Tensor, visible: Tensor, decoder_ids: Tensor) -> Tensor:
        """Returns (b, t, d), multiplied by d ** -0.5 because the output layer uses the embedding weights, as in T5."""
        return self.decoder(self.tokens(decoder_ids), encoded, visible) * self.config.d_model**-0.5  # (b, t, d)

    def _shift_right(self, labels: Tensor) -> Tensor:
        """Returns the decoder's input (b, t): pad, then all labels except the last one."""
        shifted = F.pad(labels[:, :-1], (1, 0), value=self.config.pad_id)  # (b, t)
        return shifted.masked_fill(shifted == IGNORE, self.config.pad_id)
