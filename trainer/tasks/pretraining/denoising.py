"""T5 span corruption (Raffel et al. 2020, section 3.1.4) of tokens that have boxes on a page.

In the input, each masked span is replaced by one sentinel. The target lists each sentinel, followed by the tokens of
its span. In DocFormerv2 a sentinel may have a box on the page: see `ObjectivesConfig.mask_boxes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from trainer.tasks.pretraining.objectives import ObjectivesConfig

NO_SOURCE = -1


@dataclass(frozen=True)
class CorruptedText:
    """The result of span corruption of a text. `source` maps the input back to the tokens of the text."""

    input_ids: np.ndarray  # (l,) int32; ends with eos
    boxes: np.ndarray  # (l, 4) int32
    has_box: np.ndarray  # (l,) bool; False for eos
    source: np.ndarray  # (l,) int64: index of the token in the text; NO_SOURCE for sentinels and eos
    labels: np.ndarray  # (t,) int32; ends with eos


def noise_size(tokens: int, objectives: ObjectivesConfig, sentinels: int) -> tuple[int, int]:
    """Returns how many of `tokens` tokens are masked, and in how many spans.

    The target never gets longer than `max_target_tokens`. At least one token stays. With a noise_density of 0, no token
    is masked.

    Args:
        tokens: length of the text.
        objectives: density and lengths.
        sentinels: number of sentinels of the tokenizer, the maximum number of spans.
    """
    noise = round(tokens * objectives.noise_density)
    if objectives.noise_density > 0:
        noise = max(noise, 1)
    noise = min(noise, tokens - 1)
    while noise > 0:
        spans = min(max(1, round(noise / objectives.mean_span)), sentinels, tokens - noise + 1)
        if noise + spans + 1 <= objectives.max_target_tokens:
            return noise, spans
        noise -= 1
    return 0, 0


@lru_cache(maxsize=64)
def window_size(objectives: ObjectivesConfig, sentinels: int) -> int:
    """Returns the maximum number of tokens whose corrupted text, including eos, still fits in `max_text_tokens`.

    Masking shortens the text. So the window is longer than the encoder's input, and a full page fills the input.
    """

    def fits(tokens: int) -> bool:
        noise, spans = noise_size(tokens, objectives, sentinels)
        return tokens - noise + spans + 1 <= objectives.max_text_tokens

    window = objectives.max_text_tokens // 2
    while fits(window + 1):
        window += 1
    return window


def sample_spans(tokens: int, noise: int, spans: int, rng: np.random.Generator) -> np.ndarray:
    """Draws the masked spans: `spans` spans with `noise` tokens in total. No span is empty or touches another span.

    The first and the last token are masked about as often as any other token. The original sampler of T5 differs: its
    text always starts with an unmasked and ends with a masked span.

    Returns:
        (spans, 2) int64: start and end (exclusive) of each span.
    """
    if spans == 0:
        return np.zeros((0, 2), np.int64)
    lengths = _random_parts(noise, spans, rng)  # (spans,)
    # The first and the last gap may be empty, but all parts are at least 1. So both are drawn 1 too long.
    gaps = _random_parts(tokens - noise + 2, spans + 1, rng)  # (spans + 1,)
    gaps[0] -= 1
    starts = np.cumsum(gaps[:-1]) + np.cumsum(lengths) - lengths  # (spans,)
    return np.stack([starts, starts + lengths], axis=1)  # (spans, 2)


def _random_parts(total: int, parts: int, rng: np.random.Generator) -> np.ndarray:
    """Returns `parts` positive integers whose sum is `total`. All ordered sums are equally likely."""
    cuts = np.empty(parts + 1, np.int64)
    cuts[0], cuts[-1] = 0, total
    cuts[1:-1] = np.sort(rng.choice(total - 1, parts - 1, replace=False)) + 1
    return cuts[1:] - cuts[:-1]


def corrupt(
    ids: np.ndarray,
    boxes: np.ndarray,
    spans: np.ndarray,
    *,
    mask_boxes: str,
    sentinel_ids: tuple[int, ...],
    eos_id: int,
) -> CorruptedText:
    """Replaces each span by its sentinel in the input, and lists the spans in the target.

    Args:
        ids: (n,) int32: the text.
        boxes: (n, 4) int32.
        spans: (s, 2) int64: the result of `sample_spans`. If s is 0, the target is only eos.
        mask_boxes: see `ObjectivesConfig`.
        sentinel_ids: at least s ids, in the order of their use.
        eos_id: id of the end of the text.
    """
    sentinels = np.asarray(sentinel_ids[: len(spans)], ids.dtype)  # (s,)
    lengths = spans[:, 1] - spans[:, 0]  # (s,)
    masked = np.zeros(len(ids) + 1, np.int8)
    masked[spans[:, 0]], masked[spans[:, 1]] = 1, -1  # no start is also an end, because spans do not touch
    masked = masked[:-1].cumsum(dtype=np.int8).view(bool)  # (n,)
    removed = masked.copy()
    removed[spans[:, 0]] = False  # the sentinel takes the position of the first token of its span
    source = np.flatnonzero(~removed)  # (l - 1,)
    is_sentinel = np.append(masked[source], False)  # (l,)

    input_ids = np.append(ids[source], eos_id).astype(np.int32)  # (l,)
    input_ids[is_sentinel] = sentinels
    input_boxes = np.zeros((len(input_ids), 4), np.int32)  # (l, 4)
    input_boxes[:-1] = boxes[source]
    input_boxes[is_sentinel] = _sentinel_boxes(boxes, spans, mask_boxes)
    has_box = ~is_sentinel if mask_boxes == "drop" else np.ones(len(input_ids), bool)
    has_box[-1] = False
    target = np.insert(ids[masked], np.cumsum(lengths) - lengths, sentinels)
    return CorruptedText(
        input_ids=input_ids,
        boxes=input_boxes,
        has_box=has_box,
        source=np.where(is_sentinel, NO_SOURCE, np.append(source, NO_SOURCE)),
        labels=np.append(target, eos_id).astype(np.int32),
    )


def _sentinel_boxes(boxes: np.ndarray, spans: np.ndarray, mask_boxes: str) -> np.ndarray:
    """Returns (s, 4): the box of the sentinel of each span."""
    if mask_boxes == "hull":
        edges = spans.ravel()  # stretches 0, 2, 4, ... are the spans; stretches 1, 3, ... are the text between them
        inner = edges[:-1] if len(edges) and edges[-1] == len(boxes) else edges
        low = np.minimum.reduceat(boxes[:, :2], inner, axis=0)[::2]
        high = np.maximum.reduceat(boxes[:, 2:], inner, axis=0)[::2]
        return np.concatenate([low, high], axis=1)
    kept = boxes[spans[:, 0]]
    return kept if mask_boxes == "keep" else np.zeros_like(kept)
