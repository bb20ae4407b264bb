"""The normal form of words, which is the same for text layers and OCR."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.lines.words import RawWord
from pipelines.page.normal_form import normal_form, normalized


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("oﬃce", "office", id="ligature"),
        pytest.param("ﺍﻟﻌﺮﺑﻴﺔ", "العربية", id="Arabic presentation forms"),
        pytest.param("ﷲ", "الله", id="Arabic ligature of a word"),
        pytest.param("\u00ad5,15", "-5,15", id="soft hyphen drawn as a minus sign"),
        pytest.param("−5", "-5", id="minus sign"),
        pytest.param("co‑op", "co-op", id="non-breaking hyphen"),
        pytest.param("Zero\u200bwidth\ufeff", "Zerowidth", id="zero-width spaces"),
        pytest.param("a\x03b\x93", "ab", id="control characters"),
        pytest.param("cafe\u0301", "café", id="combining accent"),
        pytest.param("⼀⽉", "一月", id="Kangxi radicals"),
        pytest.param("２０２６ｱ", "2026ア", id="full-width digits and half-width kana"),
        pytest.param("𝜇L", "μL", id="mathematical letters"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="joiner inside a word stays"),
        pytest.param("m²½™…“—–№，", "m²½™…“—–№，", id="characters with a meaning of their own stay"),
        pytest.param("\u200b\u200e", "", id="nothing visible"),
    ],
)
def test_a_word_has_one_form(text, expected):
    assert normal_form(text) == expected


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=20))
def test_the_normal_form_is_stable_and_has_no_white_space(text):
    form = normal_form(text)
    assert normal_form(form) == form
    assert form == "".join(form.split()) and form == unicodedata.normalize("NFC", form)


def test_a_word_of_which_nothing_is_left_is_dropped():
    words = [RawWord(text, 0, 0, 1, 1, 1.0) for text in ("ﬁle", "\u200b", "end")]
    assert [word.text for word in normalized(words)] == ["file", "end"]
