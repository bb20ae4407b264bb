"""Texts are as wide as they are printed, in any script."""

from __future__ import annotations

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.drawing.canvas import Sheet, TextSpan
from pipelines.drawing.fonts import FAMILIES, Font, clip, wrap
from pipelines.drawing.pdf import draw_page

EVERY_FACE = [face for faces in FAMILIES.values() for face in faces]


@pytest.mark.parametrize("face", EVERY_FACE)
def test_the_width_of_text_is_the_printed_width(face):
    font, text = Font(face, 11.5), "Zürich (45.30%) & Söhne, £12"
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        page.insert_text((50, 50), text, fontname=face, fontsize=11.5)
        words = page.get_text("words")
    assert words[-1][2] - words[0][0] == pytest.approx(font.width(text), abs=0.01)


@given(text=st.text("ab \u00e9", max_size=60), width=st.floats(1, 200))
def test_wrapped_text_keeps_every_word_and_clipped_text_fits(text, width):
    font = Font("tiro", 10)
    rows = wrap(text, font, width)
    assert " ".join(rows).split() == text.split()
    assert all(font.width(row) <= width or " " not in row for row in rows)
    assert font.width(clip(text, font, width)) <= width


@pytest.mark.parametrize("text", ["10–12", "Škoda", "Привет", "日本語", "▲", "ab Ωδ 12 – €"])
def test_characters_outside_latin_1_are_printed_as_wide_as_they_are_measured(text):
    font = Font("helv", 20)
    with pymupdf.open() as pdf:
        page = draw_page(pdf, Sheet(400, 100, spans=[(TextSpan(text, 50, font), 50)]))
        words = page.get_text("words")
    assert [word[4] for word in words] == text.split()
    assert words[-1][2] - words[0][0] == pytest.approx(font.width(text), abs=0.01)
