"""Generates text with a key/value cache: greedy or by beam search.

Letters in shapes: b pages, k beams, r = b * k rows, n encoder tokens, t generated tokens, d = d_model.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from trainer.model.batch import Batch
from trainer.model.docformer import DocFormerV2
from trainer.model.layers import Attention, DecoderLayer, Residual, attend, mask_out


@dataclass(frozen=True)
class Generated:
    """The best text for each page.

    Attributes:
        ids: (b, t) int64. After the eos of a row, all ids are pad.
        log_prob: (b,) float32: logarithm of the probability of the text, with its eos.
        lengths: (b,) int64: tokens of the text, with its eos.
    """

    ids: Tensor
    log_prob: Tensor
    lengths: Tensor

    @property
    def mean_log_prob(self) -> Tensor:
        """(b,) float32: `log_prob` per token. It compares texts of different lengths."""
        return self.log_prob / self.lengths.clamp(min=1)


@torch.inference_mode()
def generate(model: DocFormerV2, batch: Batch, max_new_tokens: int, beams: int = 1) -> Generated:
    """Generates the most probable text for each page of a batch.

    Args:
        model: in evaluation mode.
        batch: see `trainer.model.batch`; `labels` are not used.
        max_new_tokens: the text ends at eos or after this number of tokens.
        beams: number of texts that are extended at the same time; 1: greedy. With more, the text with the highest
            `mean_log_prob` wins.
    """
    encoded, visible = model.encode(batch)  # (b, n, d), (b, n)
    cache = DecoderCache(model, encoded, visible, max_new_tokens, beams)
    return _greedy(model, cache, max_new_tokens) if beams == 1 else _beam_search(model, cache, max_new_tokens, beams)


class DecoderCache:
    """Keys and values of all decoder layers, for rows that are decoded token by token.

    Args:
        encoded: output of the encoder, (b, n, d).
        visible: its mask, (b, n).
        length: largest number of decoder tokens.
        beams: rows per page.
    """

    def __init__(self, model: DocFormerV2, encoded: Tensor, visible: Tensor, length: int, beams: int) -> None:
        self._model = model
        self.pages, self.rows = len(encoded), len(encoded) * beams
        self.device = encoded.device
        self.bias = model.decoder.position_bias(length)  # (1, heads, t, t)
        empty = encoded.new_zeros(1, 1, 1, encoded.shape[1])
        memory_bias = mask_out(empty, visible[:, None, None]).repeat_interleave(beams, dim=0)  # (r, 1, 1, n)
        self._layers = [
            _CachedLayer(layer, encoded, memory_bias, length, beams)
            for layer in model.decoder.layers
            if isinstance(layer, DecoderLayer)
        ]
        self._place = 0

    def step(self, ids: Tensor) -> Tensor:
        """Returns the float32 log-probabilities (r, vocabulary) of the token that follows `ids` (r,)."""
        model, place = self._model, self._place
        bias = self.bias[:, :, place : place + 1, : place + 1]  # (1, heads, 1, place + 1)
        x = model.tokens(ids)[:, None]  # (r, 1, d)
        for layer in self._layers:
            x = layer.step(x, bias, place)
        self._place += 1
        logits = model.vocabulary(model.decoder.norm(x)[:, 0] * model.config.d_model**-0.5)  # (r, vocabulary)
        return logits.log_softmax(dim=-1, dtype=torch.float32)

    def reorder(self, rows: Tensor) -> None:
        """Replaces each row by the row whose number is in `rows` (r,). Both must belong to the same page."""
        for layer in self._layers:
            layer.reorder(rows, self._place)


class _CachedLayer:
    """A decoder layer that reads one token at a time."""

    def __init__(self, layer: DecoderLayer, encoded: Tensor, memory_bias: Tensor, length: int, beams: int) -> None:
        self._self, self._cross, self._feed_forward = layer.attention, layer.cross_attention, layer.feed_forward
        own, cross = _attention(self._self), _attention(self._cross)
        self._projection = torch.cat([own.query.weight, own.key.weight, own.value.weight])  # (3 * heads * d_kv, d)
        self._memory_bias = memory_bias
        self._keys = cross.split_heads(cross.key(encoded)).repeat_interleave(beams, dim=0)  # (r, heads, n, d_kv)
        self._values = cross.split_heads(cross.value(encoded)).repeat_interleave(beams, dim=0)  # (r, heads, n, d_kv)
        shape = (2, len(encoded) * beams, own.heads, length, self._keys.shape[-1])
        self._past = encoded.new_empty(shape)  # keys and values

    def step(self, x: Tensor, bias: Tensor, place: int) -> Tensor:
        """Returns (r, 1, d) for the token x (r, 1, d) at a place, from 0."""
        own, cross = _attention(self._self), _attention(self._cross)
        projected = F.linear(self._self.norm(x), self._projection).chunk(3, dim=-1)  # 3 x (r, 1, heads * d_kv)
        query, key, value = (own.split_heads(part) for part in projected)  # (r, heads, 1, d_kv) each
        self._past[0][:, :, place], self._past[1][:, :, place] = key[:, :, 0], value[:, :, 0]
        keys, values = self._past[:, :, :, : place + 1]
        x = x + own.merge_heads(attend(query, keys, values, bias))
        query = cross.split_heads(cross.query(self._cross.norm(x)))  # (r, heads, 1, d_kv)
        x = x + cross.merge_heads(attend(query, self._keys, self._values, self._memory_bias))
        return self._feed_forward(x)

    def reorder(self, rows: Tensor, length: int) -> None:
        past = self._past[:, :, :, :length]
        past.copy_(past[:, rows])


def _attention(block: Residual) -> Attention:
    assert isinstance(block.sublayer, Attention)
    return block.sublayer


def _greedy(model: DocFormerV2, cache: DecoderCache, max_new_tokens: int) -> Generated:
    pad, eos = model.config.pad_id, model.config.eos_id
    last = torch.full((cache.rows,), pad, device=cache.device)  # (b,)
    ended = torch.zeros_like(last, dtype=torch.bool)  # (b,)
    log_prob = torch.zeros(cache.rows, device=cache.device)  # (b,)
    columns: list[Tensor] = []
    while len(columns) < max_new_tokens and not bool(ended.all()):
        best, last = cache.step(last).max(dim=-1)  # (b,), (b,)
        last = last.masked_fill(ended, pad)
        log_prob = log_prob + best.masked_fill(ended, 0.0)
        ended = ended | (last == eos)
        columns.append(last)
    return _generated(torch.stack(columns, dim=1), log_prob, eos)


def _generated(ids: Tensor, log_prob: Tensor, eos: int) -> Generated:
    """Returns the result for ids (b, t); everything after eos is pad already."""
    is_eos = ids == eos  # (b, t)
    first = is_eos.int().argmax(dim=1) + 1  # (b,)
    return Generated(ids, log_prob, torch.where(is_eos.any(dim=1), first, ids.shape[1]))


def _beam_search(model: DocFormerV2, cache: DecoderCache, max_new_tokens: int, beams: int) -> Generated:
    """Each page has `beams` open texts. A text that reaches eos is kept if its mean is the best of its page so far."""
    pad, eos, pages = model.config.pad_id, model.config.eos_id, cache.pages
    first_row = torch.arange(pages, device=cache.device)[:, None] * beams  # (b, 1)
    last = torch.full((cache.rows,), pad, device=cache.device)  # (r,)
    texts = last.new_zeros(pages, beams, 0)  # (b, k, t)
    sums = torch.full((pages, beams), -torch.inf, device=cache.device)  # (b, k)
    sums[:, 0] = 0.0  # at first all open texts are the same
    best = _Best(pages, max_new_tokens, pad, cache.device)
    for length in range(1, max_new_tokens + 1):
        log_p = cache.step(last).unflatten(0, (pages, beams))  # (b, k, vocabulary)
        best.update(texts, (sums + log_p[..., eos]) / length, sums + log_p[..., eos], eos)
        log_p[..., eos] = -torch.inf
        sums, chosen = (sums[..., None] + log_p).flatten(1).topk(beams)  # (b, k) twice
        beam, token = chosen // log_p.shape[-1], chosen % log_p.shape[-1]  # (b, k) twice
        texts = torch.cat([texts.gather(1, beam[..., None].expand(-1, -1, length - 1)), token[..., None]], dim=2)
        cache.reorder((first_row + beam).flatten())
        last = token.flatten()
        # Sums only fall, so an open text cannot get a higher mean than its sum over the longest length.
        if bool((sums[:, 0] / max_new_tokens <= best.means).all()):
            return best.result(eos)
    best.update(texts, sums / max_new_tokens, sums, None)
    return best.result(eos)


class _Best:
    """The best finished text of each page."""

    def __init__(self, pages: int, length: int, pad: int, device: torch.device) -> None:
        self.means = torch.full((pages,), -torch.inf, device=device)  # (b,)
        self._sums = self.means.clone()  # (b,)
        self._ids = torch.full((pages, length), pad, device=device)  # (b, t)
        self._pad = pad

    def update(self, texts: Tensor, means: Tensor, sums: Tensor, eos: int | None) -> None:
        """Takes the best of the texts (b, k, t), each ended by eos unless it is None, with means and sums (b, k)."""
        mean, beam = means.max(dim=1)  # (b,), (b,)
        better = (mean > self.means).nonzero()[:, 0]  # (pages that improve,)
        chosen = texts[better, beam[better]]  # (pages that improve, t)
        self.means[better], self._sums[better] = mean[better], sums[better, beam[better]]
        self._ids[better] = self._pad
        self._ids[better, : chosen.shape[1]] = chosen
        if eos is not None:
            self._ids[better, chosen.shape[1]] = eos

    def result(self, eos: int) -> Generated:
        found = _generated(self._ids, self._sums, eos)
        return Generated(found.ids[:, : int(found.lengths.max())], found.log_prob, found.lengths)
