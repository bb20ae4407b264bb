"""Samples are unchanged after encoding and decoding, and the error for damaged data names the data."""

from __future__ import annotations

import dataclasses
import io
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from schemas import TOKEN_COLUMNS, SchemaError, decode_page, decode_tokens, encode_sample, page_key
from schemas.sample import encode_page, encode_tokens
from tests.schemas.strategies import pages, token_arrays
from tests.support.drawn_pages import draw_page

JPG = b"\xff\xd8\xff\xe0 any bytes"


def shape_of(value):
    """The keys and types of a JSON value. A loader infers nothing else from it."""
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0])]
    return type(value).__name__


def changed(page, **values):
    return json.dumps(json.loads(encode_page(page)) | values).encode()


@given(pages(), token_arrays)
def test_a_page_and_its_tokens_are_unchanged_after_encoding_and_decoding(page, tokens):
    members = encode_sample(page, JPG, tokens)
    assert members["__key__"] == page.key
    assert members["jpg"] == JPG
    assert decode_page(members["json"]) == page
    np.testing.assert_array_equal(decode_tokens(members["tokens.npy"]), tokens)


@given(pages())
def test_a_page_is_strict_json_in_utf8(page):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    record = json.loads(encode_page(page).decode("utf-8"), parse_constant=refuse)
    assert record["words"]["text"] == [word.text for word in page.words]
    assert record["lines"]["box"] == [list(line.box) for line in page.lines]


@given(pages(), pages())
def test_every_page_has_the_same_keys_and_types(one, other):
    assert shape_of(json.loads(encode_page(one))) == shape_of(json.loads(encode_page(other)))


@given(pages())
def test_whole_numbers_and_numpy_numbers_are_stored_with_the_usual_types(page):
    words = tuple(dataclasses.replace(word, score=np.float32(1)) for word in page.words)
    whole = dataclasses.replace(page, width_pt=612, skew_deg=np.float64(0), page=np.int64(3), words=words)
    assert shape_of(json.loads(encode_page(whole))) == shape_of(json.loads(encode_page(page)))


@given(pages(), st.floats(0, 1))
def test_scores_are_stored_with_four_decimals(page, score):
    words = tuple(dataclasses.replace(word, score=score) for word in page.words)
    decoded = decode_page(encode_page(dataclasses.replace(page, words=words)))
    assert all(math.isclose(word.score, score, abs_tol=0.5e-4 + 1e-12) for word in decoded.words)


@given(pages(), st.sampled_from([math.nan, math.inf, -math.inf]))
def test_a_number_that_json_cannot_represent_is_refused(page, number):
    with pytest.raises(ValueError, match="JSON"):
        encode_page(dataclasses.replace(page, skew_deg=number))


def test_a_text_that_utf8_cannot_represent_is_refused():
    page, _ = draw_page(seed=0, number=0, words=10, long_side=64, total=1)
    words = (dataclasses.replace(page.words[0], text="\ud835"), *page.words[1:])
    with pytest.raises(ValueError, match="surrogates not allowed"):
        encode_page(dataclasses.replace(page, words=words))


@given(pages(), token_arrays)
def test_equal_samples_give_equal_bytes(page, tokens):
    again = dataclasses.replace(page, words=tuple(page.words), lines=tuple(page.lines))
    assert encode_sample(page, JPG, tokens) == encode_sample(again, JPG, tokens.astype(np.int64))


@given(pages(), st.integers(0, 400))
def test_a_truncated_page_is_refused(page, length):
    data = encode_page(page)
    with pytest.raises(SchemaError, match="page"):
        decode_page(data[: min(length, len(data) - 1)])


@given(st.binary(max_size=200))
def test_the_error_names_bytes_that_are_not_a_page(data):
    with pytest.raises(SchemaError, match=r"0123-00001\.json"):
        decode_page(data, "0123-00001.json")


@given(pages(), st.sampled_from(["words", "lines", "key", "skew_deg", "schema_version"]))
def test_the_error_names_the_missing_field_of_a_page(page, name):
    record = json.loads(encode_page(page))
    del record[name]
    with pytest.raises(SchemaError, match=name):
        decode_page(json.dumps(record).encode())


