"""When `--text_source auto` trusts a text layer."""

from __future__ import annotations

import string

import pytest

from pipelines.lines.words import RawWord
from pipelines.sources.pdf.text.painted import PaintedShares
from pipelines.sources.pdf.text.text_layer import LayerWord
from pipelines.sources.pdf.text.trust import flaw_of_layer, is_in_unknown_script

TYPESET = PaintedShares(image_share=0.05, invisible_share=0.0)
PROSE = "the ships that came into the harbour this year carried timber and coal from many northern towns " * 2
RUSSIAN = "суда, что пришли в порт в этом году, везли лес и уголь из многих северных городов " * 2
VIETNAMESE = "tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi mọi con người " * 2


def layer(*texts):
    return [LayerWord(RawWord(text, 0, 0, 1, 1, 1.0), "Font", 10.0) for text in texts]


GOOD = layer("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog")


def test_a_typeset_page_is_read_from_its_text_layer():
    assert not flaw_of_layer(GOOD, TYPESET)


def test_the_text_layer_of_a_scan_is_not_trusted():
    assert flaw_of_layer(GOOD, PaintedShares(image_share=0.97, invisible_share=0.0)) == "images"


def test_a_small_scan_below_a_typed_heading_is_read_by_ocr():
    assert flaw_of_layer(GOOD, PaintedShares(image_share=0.2)) == "images beside few words"
    assert not flaw_of_layer(GOOD * 8, PaintedShares(image_share=0.2))


def test_invisible_text_is_not_trusted():
    assert flaw_of_layer(GOOD, PaintedShares(image_share=0.0, invisible_share=0.9)) == "invisible"


def test_a_page_with_few_words_is_read_by_ocr():
    assert flaw_of_layer(GOOD[:4], TYPESET) == "few words"
    assert flaw_of_layer([], PaintedShares(is_all_text=True)) == "no words"


def test_few_words_are_enough_if_the_page_shows_only_text():
    assert not flaw_of_layer(GOOD[:1], PaintedShares(is_all_text=True))


@pytest.mark.parametrize(
    "broken", ["(cid:31)(cid:12)", "caf\ufffd", "\ue001\ue002", "\x01\x02", "\x93quoted\x94", "cafe´s"]
)
def test_a_text_layer_with_unmapped_glyphs_is_not_trusted(broken):
    assert flaw_of_layer(GOOD + layer(broken), TYPESET) == "unmapped characters"


@pytest.mark.parametrize(
    "garbled",
    [
        pytest.param("".join(chr(ord(letter) - 29) if letter.isalpha() else letter for letter in PROSE), id="shifted"),
        pytest.param(RUSSIAN.encode("cp1251").decode("latin-1"), id="Cyrillic taken for Latin"),
    ],
)
def test_letters_that_do_not_form_words_are_not_trusted(garbled):
    assert flaw_of_layer(layer(*garbled.split()), TYPESET) == "no language"


@pytest.mark.parametrize(
    "text", [PROSE, RUSSIAN, VIETNAMESE, PROSE.upper(), "a matrix in \uf8ee large \uf8fb brackets"]
)
def test_text_in_any_language_is_trusted(text):
    assert not flaw_of_layer(layer(*text.split()), TYPESET)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(PROSE, False, id="English"),
        pytest.param(VIETNAMESE, False, id="letters of a script that the engine reads in part"),
        pytest.param(RUSSIAN, True, id="Russian"),
        pytest.param(f"{RUSSIAN} see chapter two", True, id="Russian with English words"),
        pytest.param("\ufffd\ufffd\ufffd \ue001 12", False, id="no letters"),
    ],
)
def test_a_script_that_the_engine_does_not_read_is_told_by_its_letters(text, expected):
    assert is_in_unknown_script(layer(*text.split()), frozenset(string.printable)) is expected
