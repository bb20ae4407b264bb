"""DocFormerv2 (Appalaraju et al., AAAI 2024): T5 that also reads page pixels and word positions.

The encoder reads one sequence, visual tokens in front of the text, under one relative position bias over the whole of
it; text keeps the distances of plain T5 with an image or without. Where things are on the page is said by the box
embeddings, which text and patches share in coordinates, not in tables.
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
    """The encoder-decoder, and what a task adds to it.

    Batches are described in `trainer.model.batch`. A batch without `images` is read as text alone.

    Args:
        heads: makes a module that returns the outcomes of a task's own label tensors, from the encoded text (b, l, d)
            and the batch. It is called last, so that the initial weights of the rest do not depend on it.
    """

    def __init__(self, config: ModelConfig, heads: Callable[[ModelConfig], nn.Module] | None = None) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocab_size, config.d_model)
        nn.init.normal_(self.tokens.weight, std=1.0)
        self.boxes = BoxEmbedding(config)
        self.visual = VisualEmbedding(config) if config.visual_tokens else None
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.vocabulary = OutputLayer(config.d_model, config.vocab_size, bias=False)
        self.vocabulary.weight = self.tokens.weight  # tied, hence the scale of the decoder's output
        self.heads = heads(config) if heads is not None else None

    def forward(self, batch: Batch) -> Outcomes:
        """Returns the outcome of each label tensor: `labels` by the decoder, the others by the heads."""
        encoded, visible = self.encode(batch)
        labels = batch["labels"]
        decoded = self._decoder_output(encoded, visible, self._shift_right(labels))
        loss_sum, correct = self.vocabulary(decoded, labels)
        outcomes = {"labels": Outcome(loss_sum, correct, count_labels(labels))}
        if self.heads is not None:
            text = encoded[:, -batch["input_ids"].shape[1] :]  # (b, l, d)
            outcomes |= self.heads(text, batch)
        return outcomes

    def encode(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Returns the encoder's output (b, v + l, d), visual tokens first, and where it is no padding (b, v + l)."""
        x = self.tokens(batch["input_ids"]) + self.boxes(batch["boxes"], batch["box_visible"])
        visible = batch["text_mask"]
        if self.visual is not None and "images" in batch:
            patches = self.visual(batch["images"], batch["patch_boxes"], batch["patch_visible"])
            x = torch.cat([patches, x], dim=1)
            visible = torch.cat([batch["patch_visible"], visible], dim=1)
        return self.encoder(x, visible), visible

    def decode(self, encoded: Tensor, visible: Tensor, decoder_ids: Tensor) -> Tensor:
        """Logits (b, t, vocabulary) of the token after each of decoder_ids (b, t), which begin with pad."""
        return self.vocabulary(self._decoder_output(encoded, visible, decoder_ids))

    @torch.inference_mode()
    def generate(self, batch: Batch, max_new_tokens: int) -> Tensor:
        """Greedy decoding. Returns ids (b, at most max_new_tokens); after a row's eos all is pad."""
        encoded, visible = self.encode(batch)
        ids = torch.full((len(encoded), 1), self.config.pad_id, device=encoded.device)
        ended = torch.zeros(len(encoded), dtype=torch.bool, device=encoded.device)
        while ids.shape[1] <= max_new_tokens and not ended.all():
            best = self.decode(encoded, visible, ids)[:, -1].argmax(dim=-1)
            best = best.masked_fill(ended, self.config.pad_id)
            ids = torch.cat([ids, best[:, None]], dim=1)
            ended |= best == self.config.eos_id
        return ids[:, 1:]

    def _decoder_output(self, encoded: Tensor, visible: Tensor, decoder_ids: Tensor) -> Tensor:
        """(b, t, d), of the size that the tied vocabulary layer takes."""
        return self.decoder(self.tokens(decoder_ids), encoded, visible) * self.config.d_model**-0.5

    def _shift_right(self, labels: Tensor) -> Tensor:
        """The decoder's input: pad, then the labels without their last."""
        shifted = F.pad(labels[:, :-1], (1, 0), value=self.config.pad_id)
        return shifted.masked_fill(shifted == IGNORE, self.config.pad_id)
