"""A parse is written as a text that the decoder can write, and read back from any text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.tasks.item_samples import TOKENIZER
from trainer.tasks.answers.parses import MAX_DEPTH, parse_of, parse_scores, text_of
from trainer.tasks.items import Item

RECEIPT = {
    "menu": [{"nm": ["iced", "tea"], "sub": {"nm": "lemon", "price": "0"}, "cnt": "2 x"}, {"nm": "cake"}],
    "total": {"total_price": "75,000", "cashprice": "100.000"},
}
TEXT = (
    "[menu] [nm] iced [;] tea [sub] [nm] lemon [price] 0 [/] [cnt] 2 x [;] [nm] cake [/] "
    "[total] [total_price] 75,000 [cashprice] 100.000 [/]"
)

WORDS = st.sampled_from(["cake", "[nm]", "[[nm]]", "[/]", "[;]", "[[/]", "[", "]", "2x", "(no", "[nm]]"])
TEXTS = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
KEYS = st.sampled_from(["nm", "cnt", "menu", "total_price"])


def several(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draws an element or a list of at least two."""
    return elements | st.lists(elements, min_size=2, max_size=3)


GROUPS = st.recursive(
    st.dictionaries(KEYS, several(TEXTS), min_size=1),
    lambda groups: st.dictionaries(KEYS, several(TEXTS) | several(groups), min_size=1),
    max_leaves=2,
)


def test_the_text_of_a_receipt_is_read_back():
    assert text_of(RECEIPT) == TEXT
    assert parse_of(TEXT) == RECEIPT


@given(GROUPS)
def test_any_parse_is_read_back_from_its_text(parse):
    assert parse_of(text_of(parse)) == parse


def test_the_marks_survive_the_vocabulary():
    ids = [piece for word in TOKENIZER.encode_words(TEXT.split()) for piece in word]
    assert TOKENIZER.decode(ids) == TEXT


def test_what_is_empty_is_left_out():
    parse = {"menu": [{"nm": ""}, {"nm": "cake", "cnt": [" ", "2"]}], "sub_total": {}, "total": {"total_price": ""}}
    assert text_of(parse) == "[menu] [nm] cake [cnt] 2 [/]"
    assert (text_of({}), parse_of("")) == ("", {})


@pytest.mark.parametrize(
    ("text", "parse"),
    [
        ("only words", {}),
        ("words [nm] cake", {"nm": "cake"}),
        ("[/] [;] [nm] cake [/] [cnt] 2", {"nm": "cake", "cnt": "2"}),
        ("[menu] [nm] cake [cnt] 2", {"menu": {"nm": "cake", "cnt": "2"}}),
        ("[menu] [nm] cake [;]", {"menu": [{"nm": "cake"}, {}]}),
        ("[nm] [/] [cnt]", {"nm": "", "cnt": ""}),
    ],
)
def test_a_text_with_missing_and_needless_marks_is_read_as_far_as_possible(text, parse):
    assert parse_of(text) == parse


@given(st.lists(st.sampled_from(["[nm]", "[menu]", "[/]", "[;]", "cake", "2"]), max_size=30).map(" ".join))
def test_any_text_is_read_and_scored(text):
    assert 0 <= parse_scores([Item("a", {"parse": RECEIPT})], [text])["field_f1"] <= 1


def test_groups_in_groups_end_at_a_depth():
    parse, depth = parse_of("[menu] " * 2000 + "cake"), 0
    while isinstance(parse, dict):
        [parse], depth = parse.values(), depth + 1
    assert (parse, depth) == ("cake", MAX_DEPTH)


def test_the_worked_values_of_receipts():
    item = Item("a", {"parse": {"menu": [{"nm": "cake", "cnt": "2"}], "total": {"total_price": "10"}}})

    def scores(text: str) -> tuple[float, float]:
        found = parse_scores([item], [text])
        return round(found["ted_accuracy"], 4), round(found["field_f1"], 4)

    assert scores("[menu] [nm] cake [cnt] 2 [/] [total] [total_price] 10 [/]") == (1, 1)
    assert scores("[menu] [nm] cake [cnt] 3 [/] [total] [total_price] 10 [/]") == (0.9286, 0.6667)
    assert scores("[menu] [nm] cake [cnt] 2 [/]") == (0.6429, 0.8)
    assert scores("None") == (0, 0)
