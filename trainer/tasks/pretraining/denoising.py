"""T5 span corruption (Raffel et al. 2020, section 3.1.4) of tokens that stand on a page.

The input keeps the text with each masked span replaced by one sentinel; the target lists every sentinel followed by the
span it stands for. DocFormerv2 lets a sentinel keep a place on the page: see `ObjectivesConfig.mask_boxes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from trainer.tasks.pretraining.objectives import ObjectivesConfig

NO_SOURCE = -1


@dataclass(frozen=True)
class CorruptedText:
    """What span corruption makes of t tokens. `source` leads from the input back to the tokens."""

    input_ids: np.ndarray  # (l,) int32, closed by eos
    boxes: np.ndarray  # (l, 4) int32
    has_box: np.ndarray  # (l,) bool; eos has none
    source: np.ndarray  # (l,) int64: index of the token, NO_SOURCE for sentinels and eos
    labels: np.ndarray  # (t',) int32, closed by eos


def noise_size(tokens: int, objectives: ObjectivesConfig, sentinels: int) -> tuple[int, int]:
    """How many of `tokens` are masked, and in how many spans; the target never outgrows `max_target_tokens`.

    One token always stays, and none is masked when noise_density is 0.
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
    """The most tokens of a page whose corrupted text, with eos, still fits `max_text_tokens`.

    Masking shortens the text, so the window is longer than the encoder's input, which full pages fill exactly.
    """

    def fits(tokens: int) -> bool:
        noise, spans = noise_size(tokens, objectives, sentinels)
        return tokens - noise + spans + 1 <= objectives.max_text_tokens

    window = objectives.max_text_tokens // 2
    while fits(window + 1):
        window += 1
    return window


def sample_spans(tokens: int, noise: int, spans: int, rng: np.random.Generator) -> np.ndarray:
    """Where the masked spans lie: `spans` runs of `noise` tokens in all, none empty, none touching the next.

    Returns (spans, 2) int64 of [start, end). Unlike T5's own sampler, which starts with kept and ends with masked text,
    the first and the last token are masked as often as any other.
    """
    if spans == 0:
        return np.zeros((0, 2), np.int64)
    lengths = _random_parts(noise, spans, rng)
    gaps = _random_parts(tokens - noise + 2, spans + 1, rng)  # the outer two may be empty: one too many in each
    gaps[0] -= 1
    starts = np.cumsum(gaps[:-1]) + np.cumsum(lengths) - lengths
    return np.stack([starts, starts + lengths], axis=1)


def _random_parts(total: int, parts: int, rng: np.random.Generator) -> np.ndarray:
    """`total` as a uniformly drawn ordered sum of `parts` positive integers."""
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
    """Replace each span by its sentinel and list the spans as the target.

    ids: (t,), boxes: (t, 4), spans: (s, 2) as `sample_spans` gives them; s may be 0, then the target is eos alone.
    """
    sentinels = np.asarray(sentinel_ids[: len(spans)], ids.dtype)
    lengths = spans[:, 1] - spans[:, 0]
    masked = np.zeros(len(ids) + 1, np.int8)
    masked[spans[:, 0]], masked[spans[:, 1]] = 1, -1  # spans do not touch
    masked = masked[:-1].cumsum(dtype=np.int8).view(bool)
    swallowed = masked.copy()
    swallowed[spans[:, 0]] = False  # a span's first token leaves its place to the sentinel
    source = np.flatnonzero(~swallowed)
    is_sentinel = np.append(masked[source], False)

    input_ids = np.append(ids[source], eos_id).astype(np.int32)
    input_ids[is_sentinel] = sentinels
    input_boxes = np.zeros((len(input_ids), 4), np.int32)
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
    """(s, 4): the box of each span's sentinel."""
    if mask_boxes == "hull":
        edges = spans.ravel()  # each odd stretch lies between two spans
        inner = edges[:-1] if len(edges) and edges[-1] == len(boxes) else edges
        low = np.minimum.reduceat(boxes[:, :2], inner, axis=0)[::2]
        high = np.maximum.reduceat(boxes[:, 2:], inner, axis=0)[::2]
        return np.concatenate([low, high], axis=1)
    kept = boxes[spans[:, 0]]
    return kept if mask_boxes == "keep" else np.zeros_like(kept)
