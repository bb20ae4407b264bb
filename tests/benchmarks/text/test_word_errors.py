"""Errors of OCR are told apart by the places of the words."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.text.word_errors import WordErrors, confused
from pipelines.lines.words import RawWord
from trainer.tasks.ocr_noise import KINDS, OcrErrors

TRUE = [("all", 0, 30), ("corn", 40, 80), ("of", 90, 110), ("Rome", 120, 160)]


def counted(*found: tuple[str, int, int]) -> WordErrors:
    """Errors on a line of the words `TRUE`, read with a margin of 2 pixels."""
    errors = WordErrors()
    boxes = np.array([[x0, 10, x1, 20] for _, x0, x1 in TRUE])
    read = [RawWord(text, x0 - 2, 8, x1 + 2, 22, 0.9) for text, x0, x1 in found]
    errors.count([text for text, _, _ in TRUE], boxes, read)
    return errors


def test_words_that_are_read_as_they_are_have_no_error():
    errors = counted(*TRUE)
    assert (errors.words, errors.kinds) == (4, {})
    assert (errors.seen["l"], errors.seen["ll"], errors.seen["o"]) == (2, 1, 3)


@pytest.mark.parametrize(
    ("found", "kinds"),
    [
        ([TRUE[0], ("com", 40, 80), *TRUE[2:]], {"substituted": 1}),
        ([TRUE[0], *TRUE[2:]], {"dropped": 1}),
        ([TRUE[0], ("cornof", 40, 110), TRUE[3]], {"joined": 1}),
        ([("allcornof", 0, 110), TRUE[3]], {"joined": 2}),
        ([*TRUE[:3], ("Ro", 120, 139), ("me", 141, 160)], {"split": 1}),
        ([*TRUE, ("stamp", 200, 260)], {"invented": 1}),
        ([], {"dropped": 4}),
    ],
)
def test_each_kind_of_error_is_counted(found, kinds):
    assert counted(*found).kinds == kinds


@pytest.mark.parametrize(
    ("true", "read", "pairs"),
    [
        ("corn", "com", [("rn", "m")]),
        ("l0", "1O", [("l0", "1O")]),
        ("total", "tota", [("l", "")]),
        ("total", "total.", [("l", "l.")]),
        ("total", ".total", [("t", ".t")]),
        ("a.b-c", "a,b~c", [(".", ","), ("-", "~")]),
    ],
)
def test_confusions_name_what_each_text_became(true, read, pairs):
    assert confused(true, read) == pairs


def test_the_table_holds_confusions_that_occurred_twice():
    errors = counted(TRUE[0], ("com", 40, 80), *TRUE[2:])
    assert errors.table(KINDS, 10)["confusions"] == []
    boxes = np.array([[40, 10, 80, 20]])
    errors.count(["corn"], boxes, [RawWord("com", 40, 10, 80, 20, 0.9)])
    assert errors.table(KINDS, 10)["confusions"] == [["rn", "m", 2, 2]]
    assert OcrErrors.of(errors.table(KINDS, 10)).confusions == {"rn": {"m": 1.0}}
