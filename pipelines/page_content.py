"""What a page is painted with: how much of it images cover, and how much of its text nobody sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipelines.documents import PageError, mupdf_errors
from schemas import PageStatus

if TYPE_CHECKING:
    import pymupdf

GRID = 128  # cells along a side of the page, in which covered area is counted
_IMAGES = ("fill-image", "fill-imgmask")
_INVISIBLE = "ignore-text"  # text render mode 3, with which OCR programs lay their words over a scan


@dataclass(frozen=True)
class PageContent:
    """Shares, 0..1, and whether there is anything beside text.

    Attributes:
        image_share: of the page, covered by all its images together: near 1 for scans, whole or in strips.
        invisible_share: of the text, by area.
        is_all_text: nothing but text is painted.
    """

    image_share: float = 0.0
    invisible_share: float = 0.0
    is_all_text: bool = False

    @classmethod
    def of(cls, page: pymupdf.Page) -> PageContent:
        """Looks through what the page paints.

        Raises:
            PageError: MuPDF cannot interpret the page.
        """
        try:
            painted = page.get_bboxlog()
        except mupdf_errors() as error:
            raise PageError(PageStatus.CORRUPT, f"its content cannot be interpreted: {error}") from error
        whole = (page.rect * page.derotation_matrix).normalize()  # the log is of the page before /Rotate
        boxes = np.array([box for _, box in painted], float).reshape(-1, 4)
        boxes = ((boxes - [whole.x0, whole.y0] * 2) / ([whole.width, whole.height] * 2)).clip(0, 1)
        kinds = np.array([kind for kind, _ in painted], str)
        text = np.char.endswith(kinds, "text")
        area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        invisible = area[kinds == _INVISIBLE].sum() / max(area[text].sum(), np.finfo(float).tiny)
        return cls(_covered(boxes[np.isin(kinds, _IMAGES)]), float(invisible), bool(text.all()))


def _covered(boxes: np.ndarray) -> float:
    """Returns the share of the unit square that boxes `(n, 4)` cover together."""
    cells = np.zeros((GRID, GRID), bool)
    for x0, y0, x1, y1 in np.rint(boxes * GRID).astype(int):
        cells[y0:y1, x0:x1] = True
    return float(cells.mean())
