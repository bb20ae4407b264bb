"""Where two readings of a line disagree, and how another reading is put there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipelines.ocr.recognise import LineText, TextRun
from pipelines.ocr.spans import Span, disagreements, moved_to_gaps, replaced

QUAD = np.array([(10, 20), (410, 20), (410, 50), (10, 50)], np.float32)


def line(*words: str, score: float = 0.95) -> LineText:
    """Returns words of the same width, with gaps of a fifth of it between them."""
    pitch = 1 / len(words) if words else 1.0
    runs = (TextRun(word, index * pitch, (index + 0.8) * pitch, score) for index, word in enumerate(words))
    return LineText(tuple(runs), score)


def parts(first: LineText, second: LineText) -> list[tuple[int, int]]:
    return [(span.first, span.last) for span in disagreements(0, first, second)]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a b c d e f g h", "a b c d e f g h", []),
        ("a b c d e f g h", "a b x d e f g h", [(2, 3)]),
        ("a b c d e f g h", "a x c d e f y h", [(1, 2), (6, 7)]),
        ("a bc d e f g h", "a b c d e f g h", [(1, 3)]),
        ("a b c d e f g h", "a b d e f g h", [(2, 2)]),
        ("a b", "", [(0, 0)]),
        ("a b c", "x y z", [(0, 3)]),
    ],
)
def test_a_part_holds_the_words_that_the_readings_do_not_share(first, second, expected):
    assert parts(line(*first.split()), line(*second.split())) == expected


def test_words_of_a_low_score_in_both_readings_are_a_part():
    assert parts(line(*"abcd", score=0.7), line(*"abcd", score=0.8)) == [(0, 4)]
    assert parts(line(*"abcd", score=0.7), line(*"abcd", score=0.95)) == []


def test_a_number_of_four_digits_in_a_row_is_a_part_although_the_readings_agree():
    words = ["paid", "on", "12.50", "and", "1250", "or", "03/04/2019", "to", "us", "in", "all"]
    assert parts(line(*words), line(*words)) == [(4, 5), (6, 7)]


def test_a_line_that_is_doubtful_in_most_parts_is_one_part():
    (span,) = disagreements(3, line(*"abcde"), line(*"axyzw"))
    assert span == Span(3, 0, 5, 0.0, 1.0)


def test_a_part_is_between_its_neighbours_and_reaches_the_end_of_the_line_without_one():
    (middle,) = disagreements(0, line(*"abcdefghij"), line(*"abcxefghij"))
    assert (middle.start, middle.end) == pytest.approx((0.29, 0.39))
    (last,) = disagreements(0, line(*"abcdefghij"), line(*"abcdefghix"))
    assert (last.start, last.end) == pytest.approx((0.89, 1.0))


def test_the_corners_of_a_part_are_on_the_edges_of_the_line():
    corners = Span(0, 1, 2, 0.25, 0.75).of(QUAD)
    assert corners.tolist() == [[110, 20], [310, 20], [310, 50], [110, 50]]
    assert np.array_equal(Span(0, 0, 2).of(QUAD), QUAD)


@pytest.mark.parametrize("angle", [0, 4])
def test_the_ends_of_a_part_are_moved_into_the_gaps_of_the_page(angle):
    page = np.full((80, 420, 3), 255, np.uint8)
    for left, right in ((20, 150), (170, 250), (270, 400)):
        page[25:45, left:right:4] = 0
    turn = cv2.getRotationMatrix2D((210, 35), angle, 1)
    page = cv2.warpAffine(page, turn, (420, 80), borderValue=(255, 255, 255))
    quad = cv2.transform(QUAD[None], turn)[0]
    span = moved_to_gaps(Span(0, 1, 2, (153 - 10) / 400, (254 - 10) / 400), page, quad)
    assert 153 <= 10 + 400 * span.start <= 168
    assert 253 <= 10 + 400 * span.end <= 268


def test_a_new_reading_takes_the_place_of_its_part():
    before = line(*"abcd")
    after = replaced(before, [(Span(0, 1, 2, 0.2, 0.4), line("x", "y", score=0.75)), (Span(0, 3, 4, 0.7, 1.0), line())])
    assert [run.text for run in after.runs] == ["a", "x", "y", "c"]
    assert [run.start for run in after.runs] == pytest.approx([0, 0.2, 0.3, 0.5])
    assert after.score == pytest.approx(0.85)


def test_a_word_of_only_the_new_reading_is_put_between_its_neighbours():
    after = replaced(line(*"abd"), [(Span(0, 2, 2, 0.6, 0.67), line("c"))])
    assert [run.text for run in after.runs] == ["a", "b", "c", "d"]
