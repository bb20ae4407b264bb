"""From lines to words with one network: batches, strips and decoding, without a real network."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ocr.recognise import (
    BATCH_SIZES,
    MAX_STRIP_WIDTH,
    STRIP_HEIGHT,
    batches,
    cut_strip,
    decode,
    padded,
    strip_width,
)

ALPHABET = ["", *"abcdefghijklmnopqrstuvwxyz", " "]
WIDTHS = st.lists(st.integers(1, MAX_STRIP_WIDTH), max_size=40)
QUAD = np.array([(10, 20), (110, 20), (110, 40), (10, 40)], np.float32)


def columns(text: str, score: float = 0.99) -> tuple[np.ndarray, np.ndarray]:
    """Returns the output of a network that reads `text`, one character per column. `-` is the blank."""
    classes = [0 if character == "-" else ALPHABET.index(character) for character in text]
    return np.array(classes), np.full(len(text), score, np.float32)


def words(text: str) -> list[str]:
    return [run.text for run in decode(*columns(text), ALPHABET, len(text)).runs]


@given(WIDTHS)
def test_every_strip_is_in_exactly_one_batch(widths):
    assert sorted(index for batch in batches(widths) for index in batch) == list(range(len(widths)))


@given(WIDTHS)
def test_batches_have_few_sizes_and_strips_of_similar_width(widths):
    for batch in batches(widths):
        chosen = [widths[index] for index in batch]
        assert len(batch) in BATCH_SIZES
        assert max(chosen) - min(chosen) <= 64


@given(st.integers(1, MAX_STRIP_WIDTH))
def test_padding_is_less_than_16_pixels_or_a_sixteenth_of_the_width(width):
    assert width <= padded(width) < width + max(16, width / 16 + 1)


def test_there_are_fewer_than_80_padded_widths():
    assert len({padded(width) for width in range(1, MAX_STRIP_WIDTH + 1)}) < 80


def test_repeated_columns_are_one_character_unless_a_blank_is_between_them():
    assert words("hhe-ll-lo") == ["hello"]


def test_white_space_separates_words_and_is_in_no_word():
    assert words("a- b  --cd ") == ["a", "b", "cd"]


def test_a_line_of_blanks_has_no_words_and_no_score():
    line = decode(*columns("----"), ALPHABET, 4)
    assert (line.runs, line.score) == ((), 0.0)


@given(st.text("ab -", min_size=1, max_size=30))
def test_the_words_of_a_line_are_in_order_and_inside_the_line(text):
    runs = decode(*columns(text), ALPHABET, len(text)).runs
    assert all(0 <= run.start < run.end <= 1 for run in runs)
    assert [run.start for run in runs] == sorted(run.start for run in runs)


def test_a_strip_is_the_inside_of_its_quadrangle_scaled_to_minus_1_to_1():
    image = np.zeros((60, 120, 3), np.uint8)
    image[20:40, 10:60] = 255
    strip = cut_strip(image, QUAD, 240)
    assert strip.shape == (3, STRIP_HEIGHT, 240)
    assert np.allclose(strip[:, 2:-3, 5:115], 1)
    assert np.allclose(strip[:, 2:-3, 125:], -1)


def test_a_rotated_line_has_the_same_strip_as_the_straight_line():
    rng = np.random.Generator(np.random.PCG64(3))
    image = cv2.GaussianBlur(rng.integers(0, 256, (200, 200, 3), np.uint8), (0, 0), 4)
    quad = np.array([(50, 90), (150, 90), (150, 110), (50, 110)], np.float32)
    turn = cv2.getRotationMatrix2D((100, 100), 30, 1)
    turned = cv2.warpAffine(image, turn, (200, 200))
    straight, slanted = cut_strip(image, quad, 200), cut_strip(turned, cv2.transform(quad[None], turn)[0], 200)
    assert np.abs(straight - slanted).mean() < 0.03


def test_a_quadrangle_without_area_still_has_a_strip():
    assert 1 <= strip_width(np.zeros((4, 2), np.float32), 0.6) <= MAX_STRIP_WIDTH
