"""Detection of the language of a page."""

from __future__ import annotations

import pytest

from pipelines.filters.language import known_languages, language_of


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The harbour master reported twelve vessels since the spring", "en"),
        ("Die Rechnung ist innerhalb von dreißig Tagen ohne Abzug zu bezahlen", "de"),
        ("DIE RECHNUNG IST INNERHALB VON DREISSIG TAGEN OHNE ABZUG ZU BEZAHLEN", "de"),
        ("Le rapport du capitaine du port a été lu devant le conseil", "fr"),
        ("Отчёт начальника порта был прочитан на заседании совета", "ru"),
        ("吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。", "ja"),
    ],
)
def test_the_language_of_a_sentence_is_detected(text, code):
    assert language_of(text.split()) == code
    assert code in known_languages()


@pytest.mark.parametrize("text", ["", "Total 4.32", "12.50 1,250.00 30/04/2019 0049 17 % 4711 99 12 2020", "a b c d e"])
def test_too_little_text_has_no_language(text):
    assert language_of(text.split()) == ""
