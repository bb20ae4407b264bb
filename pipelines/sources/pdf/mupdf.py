"""Access to PDF documents through PyMuPDF: opens a file, loads, renders and turns pages.

MuPDF can hang or crash on damaged files, so callers run these functions in a `sandbox` child.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.page.reading import REPAIRED, PageError
from schemas import PageStatus

if TYPE_CHECKING:
    import pymupdf

MAX_PAGE_PT = 14_400  # 200 inches, the largest page that the PDF specification allows (ISO 32000-1, annex C)
POINTS_PER_INCH = 72


def open_document(path: Path) -> pymupdf.Document:
    """Opens a PDF.

    Raises:
        PageError: the file is empty, not a PDF, damaged beyond repair, protected by a password, or has no pages.
    """
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    with path.open("rb") as file:
        head = file.read(1024)
    if not head:
        raise PageError(PageStatus.EMPTY, "the file has 0 bytes")
    if b"%PDF" not in head:
        raise PageError(PageStatus.NOT_PDF, f"starts with {head[:8]!r}, not with %PDF")
    try:
        document = pymupdf.open(path, filetype="pdf")
        if document.needs_pass:
            raise PageError(PageStatus.ENCRYPTED, "opens with a password only")
        if document.page_count == 0:
            raise PageError(PageStatus.CORRUPT if document.is_repaired else PageStatus.EMPTY, "no page in it")
    except mupdf_errors() as error:
        detail = str(error).replace(f" '{path}'", "")  # the path of a local copy is not a property of the document
        raise PageError(PageStatus.CORRUPT, detail) from error
    return document


def repair_of(document: pymupdf.Document) -> str:
    """Returns `REPAIRED` if MuPDF had to repair the document when it opened it, else an empty string."""
    return REPAIRED if document.is_repaired else ""


def mupdf_errors() -> tuple[type[Exception], ...]:
    """Returns the exceptions that PyMuPDF raises for a damaged file: its own, and those of MuPDF that it passes on."""
    import pymupdf

    return RuntimeError, ValueError, IndexError, pymupdf.mupdf.FzErrorBase


def load_page(document: pymupdf.Document, number: int) -> pymupdf.Page:
    """Returns page `number`, counted from 1.

    Raises:
        PageError: the page is damaged, has no area, or is larger than the PDF specification allows.
    """
    try:
        page = document[number - 1]
        width, height = page.rect.width, page.rect.height
    except mupdf_errors() as error:
        raise PageError(PageStatus.CORRUPT, str(error)) from error
    if width < 1 or height < 1:
        raise PageError(PageStatus.CORRUPT, f"the page measures {width:g} x {height:g} pt")
    if max(width, height) > MAX_PAGE_PT:
        raise PageError(PageStatus.TOO_LARGE, f"{width:g} x {height:g} pt, the limit is {MAX_PAGE_PT} pt")
    return page


def render(page: pymupdf.Page, dpi: int, min_long_side_px: int, max_long_side_px: int) -> np.ndarray:
    """Returns the page as `(height, width, 3)` uint8 RGB, turned according to its /Rotate entry.

    The resolution is `dpi`, unless the long side would then be outside of `min_long_side_px .. max_long_side_px`.

    Raises:
        PageError: MuPDF cannot render the page.
    """
    import pymupdf

    long_side_pt = max(page.rect.width, page.rect.height)
    long_side_px = min(max(long_side_pt * dpi / POINTS_PER_INCH, min_long_side_px), max_long_side_px)
    scale = long_side_px / long_side_pt
    try:
        pixmap = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csRGB, alpha=False)
    except mupdf_errors() as error:
        raise PageError(PageStatus.CORRUPT, f"cannot be rendered: {error}") from error
    return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)


@contextmanager
def turned(page: pymupdf.Page, rotation: int) -> Iterator[None]:
    """Turns a page by `rotation` degrees clockwise inside the block, with its size and pixels.

    Raises:
        PageError: the page is too damaged.
    """
    before = page.rotation
    try:
        page.set_rotation((before + rotation) % 360)
    except mupdf_errors() as error:
        raise PageError(PageStatus.CORRUPT, f"cannot be turned: {error}") from error
    try:
        yield
    finally:
        page.set_rotation(before)
