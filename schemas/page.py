"""What a page is: its words and lines, where it came from, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from schemas.geometry import Box


class PageStatus(str, Enum):
    """What became of a page, or of a document none of whose pages could be reached. A closed list."""

    OK = "ok"
    BLANK = "blank"
    TOO_FEW_WORDS = "too_few_words"
    OTHER_LANGUAGE = "other_language"
    ENCRYPTED = "encrypted"
    CORRUPT = "corrupt"
    NOT_PDF = "not_pdf"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    OCR_FAILED = "ocr_failed"
    DUPLICATE = "duplicate"
    UNREADABLE = "unreadable"
    CHANGED = "changed"


@dataclass(frozen=True)
class Word:
    """A run of characters without white space.

    Attributes:
        text: the characters, never empty; UTF-8 can carry them (no lone surrogates).
        box: thousandths of the upright page.
        score: the reader's confidence, 0..1; 1 for words of a PDF's text layer.
        line: index into the page's lines.
    """

    text: str
    box: Box
    score: float
    line: int


@dataclass(frozen=True)
class Line:
    """The words that a person reads as one row; `box` is the hull of its words' boxes."""

    box: Box


@dataclass(frozen=True)
class Page:
    """One upright page: its facts, its words in reading order, its lines from first to last.

    Attributes:
        key: `page_key(doc_sha256, page)`.
        uri: the document as it was found.
        doc_sha256: 64 hex digits of the document's bytes.
        page: page number, counted from 1.
        pages: how many pages the document has.
        width_pt, height_pt: size of the upright page in points (1/72 inch).
        image_width, image_height: size of the stored image in pixels.
        rotation: degrees (0, 90, 180, 270) clockwise by which the page was turned to stand upright, in all: by its
            /Rotate entry, and beyond that where its text still lay otherwise.
        skew_deg: skew that was removed, in degrees; positive where the content leaned clockwise.
        text_source: `ocr` or `pdf` (the text layer).
        ocr_engine, ocr_model, ocr_version: the reader; empty strings where `text_source` is `pdf`.
        words: in reading order, so that `line` never decreases.
        lines: one for every line number that the words use, from 0.
    """

    key: str
    uri: str
    doc_sha256: str
    page: int
    pages: int
    width_pt: float
    height_pt: float
    image_width: int
    image_height: int
    rotation: int
    skew_deg: float
    text_source: str
    ocr_engine: str
    ocr_model: str
    ocr_version: str
    words: tuple[Word, ...]
    lines: tuple[Line, ...]


def page_key(doc_sha256: str, page: int) -> str:
    """Returns the sample key: 16 hex digits of the document, a hyphen, the page number (from 1) in five digits."""
    return f"{doc_sha256[:16]}-{page:05d}"
