"""From lines to words: batches, strips and decoding, without a real network."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ocr.recognise import (
    BATCH_SIZES,
    FIRST_STRETCH,
    MAX_STRIP_WIDTH,
    QUICK_SURE_SCORE,
    STRIP_HEIGHT,
    SURE_SCORE,
    LineReader,
    LineText,
    Recogniser,
    TextRun,
    batches,
    cut_strip,
    decode,
    is_plain,
    padded,
    strip_width,
)

ALPHABET = ["", *"abcdefghijklmnopqrstuvwxyz", " "]
WIDTHS = st.lists(st.integers(1, MAX_STRIP_WIDTH), max_size=40)
QUAD = np.array([(10, 20), (110, 20), (110, 40), (10, 40)], np.float32)


def columns(text: str, score: float = 0.99) -> np.ndarray:
    """Returns the output of a network that reads `text`, one character per column. `-` is the blank."""
    probabilities = np.full((len(text), len(ALPHABET)), (1 - score) / (len(ALPHABET) - 1), np.float32)
    for column, character in enumerate(text):
        probabilities[column, 0 if character == "-" else ALPHABET.index(character)] = score
    return probabilities


def words(text: str) -> list[str]:
    return [run.text for run in decode(columns(text), ALPHABET, len(text)).runs]


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
    line = decode(columns("----"), ALPHABET, 4)
    assert (line.runs, line.score) == ((), 0.0)


@given(st.text("ab -", min_size=1, max_size=30))
def test_the_words_of_a_line_are_in_order_and_inside_the_line(text):
    runs = decode(columns(text), ALPHABET, len(text)).runs
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
    assert 1 <= strip_width(np.zeros((4, 2), np.float32), FIRST_STRETCH) <= MAX_STRIP_WIDTH


class FakeNetwork:
    """A network that reads "ab" with a given score on the first call, and "ac" with a high score on the second.

    `widths` has the width of every strip that it was given.
    """

    def __init__(self, first_score: float) -> None:
        self.first_score = first_score
        self.widths: list[int] = []

    def __call__(self, strips: np.ndarray) -> np.ndarray:
        self.widths += [strips.shape[3]] * len(strips)
        first = len(self.widths) <= 1
        return np.stack([columns("ab" if first else "ac", self.first_score if first else 0.99)] * len(strips))


def read(network: FakeNetwork, quick: FakeNetwork | None = None) -> LineText:
    """Reads a page with one line."""
    reader = LineReader(Recogniser(network, ALPHABET), quick and Recogniser(quick, ALPHABET))
    (line,) = reader.read(np.zeros((60, 120, 3), np.uint8), [QUAD])
    return line


def test_a_line_with_a_high_score_is_read_once():
    network = FakeNetwork(SURE_SCORE + 0.01)
    line = read(network)
    assert [run.text for run in line.runs] == ["ab"]
    assert len(network.widths) == 1


def test_a_line_with_a_low_score_is_read_again_wider_and_the_better_reading_is_kept():
    network = FakeNetwork(SURE_SCORE - 0.01)
    line = read(network)
    assert [run.text for run in line.runs] == ["ac"]
    assert network.widths[1] > network.widths[0]


def test_the_network_is_not_called_for_a_page_without_lines():
    network = FakeNetwork(1.0)
    reader = LineReader(Recogniser(network, ALPHABET), Recogniser(network, ALPHABET))
    assert reader.read(np.zeros((60, 120, 3), np.uint8), []) == []
    assert network.widths == []


def test_a_line_with_a_high_quick_score_is_not_read_by_the_large_network():
    network, quick = FakeNetwork(1.0), FakeNetwork(QUICK_SURE_SCORE + 0.01)
    assert [run.text for run in read(network, quick).runs] == ["ab"]
    assert (len(network.widths), len(quick.widths)) == (0, 1)


def test_a_line_with_a_low_quick_score_has_the_reading_of_the_large_network_whatever_its_score():
    network, quick = FakeNetwork(SURE_SCORE - 0.2), FakeNetwork(QUICK_SURE_SCORE - 0.01)
    assert [run.text for run in read(network, quick).runs] == ["ac"]
    assert (len(network.widths), len(quick.widths)) == (2, 1)


@pytest.mark.parametrize(("also_on_the_page", "read"), [("\u0219", ["\u0219", "\u0219"]), ("s", ["a", "s"])])
def test_the_large_network_reads_the_whole_page_if_the_quick_one_does_not_know_a_letter_on_it(also_on_the_page, read):
    alphabet = ["", "a", "s", "\u0219"]

    def network(*classes: int) -> Recogniser:
        """Reads one character per line, given by its class. Class 0 is the blank: the line has the score 0."""
        answers = iter(classes)
        return Recogniser(lambda strips: np.stack([np.eye(4)[[next(answers)]] for _ in strips]), alphabet[:3])

    found = alphabet.index(also_on_the_page)
    other = Recogniser(lambda strips: np.stack([np.eye(4)[[found]]] * len(strips)), alphabet)
    lines = LineReader(other, network(1, 0)).read(np.zeros((60, 120, 3), np.uint8), [QUAD, QUAD])
    assert [line.runs[0].text for line in lines] == read


@pytest.mark.parametrize(
    ("text", "plain"),
    [("Total amount", True), ("Page 2 of the report", True), ("31.00", False), ("Total \u3042", False)],
)
def test_only_the_large_network_reads_numbers_and_wide_characters(text, plain):
    runs = tuple(TextRun(word, 0.0, 1.0, 0.99) for word in text.split())
    assert is_plain(LineText(runs, 0.99)) == plain
