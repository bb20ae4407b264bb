"""Which network reads a line, and how often, without real networks."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.ocr.line_reader import QUICK_SURE_SCORE, SURE_SCORE, LineReader, is_plain
from pipelines.ocr.recognise import LineText, Recogniser, TextRun

ALPHABET = ["", *"abcdefghijklmnopqrstuvwxyz0123456789.\u3042\u0219 "]
PAGE = np.full((60, 220, 3), 255, np.uint8)
QUAD = np.array([(10, 20), (210, 20), (210, 40), (10, 40)], np.float32)
SURE = 0.99


class Fake:
    """A network that reads the given texts, one after the other and each with a score. The last one is repeated.

    `-` is a blank.

    `widths` has the width of every strip that it was given.
    """

    def __init__(self, *readings: tuple[str, float]) -> None:
        self.readings = list(readings)
        self.widths: list[int] = []

    def __call__(self, strips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns = []
        for strip in strips:
            self.widths.append(strip.shape[2])
            text, score = self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]
            # A blank after each character, so that equal neighbours are two characters.
            classes = [kind for character in text for kind in (ALPHABET.index(character.strip("-")), 0)]
            columns.append((classes, [score] * len(classes)))
        classes, scores = zip(*columns, strict=True)
        return np.array(classes), np.array(scores, np.float32)


def read(network: Fake, quick: Fake | None = None, alphabet: list[str] = ALPHABET, lines: int = 1) -> list[str]:
    """Returns the text of each line of a page, with its runs joined by spaces."""
    reader = LineReader(Recogniser(network, ALPHABET), quick and Recogniser(quick, alphabet))
    return [" ".join(run.text for run in line.runs) for line in reader.read(PAGE, [QUAD] * lines)]


def test_the_large_network_alone_reads_a_line_with_a_high_score_once():
    network = Fake(("ab", SURE_SCORE + 0.01))
    assert read(network) == ["ab"]
    assert len(network.widths) == 1


def test_the_large_network_alone_reads_a_line_with_a_low_score_again_wider_and_the_better_reading_is_kept():
    network = Fake(("ab", SURE_SCORE - 0.01), ("ac", SURE))
    assert read(network) == ["ac"]
    assert network.widths[1] > network.widths[0]


def test_no_network_is_called_for_a_page_without_lines():
    network = Fake(("ab", SURE))
    assert read(network, network, lines=0) == []
    assert network.widths == []


def test_a_plain_line_with_a_high_score_is_read_once_by_the_quick_network():
    network, quick = Fake(("x", SURE)), Fake(("ab", QUICK_SURE_SCORE + 0.01))
    assert read(network, quick) == ["ab"]
    assert (len(network.widths), len(quick.widths)) == (0, 1)


@pytest.mark.parametrize(("text", "score"), [("ab cd", QUICK_SURE_SCORE - 0.01), ("15.00", SURE)])
def test_two_readings_of_the_quick_network_that_agree_are_enough_for_a_doubtful_line(text, score):
    network, quick = Fake(("x", SURE)), Fake((text, score), (text, score))
    assert read(network, quick) == [text]
    assert (len(network.widths), len(quick.widths)) == (0, 2)
    assert quick.widths[1] > quick.widths[0]


def test_the_large_network_reads_only_the_words_on_which_the_two_readings_disagree():
    network = Fake(("15.00", SURE))
    quick = Fake(("total of sum 1500 paid on time", 0.92), ("total of sum 15.00 paid on time", 0.92))
    assert read(network, quick) == ["total of sum 15.00 paid on time"]
    assert len(network.widths) == 1
    assert network.widths[0] < max(quick.widths) / 3


def test_a_word_of_only_one_reading_is_read_by_the_large_network():
    network = Fake(("new", SURE))
    quick = Fake(("ab cd ef new gh ij kl", 0.92), ("ab cd ef gh ij kl", 0.92))
    assert read(network, quick) == ["ab cd ef new gh ij kl"]


def test_two_readings_that_agree_with_low_scores_are_not_enough():
    network, quick = Fake(("x", SURE)), Fake(("ab", 0.5), ("ab", 0.6))
    assert read(network, quick) == ["x"]


def test_the_large_network_reads_a_whole_line_that_is_doubtful_in_most_parts():
    network, quick = Fake(("all new", SURE)), Fake(("ab cd ef", 0.9), ("gh ij ef", 0.9))
    assert read(network, quick) == ["all new"]


def test_the_large_network_reads_a_line_with_wide_characters_after_one_reading_of_the_quick_one():
    network, quick = Fake(("x", SURE)), Fake(("ab\u3042", SURE))
    assert read(network, quick) == ["x"]
    assert (len(network.widths), len(quick.widths)) == (1, 1)


def test_the_large_network_reads_a_line_in_which_only_the_second_reading_has_wide_characters():
    network, quick = Fake(("x", SURE)), Fake(("ab", 0.93), ("ab\u3042", 0.93))
    assert read(network, quick) == ["x"]


def test_a_line_in_which_the_quick_network_sees_nothing_is_read_by_the_large_network():
    network, quick = Fake(("ab", SURE)), Fake(("-", SURE))
    assert read(network, quick) == ["ab"]


def test_the_large_network_reads_the_whole_page_if_it_finds_a_letter_that_the_quick_one_does_not_know():
    without_s_comma = [character for character in ALPHABET if character != "\u0219"]
    network = Fake(("\u0219", SURE), ("a\u0219", SURE))
    quick = Fake(("as", SURE), ("as", 0.3), ("as", 0.3))
    assert read(network, quick, without_s_comma, lines=2) == ["a\u0219", "a\u0219"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [("Total amount", True), ("Page 2 of the report", True), ("31.00", False), ("Total \u3042", False)],
)
def test_one_reading_is_not_enough_for_numbers_and_wide_characters(text, plain):
    runs = tuple(TextRun(word, 0.0, 1.0, 0.99) for word in text.split())
    assert is_plain(LineText(runs, 0.99)) == plain
