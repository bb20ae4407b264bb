"""Checks of one sample: pure functions that take its bytes and yield one sentence per fault."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, pairwise
from typing import Any, get_type_hints

import numpy as np
import simplejpeg

from schemas import (
    TOKEN_COLUMNS,
    Box,
    CorpusIndex,
    Page,
    SchemaError,
    cell_of,
    decode_page,
    decode_tokens,
    hull,
    page_key,
)
from schemas.geometry import BOX_MAX
from schemas.token_limits import TokenLimits

_SCALARS = {name: kind for name, kind in get_type_hints(Page).items() if kind in (str, int, float)}
_RECORD_KEYS = {*_SCALARS, "schema_version", "words", "lines"}
_WORD_TYPES = {"text": str, "box": list, "score": float, "line": int}
_PAGE_FILE_TYPES = {"source": int}  # only on pages of a page file
_ROW_FACTS = (
    *("key", "uri", "doc_sha256", "page", "pages", "text_source", "image_width", "image_height", "rotation"),
    *("skew_deg", "words", "lines", "tokens", "mean_score"),
)
_TOLERANCE = 1e-3  # scores are stored with four decimals, and the manifest holds 32-bit floats


def sample_faults(key: str, members: Mapping[str, bytes], row: Mapping[str, Any], index: CorpusIndex) -> Iterator[str]:
    """Checks a sample against itself and against its manifest row.

    Args:
        key: the sample's key in the tar.
        members: bytes of `jpg`, `json` and `tokens.npy`.
        row: the manifest row with that key.
        index: the corpus's index, for tokenizer and grid.

    Yields:
        `<member>: <what is wrong>`.
    """
    try:
        page = decode_page(members["json"], "json")
        tokens = decode_tokens(members["tokens.npy"], "tokens.npy")
    except SchemaError as error:
        yield str(error)
        return
    # Stop after the first stage with faults: the next stages would report the same faults again, or fail.
    for stage in (
        lambda: _named("json", _record_faults(json.loads(members["json"]))),
        lambda: _named("json", chain(_page_faults(key, page), _word_faults(page))),
        lambda: _named("json", _line_faults(page)),
        lambda: chain(
            _named("jpg", _image_faults(members["jpg"], page)),
            _named("tokens.npy", _token_faults(tokens, page, index)),
            _named("json", _row_faults(page, len(tokens), row)),
        ),
    ):
        faults = list(stage())
        yield from faults
        if faults:
            return


def _named(member: str, faults: Iterable[str]) -> Iterator[str]:
    return (f"{member}: {fault}" for fault in faults)


def _record_faults(record: dict[str, Any]) -> Iterator[str]:
    """Checks that the page has the keys and types of all pages, because loaders infer columns from the first page."""
    if record.keys() != _RECORD_KEYS:
        yield f"keys differ from the schema's: {sorted(record.keys() ^ _RECORD_KEYS)}"
    for name, kind in _SCALARS.items():
        if type(record[name]) is not kind:
            yield f"{name} is {record[name]!r}, not a {kind.__name__}"
    words = record["words"]
    types = _WORD_TYPES | (_PAGE_FILE_TYPES if "source" in words else {})
    if words.keys() != types.keys() or record["lines"].keys() != {"box"}:
        yield f"words has columns {sorted(words)}, lines has {sorted(record['lines'])}"
    for name, kind in types.items():
        odd = next((value for value in words[name] if type(value) is not kind), None)
        if odd is not None:
            yield f"words.{name} holds {odd!r}, not a {kind.__name__}"


def _page_faults(key: str, page: Page) -> Iterator[str]:
    if page.key != key:
        yield f"key is {page.key}"
    if key != page_key(page.doc_sha256, page.page):
        yield f"this is page {page.page} of {page.doc_sha256}, so its key is {page_key(page.doc_sha256, page.page)}"
    if not 1 <= page.page <= page.pages:
        yield f"page {page.page} of {page.pages}"
    if page.rotation not in (0, 90, 180, 270):
        yield f"rotation {page.rotation} is not 0, 90, 180 or 270"
    if page.text_source not in ("ocr", "pdf"):
        yield f"text_source {page.text_source!r} is neither ocr nor pdf"
    if not min(page.width_pt, page.height_pt) > 0:
        yield f"page size {page.width_pt} x {page.height_pt} pt"


def _word_faults(page: Page) -> Iterator[str]:
    checks: dict[str, list[Any]] = {
        "are empty or hold white space": [word.text for word in page.words if word.text.split() != [word.text]],
        "hold characters that UTF-8 cannot encode": [word.text for word in page.words if not _is_utf8(word.text)],
        "have a score outside 0..1": [word.score for word in page.words if not 0 <= word.score <= 1],
        f"have no box of ordered integers in 0..{BOX_MAX}": [word.box for word in page.words if not _is_box(word.box)],
    }
    for what, odd in checks.items():
        if odd:
            yield f"{len(odd)} of {len(page.words)} words {what}, such as {odd[0]!r}"


def _line_faults(page: Page) -> Iterator[str]:
    numbers = [word.line for word in page.words]
    falls = [before > after for before, after in pairwise(numbers)]
    if any(falls):
        at = falls.index(True) + 1
        yield f"word {at} is in line {numbers[at]} after line {numbers[at - 1]}: not in reading order"
        return
    if set(numbers) != set(range(len(page.lines))):
        yield f"{len(page.lines)} lines, but the words use {sorted(set(numbers))[:3]} ..., not all of them"
        return
    boxes: list[list[Box]] = [[] for _ in page.lines]
    for word in page.words:
        boxes[word.line].append(word.box)
    for number, (line, held) in enumerate(zip(page.lines, boxes, strict=True)):
        if line.box != hull(held):
            yield f"line {number} has box {line.box}, but its words span {hull(held)}"


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _is_box(box: Box) -> bool:
    if len(box) != 4 or any(type(value) is not int for value in box):
        return False
    x0, y0, x1, y1 = box
    return 0 <= x0 <= x1 <= BOX_MAX and 0 <= y0 <= y1 <= BOX_MAX


def _image_faults(jpg: bytes, page: Page) -> Iterator[str]:
    try:
        height, width = simplejpeg.decode_jpeg(jpg, colorspace="GRAY", strict=True).shape[:2]
    except ValueError as error:
        yield f"does not decode: {error}"
        return
    if (width, height) != (page.image_width, page.image_height):
        yield f"is {width} x {height} pixels, but json says {page.image_width} x {page.image_height}"


def _token_faults(tokens: np.ndarray, page: Page, index: CorpusIndex) -> Iterator[str]:
    if fault := TokenLimits.of(index).fault(tokens, len(page.words), len(page.lines)):
        yield fault
        return
    word, line, cell = (tokens[:, TOKEN_COLUMNS.index(name)] for name in ("word", "line", "cell"))
    boxes = np.asarray([item.box for item in page.words], np.int64).reshape(-1, 4)[word]
    columns = {
        "line": (line, np.asarray([item.line for item in page.words], np.int64)[word]),
        "box": (tokens[:, TOKEN_COLUMNS.index("x0") :], boxes),
        "cell": (cell, cell_of(boxes, index.grid_rows, index.grid_cols)),
    }
    for name, (found, expected) in columns.items():
        differs = (found != expected).reshape(len(tokens), -1).any(axis=1)
        if differs.any():
            at = int(np.argmax(differs))
            yield f"token {at} has {name} {found[at].tolist()}, but its word has {expected[at].tolist()}"


def _row_faults(page: Page, tokens: int, row: Mapping[str, Any]) -> Iterator[str]:
    counts = {"words": len(page.words), "lines": len(page.lines), "tokens": tokens}
    scores = [word.score for word in page.words]
    facts = {**vars(page), **counts, "mean_score": float(np.mean(scores)) if scores else 0.0}
    for name in _ROW_FACTS:
        if not _agree(facts[name], row[name]):
            yield f"{name} is {facts[name]!r}, but the manifest row says {row[name]!r}"


def _agree(stored: Any, stated: Any) -> bool:
    if isinstance(stored, float):
        return math.isclose(stored, stated, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return stored == stated
