"""The page file: one document as a list of page images with the words that another program has read on them.

A page file is a JSON-lines file whose name ends in `.pages.jsonl`, with one line per page. `pipelines.build_corpus`
reads it like any other document. So words of other OCR programs, or of the annotations of a data set, become pages of a
corpus with Folio's own lines, tokens and cells.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.errors import SchemaError
from schemas.support.printable import storable

PAGE_FILE_SUFFIX = ".pages.jsonl"


@dataclass(frozen=True)
class GivenWord:
    """A word of a page file.

    Attributes:
        text: may contain any character, also white space.
        box: x0, y0, x1, y1 in the units of `FilePage.size`, in any order of the corners.
        score: confidence, 0..1.
    """

    text: str
    box: tuple[float, float, float, float]
    score: float = 1.0


@dataclass(frozen=True)
class FilePage:
    """One page of a page file.

    Attributes:
        file: the image or document that shows the page: a path relative to the folder of the page file. "": there is no
            image; the page is white and has the given words.
        page: number of the page in `file`, from 1.
        words: the words in any order. None: the build reads them, as from a document without a page file.
        size: width and height of the page in the units of the boxes. None: pixels of the image, points of a PDF.
        rotation: degrees clockwise (0, 90, 180, 270) by which the page must be turned to be upright. Image and boxes
            are turned together.
        engine: the program that read the words, as in `Page.ocr_engine`.
    """

    file: str
    page: int = 1
    words: tuple[GivenWord, ...] | None = None
    size: tuple[float, float] | None = None
    rotation: int = 0
    engine: str = ""


def encode_page_file(pages: Iterable[FilePage]) -> bytes:
    """Returns the bytes of a page file. The same pages give the same bytes.

    Raises:
        ValueError: a number is not finite, or a text contains a lone surrogate.
    """
    return "".join(f"{_line(page)}\n" for page in pages).encode()


def _line(page: FilePage) -> str:
    record: dict[str, Any] = {"file": page.file, "page": page.page, "rotation": page.rotation, "engine": page.engine}
    if page.size is not None:
        record["size"] = list(page.size)
    if page.words is not None:
        record["words"] = {
            "text": [word.text for word in page.words],
            "box": [list(word.box) for word in page.words],
            "score": [word.score for word in page.words],
        }
    return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)


def decode_page_file(data: bytes, source: str) -> list[FilePage]:
    """Returns the pages of a page file.

    Args:
        data: the bytes of the file.
        source: name of the file in error messages.

    Raises:
        SchemaError: a line is not a page. The message names the line.
    """
    return [decode_file_page(line, f"{source}, line {number}") for number, line in enumerate(data.splitlines(), 1)]


def decode_file_page(line: bytes, source: str) -> FilePage:
    """Returns the page of one line of a page file.

    Args:
        line: the bytes of the line.
        source: name of the line in error messages.

    Raises:
        SchemaError: the line is not a page.
    """
    try:
        return _page(json.loads(line))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise SchemaError(f"{source}: not a page ({error!r})") from error


def _page(record: Mapping[str, Any]) -> FilePage:
    size = record.get("size")
    page = FilePage(
        file=storable(record["file"]),
        page=int(record.get("page", 1)),
        words=_words(record["words"]) if record.get("words") is not None else None,
        size=None if size is None else (_positive(size[0]), _positive(size[1])),
        rotation=int(record.get("rotation", 0)),
        engine=storable(record.get("engine", "")),
    )
    if page.page < 1 or page.rotation not in (0, 90, 180, 270):
        raise ValueError(f"page {page.page}, rotation {page.rotation}")
    return page


def _words(columns: Mapping[str, Any]) -> tuple[GivenWord, ...]:
    scores = columns.get("score") or [1.0] * len(columns["text"])
    rows = zip(columns["text"], columns["box"], scores, strict=True)
    return tuple(GivenWord(storable(text), _box(box), _finite(score)) for text, box, score in rows)


def _box(values: Any) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (_finite(value) for value in values)
    return x0, y0, x1, y1


def _finite(value: Any) -> float:
    if not math.isfinite(number := float(value)):
        raise ValueError(f"{value} is not finite")
    return number


def _positive(value: Any) -> float:
    if (number := _finite(value)) <= 0:
        raise ValueError(f"{value} is not above 0")
    return number
