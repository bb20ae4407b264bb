from __future__ import annotations

import pytest

from pipelines.ocr import OcrWord
from pipelines.text import is_right_to_left, text_layer_is_trusted


def layer(*texts):
    return [OcrWord(text, 0, 0, 1, 1, 1.0) for text in texts]


GOOD = layer("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog")


def test_a_typeset_page_is_read_from_its_text_layer():
    assert text_layer_is_trusted(GOOD, image_share=0.1)


def test_the_text_layer_of_a_scan_is_not_trusted():
    assert not text_layer_is_trusted(GOOD, image_share=0.97)


def test_a_page_of_hardly_any_words_is_read_from_its_pixels():
    assert not text_layer_is_trusted(GOOD[:4], image_share=0.0)


@pytest.mark.parametrize("broken", ["(cid:31)(cid:12)", "caf\ufffd", "\ue001\ue002", "\x01\x02"])
def test_a_layer_of_unmapped_glyphs_is_not_trusted(broken):
    assert not text_layer_is_trusted(GOOD + layer(broken), image_share=0.0)


@pytest.mark.parametrize(
    ("text", "expected"), [("hello", False), ("שלום", True), ("السلام", True), ("1,234", False), ("(مرحبا)", True)]
)
def test_the_first_letter_with_a_direction_tells_which_way_a_word_runs(text, expected):
    assert is_right_to_left(text) is expected