@given(pages(), st.sampled_from(["text", "box", "score", "line"]))
def test_a_page_with_word_columns_of_different_lengths_is_refused(page, column):
    words = json.loads(encode_page(page))["words"]
    with pytest.raises(SchemaError, match="page"):
        decode_page(changed(page, words=words | {column: words[column][1:]}))


def test_the_error_for_a_page_of_the_next_schema_version_says_to_upgrade():
    page, _ = draw_page(seed=0, number=0, words=10, long_side=64, total=1)
    with pytest.raises(SchemaError, match="schema version 2, but this folio reads version 1: upgrade folio"):
        decode_page(changed(page, schema_version=2))


def test_the_error_for_a_page_of_an_older_schema_version_says_to_build_again():
    page, _ = draw_page(seed=0, number=0, words=10, long_side=64, total=1)
    with pytest.raises(SchemaError, match="schema version 0, but this folio reads version 1: build the corpus again"):
        decode_page(changed(page, schema_version=0))


@given(token_arrays)
def test_a_token_array_has_the_bytes_that_numpy_saves_and_loads(tokens):
    saved = io.BytesIO()
    np.save(saved, tokens)
    assert encode_tokens(tokens) == saved.getvalue()
    np.testing.assert_array_equal(np.load(io.BytesIO(encode_tokens(tokens))), tokens)


def test_decoded_tokens_are_writable():
    decoded = decode_tokens(encode_tokens(np.zeros((2, 8), np.int32)))
    decoded[0, 0] = 7
    assert decoded[0, 0] == 7


@given(token_arrays, st.integers(0, 8000))
def test_a_truncated_token_array_is_refused(tokens, length):
    data = encode_tokens(tokens)
    with pytest.raises(SchemaError, match="token array"):
        decode_tokens(data[: min(length, len(data) - 1)])


@given(st.binary(max_size=200) | st.binary(max_size=50).map(b"PK\x03\x04".__add__))
def test_the_error_names_bytes_that_are_not_a_token_array(data):
    with pytest.raises(SchemaError, match=r"0123-00001\.tokens\.npy"):
        decode_tokens(data, "0123-00001.tokens.npy")


@given(token_arrays, st.integers(0, 127), st.integers(0, 255))
def test_a_damaged_header_is_refused_or_gives_an_array_of_the_right_type(tokens, position, value):
    data = bytearray(encode_tokens(tokens))
    data[position] = value
    try:
        decoded = decode_tokens(bytes(data))
    except SchemaError:
        return
    assert decoded.dtype == np.int32
    assert decoded.shape[1] == len(TOKEN_COLUMNS)


def test_a_header_that_needs_more_memory_than_the_machine_has_is_refused():
    data = encode_tokens(np.zeros((1, 8), np.int32)).replace(b"(1, 8)", b"(%d, 8)" % 10**14)
    with pytest.raises(SchemaError, match="token array"):
        decode_tokens(data)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 7), np.int32),
        np.zeros((3, 8), np.int64),
        np.zeros((3, 8), ">i4"),
        np.zeros(8, np.int32),
        np.zeros(3, [("token_id", "<i4")]),
    ],
    ids=["seven columns", "int64", "big-endian", "one dimension", "structured"],
)
def test_an_array_of_another_shape_or_type_is_refused(array, tmp_path):
    np.save(tmp_path / "tokens.npy", array)
    with pytest.raises(SchemaError, match=r"not an npy of int32 \(tokens, 8\)"):
        decode_tokens((tmp_path / "tokens.npy").read_bytes())


def test_a_pickled_array_is_never_unpickled(tmp_path):
    np.save(tmp_path / "tokens.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(SchemaError, match="not an npy of int32"):
        decode_tokens((tmp_path / "tokens.npy").read_bytes())


@given(st_numpy.arrays(np.uint8, 32), st.integers(1, 99_999))
def test_keys_sort_by_page_and_contain_no_dot(digest, page):
    sha256 = digest.tobytes().hex()
    key = page_key(sha256, page)
    assert key == f"{sha256[:16]}-{page:05d}"
    assert page_key(sha256, page) < page_key(sha256, min(page + 1, 99_999)) or page == 99_999
    assert "." not in key  # WebDataset ends the key at the first dot
