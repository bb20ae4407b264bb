"""A page: its words and lines, its source, and its status."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from schemas.geometry import Box


class PageStatus(str, Enum):
    """The result for a page, or for a document of which no page could be attempted.

    No other values occur. `docs/schema.md` explains each of them.
    """

    OK = "ok"
    BLANK = "blank"
    PLACEHOLDER = "placeholder"
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
    EXCLUDED = "excluded"
    UNREADABLE = "unreadable"
    CHANGED = "changed"


@dataclass(frozen=True)
class Word:
    """A run of characters without white space.

    Attributes:
        text: the characters. Never empty, and valid in UTF-8 (no lone surrogates).
        box: thousandths of the upright page.
        score: confidence of the OCR engine, 0..1; 1 for words from the text layer of a PDF.
        line: index into the lines of the page.
        source: index of the word in the page file that it comes from (`schemas.page_file`); -1 for all other words.
    """

    text: str
    box: Box
    score: float
    line: int
    source: int = -1


@dataclass(frozen=True)
class Line:
    """Words that a person reads as one row; `box` is the smallest box around all of its words."""

    box: Box


@dataclass(frozen=True)
class Page:
    """One upright page: its source, its words in reading order, and its lines in reading order.

    Attributes:
        key: `page_key(doc_sha256, page)`.
        uri: the document: an absolute path or a uri.
        doc_sha256: SHA-256 of the bytes of the document, 64 hex digits.
        page: page number, counted from 1.
        pages: number of pages of the document.
        width_pt, height_pt: size of the upright page in points (1/72 inch).
        image_width, image_height: size of the stored image in pixels.
        rotation: degrees clockwise (0, 90, 180, 270) by which the page was rotated to make it upright. The sum of its
            /Rotate entry and of the rotation that was added because the text was still not upright.
        skew_deg: skew that was removed, in degrees; positive if the content leaned clockwise.
        text_source: `ocr` or `pdf` (the text layer).
        ocr_engine, ocr_model, ocr_version: what read the words; empty strings if `text_source` is `pdf`.
        words: in reading order; `line` never decreases from word to word.
        lines: one for each line number that occurs in the words; numbers start at 0.
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
    """Returns the key of a sample: `<first 16 hex digits of the document's SHA-256>-<page, five digits>`.

    Args:
        doc_sha256: SHA-256 of the bytes of the document, in hex digits.
        page: page number, counted from 1.
    """
    return f"{doc_sha256[:16]}-{page:05d}"
