"""Encodes a page and its tokens as tar members, and decodes them. Uses only standard formats, and no pickle."""

from __future__ import annotations

import io
import json
import re
from typing import get_type_hints

import numpy as np

from schemas.errors import SchemaError
from schemas.page import Line, Page, Word

SCHEMA_VERSION = 1
REPAIR = "fetch or build its shard again"

TOKEN_COLUMNS = ("token_id", "word", "line", "cell", "x0", "y0", "x1", "y1")
"""Columns of `tokens.npy`: `word` and `line` are indices into the words and lines of the page; the box is that of the
word."""

_SCALARS = {name: kind for name, kind in get_type_hints(Page).items() if kind in (str, int, float)}
_NPY_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00[\x00-\xff]{2}\{'descr': '<i4', 'fortran_order': False, 'shape': \((\d{1,12}), 8\), \} *\n"
)
_ROW_BYTES = 4 * len(TOKEN_COLUMNS)


def encode_sample(page: Page, jpg: bytes, tokens: np.ndarray) -> dict[str, str | bytes]:
    """Returns the members of one sample, in the form that `webdataset.TarWriter.write` takes.

    Args:
        page: source, words and lines; becomes the `json` member.
        jpg: the upright page image as a JPEG file.
        tokens: `(tokens, 8)` int32, columns `TOKEN_COLUMNS`.

    Raises:
        ValueError: the page cannot be stored as JSON in UTF-8, see `encode_page`.
    """
    return {"__key__": page.key, "jpg": jpg, "json": encode_page(page), "tokens.npy": encode_tokens(tokens)}


def encode_page(page: Page) -> bytes:
    """Returns the page as JSON in UTF-8, with the same keys and types for every page.

    Words and lines are stored by column. Scores are rounded to four decimals.

    Raises:
        ValueError: a number is NaN or infinite, or a text contains a lone surrogate. JSON in UTF-8 can store neither.
    """
    # Cast every value: loaders infer the type of a column from its first value. A width of 612 would make it integer.
    record = {name: kind(getattr(page, name)) for name, kind in _SCALARS.items()}
    record["schema_version"] = SCHEMA_VERSION
    record["words"] = {
        "text": [word.text for word in page.words],
        "box": [word.box for word in page.words],
        "score": [round(float(word.score), 4) for word in page.words],
        "line": [word.line for word in page.words],
    }
    if any(word.source >= 0 for word in page.words):
        record["words"]["source"] = [word.source for word in page.words]
    record["lines"] = {"box": [line.box for line in page.lines]}
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
    return text.encode()


def decode_page(data: bytes, source: str = "page") -> Page:
    """Returns the page of a `json` member.

    Args:
        data: the member.
        source: name of the member in error messages.

    Raises:
        SchemaError: the data is not a page of this schema version.
    """
    try:
        record = json.loads(data)
        check_schema_version(record["schema_version"], source)
        columns = record["words"]
        sources = columns.get("source") or [-1] * len(columns["text"])
        words = zip(columns["text"], columns["box"], columns["score"], columns["line"], sources, strict=True)
        return Page(
            words=tuple(Word(text, tuple(box), score, line, number) for text, box, score, line, number in words),
            lines=tuple(Line(tuple(box)) for box in record["lines"]["box"]),
            **{name: record[name] for name in _SCALARS},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SchemaError(f"{source} is not a page of schema {SCHEMA_VERSION}: {error!r}; {REPAIR}.") from error


def encode_tokens(tokens: np.ndarray) -> bytes:
    """Returns a `(tokens, 8)` int32 array as `.npy` bytes."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(tokens, dtype="<i4"), allow_pickle=False)
    return buffer.getvalue()


def decode_tokens(data: bytes, source: str = "token array") -> np.ndarray:
    """Returns the `(tokens, 8)` int32 array of a `tokens.npy` member.

    Args:
        data: the member.
        source: name of the member in error messages.

    Raises:
        SchemaError: the data is not such an array.
    """
    # The reader of numpy evaluates the header as Python. This is slow and can raise any exception on damaged bytes.
    # For one type and one memory order, the header that numpy writes is constant except for the number of rows.
    header = _NPY_HEADER.match(data)
    if header is None:
        raise SchemaError(f"{source} is not an npy of int32 (tokens, 8): it begins with {data[:80]!r}; {REPAIR}.")
    rows, size = int(header[1]), len(data) - header.end()
    if size != rows * _ROW_BYTES:
        raise SchemaError(f"{source} has {size} bytes for {rows} tokens of {_ROW_BYTES} bytes; {REPAIR}.")
    return np.frombuffer(data, "<i4", offset=header.end()).reshape(rows, len(TOKEN_COLUMNS)).copy()


def check_schema_version(version: object, what: str) -> None:
    """Checks that this code can read a schema version.

    Args:
        version: the version of the data.
        what: name of the data in the error message.

    Raises:
        SchemaError: the version is not `SCHEMA_VERSION`.
    """
    if version != SCHEMA_VERSION:
        advice = "upgrade folio" if isinstance(version, int) and version > SCHEMA_VERSION else "build the corpus again"
        raise SchemaError(
            f"{what} has schema version {version!r}, but this folio reads version {SCHEMA_VERSION}: {advice}."
        )
