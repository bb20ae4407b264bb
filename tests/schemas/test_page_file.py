"""Page files: what is written is read again, and a line that is not a page is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import SchemaError
from schemas.page_file import FilePage, GivenWord, decode_page_file, encode_page_file

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.floats(-1e6, 1e6)
words = st.builds(GivenWord, texts, st.tuples(numbers, numbers, numbers, numbers), st.floats(0, 1))
pages = st.builds(
    FilePage,
    file=texts,
    page=st.integers(1, 9999),
    words=st.none() | st.lists(words, max_size=4).map(tuple),
    size=st.none() | st.tuples(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6)),
    rotation=st.sampled_from([0, 90, 180, 270]),
    engine=texts,
)


@given(st.lists(pages, max_size=3))
def test_pages_are_read_as_they_were_written(given_pages):
    data = encode_page_file(given_pages)
    assert decode_page_file(data, "a.pages.jsonl") == given_pages


def test_a_page_needs_only_the_name_of_its_file():
    assert decode_page_file(b'{"file": "scan.png"}', "a.pages.jsonl") == [FilePage("scan.png")]


@pytest.mark.parametrize(
    "record",
    [
        [],
        {},
        {"file": 3},
        {"file": "a.png", "page": 0},
        {"file": "a.png", "rotation": 45},
        {"file": "a.png", "size": [0, 10]},
        {"file": "a.png", "words": {"text": ["a"], "box": []}},
        {"file": "a.png", "words": {"text": ["a"], "box": [[0, 0, 1]]}},
        {"file": "a.png", "words": {"text": ["a"], "box": [[0, 0, 1, "nan"]]}},
        {"file": "a.png", "words": {"text": ["\ud800"], "box": [[0, 0, 1, 1]]}},
    ],
)
def test_a_line_that_is_not_a_page_is_named(record):
    good = json.dumps({"file": "a.png"})
    with pytest.raises(SchemaError, match=r"a\.pages\.jsonl, line 2"):
        decode_page_file(f"{good}\n{json.dumps(record)}\n".encode(), "a.pages.jsonl")
