"""The value of a field is found wherever the words of a page spell it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.tasks.labels.value_places import places_of_value

RECEIPT = ["TAN", "WOON", "YANN", "NO.3,", "JALAN", "4", ":", "Total", "12.50", "cash", "12.50", "DATE:25/12/2018"]


def found(value: str) -> list[str]:
    return [" ".join(RECEIPT[place.start : place.stop]) for place in places_of_value(RECEIPT, value)]


@pytest.mark.parametrize(
    ("value", "places"),
    [
        ("Tan Woon Yann", ["TAN WOON YANN"]),
        ("NO. 3 JALAN 4", ["NO.3, JALAN 4"]),
        ("12.50", ["12.50", "12.50"]),
        ("25/12/2018", ["DATE:25/12/2018"]),
        ("TAN WO0N YANN", ["TAN WOON YANN"]),
        ("2.50", []),
        ("RESTAURANT PARIS", []),
        ("---", []),
        ("", []),
    ],
    ids=["case", "blanks and signs", "twice", "within a word", "misread", "a part", "absent", "signs only", "empty"],
)
def test_a_value_is_found_at_whole_words_or_if_it_is_long_also_inexactly(value, places):
    assert found(value) == places


WORDS = st.text(st.sampled_from("ab1-."), min_size=0, max_size=4)


@given(st.lists(WORDS, max_size=8), st.lists(WORDS, min_size=1, max_size=4), st.lists(WORDS, max_size=8))
def test_words_between_other_words_are_found_there(before, value, after):
    places = places_of_value([*before, *value, *after], " ".join(value))
    lettered = [len(before) + i for i, word in enumerate(value) if any(map(str.isalnum, word))]
    assert not lettered or range(lettered[0], lettered[-1] + 1) in places
    assert lettered or not places
