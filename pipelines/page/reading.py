"""The result of reading a page. It is the same for all page sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.lines.words import RawWord
from schemas import PageStatus
from schemas.support.printable import printable

REPAIRED = "repaired: the file is damaged, and what could be found again was read"


TEXT_SOURCES = ("ocr", "pdf")
"""`ocr`: an OCR program read the words, ours or another one. `pdf`: they are the document's own text."""


class PageError(Exception):
    """A page or a document cannot be used.

    Attributes:
        status: the reason.
        detail: explains the reason, for the row in the manifest.
    """

    def __init__(self, status: PageStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = printable(detail)  # messages of libraries quote bytes of damaged files


@dataclass(frozen=True)
class EngineName:
    """The OCR engine that read the words: its name, its weights and its version."""

    name: str
    model: str
    version: str


@dataclass(frozen=True)
class Reading:
    """An upright page image and its words.

    Attributes:
        image: `(height, width, 3)` uint8 RGB.
        words: in any order, boxes in pixels of `image`.
        width_pt, height_pt: size of the upright page in points (1/72 inch).
        text_source: `ocr`, or `pdf` for the words of a text layer.
        engine: the OCR engine; None for the words of a text layer.
        rotation: degrees clockwise (0, 90, 180, 270) by which the page of the document was turned to be upright.
        skew_deg: skew that was removed, in degrees; positive if the content was turned clockwise.
        detail: stored in the page's row of the manifest; mostly empty.
        damage: what is damaged on the page, stored after `detail`; mostly empty. With it, a page that a filter leaves
            out because of too little text is `corrupt`.
    """

    image: np.ndarray
    words: list[RawWord]
    width_pt: float
    height_pt: float
    text_source: str
    engine: EngineName | None = None
    rotation: int = 0
    skew_deg: float = 0.0
    detail: str = ""
    damage: str = ""

    def __post_init__(self) -> None:
        if self.text_source not in TEXT_SOURCES:
            raise ValueError(f"text_source is {self.text_source!r}, but must be one of {', '.join(TEXT_SOURCES)}")
