"""Span corruption: the spans, the input, the target and the boxes of sentinels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.tasks.pretraining.denoising import NO_SOURCE, CorruptedText, corrupt, noise_size, sample_spans, window_size
from trainer.tasks.pretraining.objectives import ObjectivesConfig

SENTINELS = tuple(range(32099, 31999, -1))
EOS = 1

IDS = np.arange(10, 16, dtype=np.int32)
BOXES = np.asarray(
    [[0, 0, 50, 20], [60, 0, 90, 20], [100, 5, 180, 25], [0, 40, 70, 60], [80, 40, 99, 60], [200, 40, 300, 60]],
    np.int32,
)
SPANS = np.asarray([[1, 3], [5, 6]])


def corrupted(mask_boxes: str = "hull") -> CorruptedText:
    return corrupt(IDS, BOXES, SPANS, mask_boxes=mask_boxes, sentinel_ids=SENTINELS, eos_id=EOS)


def test_a_span_moves_to_the_target_and_a_sentinel_replaces_it():
    text = corrupted()
    assert text.input_ids.tolist() == [10, 32099, 13, 14, 32098, EOS]
    assert text.labels.tolist() == [32099, 11, 12, 32098, 15, EOS]


def test_source_maps_the_input_to_the_tokens_of_the_text():
    assert corrupted().source.tolist() == [0, NO_SOURCE, 3, 4, NO_SOURCE, NO_SOURCE]


def test_with_hull_a_sentinel_has_the_hull_of_its_span():
    text = corrupted("hull")
    assert text.boxes[1].tolist() == [60, 0, 180, 25]
    assert text.has_box.tolist() == [True, True, True, True, True, False]


def test_with_keep_a_sentinel_has_the_box_of_the_first_token():
    assert corrupted("keep").boxes[1].tolist() == [60, 0, 90, 20]


def test_with_drop_a_sentinel_has_no_box():
    text = corrupted("drop")
    assert text.has_box.tolist() == [True, False, True, True, False, False]
    assert text.boxes[1].tolist() == [0, 0, 0, 0]


def test_tokens_that_are_not_masked_keep_their_boxes():
    assert np.array_equal(corrupted().boxes[[0, 2, 3]], BOXES[[0, 3, 4]])


def test_a_full_window_fills_the_input_and_the_target_fits_the_decoder():
    objectives = ObjectivesConfig()
    window = window_size(objectives, len(SENTINELS))
    noise, spans = noise_size(window, objectives, len(SENTINELS))
    assert (window, noise, spans) == (568, 85, 28)
    assert window - noise + spans + 1 == objectives.max_text_tokens
    assert noise + spans + 1 <= objectives.max_target_tokens


@pytest.mark.parametrize(("tokens", "expected"), [(0, (0, 0)), (1, (0, 0)), (2, (1, 1)), (20, (3, 1)), (100, (15, 5))])
def test_noise_is_15_percent_and_at_least_one_token_stays(tokens, expected):
    assert noise_size(tokens, ObjectivesConfig(), len(SENTINELS)) == expected


def test_a_short_maximum_target_lowers_the_noise():
    noise, spans = noise_size(500, ObjectivesConfig(max_target_tokens=16), len(SENTINELS))
    assert noise + spans + 1 <= 16
    assert noise >= 10


def test_with_a_density_of_0_no_token_is_masked():
    assert noise_size(100, ObjectivesConfig(noise_density=0.0), len(SENTINELS)) == (0, 0)


def test_the_first_and_the_last_token_are_masked_about_as_often_as_other_tokens():
    rng = np.random.default_rng(0)
    masked = np.zeros(20)
    for _ in range(4000):
        for start, end in sample_spans(20, 6, 2, rng):
            masked[start:end] += 1
    assert np.all(np.abs(masked / 4000 - 0.3) < 0.2)
    assert masked[0] > 0
    assert masked[-1] > 0


@given(
    tokens=st.integers(0, 700),
    density=st.floats(0.0, 0.9),
    mean_span=st.floats(1.0, 12.0),
    max_target=st.integers(4, 300),
    seed=st.integers(0, 2**32),
)
def test_the_text_can_be_restored_from_input_and_target(tokens, density, mean_span, max_target, seed):
    objectives = ObjectivesConfig(noise_density=density, mean_span=mean_span, max_target_tokens=max_target)
    rng = np.random.default_rng(seed)
    ids = rng.integers(2, 32000, tokens).astype(np.int32)
    boxes = np.sort(rng.integers(0, 1001, (tokens, 4)), axis=1).astype(np.int32)
    noise, spans = noise_size(tokens, objectives, len(SENTINELS))
    text = corrupt(
        ids,
        boxes,
        sample_spans(tokens, noise, spans, rng),
        mask_boxes="hull",
        sentinel_ids=SENTINELS,
        eos_id=EOS,
    )
    assert np.array_equal(_restore(text), ids)
    assert len(text.labels) == noise + spans + 1 <= max_target
    assert len(text.input_ids) == tokens - noise + spans + 1
    kept = text.source != NO_SOURCE
    assert np.array_equal(text.input_ids[kept], ids[text.source[kept]])
    assert np.array_equal(text.boxes[kept], boxes[text.source[kept]])


def _restore(text: CorruptedText) -> list[int]:
    """Returns the text: the input with each sentinel replaced by its span in the target."""
    spans: dict[int, list[int]] = {}
    for token in text.labels[:-1].tolist():
        if token in SENTINELS:
            spans[token] = span = []
        else:
            span.append(token)
    assert list(spans) == list(SENTINELS[: len(spans)])
    assert all(spans.values())
    return [piece for token in text.input_ids[:-1].tolist() for piece in spans.get(token, [token])]
