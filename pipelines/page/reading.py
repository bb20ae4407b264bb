"""What reading a page yields, whatever the page is read from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.lines.words import RawWord
from schemas import PageStatus

REPAIRED = "repaired: the file is damaged, and what could be found again was read"


class PageError(Exception):
    """A page, or a document, cannot be used: `status` is the reason, the text gives the detail."""

    def __init__(self, status: PageStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True)
class EngineName:
    """The program that read the words from pixels: its name, its weights, its version."""

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
        engine: None for the words of a text layer.
        rotation: degrees (0, 90, 180, 270) clockwise by which the stored page was turned to stand upright.
        skew_deg: skew that was removed, in degrees; positive where the content leaned clockwise.
        detail: goes into the page's row of the manifest; mostly empty.
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
