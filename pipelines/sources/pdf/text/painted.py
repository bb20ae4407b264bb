"""Measures what a page shows: the share that images cover, and the share of its text that is invisible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from pipelines.page.reading import PageError
from pipelines.sources.pdf.mupdf import mupdf_errors
from schemas import PageStatus

if TYPE_CHECKING:
    import pymupdf

Answer = TypeVar("Answer")

GRID = 128  # cells per side of the page; covered area is counted in cells
_IMAGES = ("fill-image", "fill-imgmask")
_INVISIBLE = "ignore-text"  # text render mode 3: OCR programs write words over a scan with it


@dataclass(frozen=True)
class PaintedShares:
    """Shares, 0..1, of images and invisible text on a page.

    Attributes:
        image_share: share of the page that all images cover together: near 1 for scans, in one piece or in strips.
        invisible_share: share of the text area that is invisible.
        is_all_text: the page shows only text, or nothing.
    """

    image_share: float = 0.0
    invisible_share: float = 0.0
    is_all_text: bool = False

    @classmethod
    def of(cls, page: pymupdf.Page) -> PaintedShares:
        """Measures a page from the list of its drawing operations.

        Raises:
            PageError: MuPDF cannot interpret the page.
        """
        painted = _interpreted(page.get_bboxlog)
        boxes = _shares([box for _, box in painted], page)
        kinds = np.array([kind for kind, _ in painted], str)
        text = np.char.endswith(kinds, "text")
        area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        invisible = area[kinds == _INVISIBLE].sum() / max(area[text].sum(), np.finfo(float).tiny)
        return cls(_covered(boxes[np.isin(kinds, _IMAGES)]), float(invisible), bool(text.all()))


def image_share(page: pymupdf.Page) -> float:
    """Returns `PaintedShares.image_share` alone, in a third of the time.

    Raises:
        PageError: MuPDF cannot interpret the page.
    """
    images = _interpreted(page.get_image_info)
    return _covered(_shares([image["bbox"] for image in images], page))


def _interpreted(read: Callable[[], Answer]) -> Answer:
    try:
        return read()
    except mupdf_errors() as error:
        raise PageError(PageStatus.CORRUPT, f"its content cannot be interpreted: {error}") from error


def _shares(boxes: list[tuple[float, ...]], page: pymupdf.Page) -> np.ndarray:
    """Converts boxes `(n, 4)` in points of the page before /Rotate to shares of its sides, `(n, 4)`."""
    whole = (page.rect * page.derotation_matrix).normalize()
    corners = np.array(boxes, float).reshape(-1, 4) - [whole.x0, whole.y0] * 2
    return (corners / ([whole.width, whole.height] * 2)).clip(0, 1)


def _covered(boxes: np.ndarray) -> float:
    """Returns the share of the unit square that boxes `(n, 4)` cover together."""
    cells = np.zeros((GRID, GRID), bool)
    for x0, y0, x1, y1 in np.rint(boxes * GRID).astype(int):
        cells[y0:y1, x0:x1] = True
    return float(cells.mean())
