"""Access to PDF documents through PyMuPDF: opens a file, loads, renders and turns pages.

MuPDF can hang or crash on damaged files, so callers run these functions in a `sandbox` child.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.page.reading import REPAIRED, PageError
from pipelines.sources.pdf.checks.damage import document_damage, forget, note_drawing
from pipelines.sources.pdf.checks.protection import protection_in, protection_of
from pipelines.sources.pdf.page_box import repair_box, unit_pt
from schemas import PageStatus

if TYPE_CHECKING:
    import pymupdf

# The longest side that the PDF specification allows (ISO 32000-1, annex C). A unit is 1/72 inch times /UserUnit.
MAX_PAGE_UNITS = 14_400
POINTS_PER_INCH = 72


def open_document(path: Path) -> pymupdf.Document:
    """Opens a PDF.

    Raises:
        PageError: the file is empty, not a PDF, damaged beyond repair, protected, or has no pages.
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
    forget()
    try:
        document = pymupdf.open(path, filetype="pdf")
        if document.needs_pass:
            raise PageError(PageStatus.ENCRYPTED, "opens with a password only")
        if protection := protection_of(document):
            raise PageError(PageStatus.ENCRYPTED, protection)
        if document.page_count == 0:
            found = document_damage()
            status = PageStatus.CORRUPT if found or document.is_repaired else PageStatus.EMPTY
            raise PageError(status, "; ".join(filter(None, ["no page in it", found])))
    except mupdf_errors() as error:
        raise _refusal(error, path) from error
    return document


def _refusal(error: Exception, path: Path) -> PageError:
    """Returns why a file cannot be opened. PyMuPDF's own error hides the reason, which is the error of MuPDF."""
    reason = re.sub(r"^code=\d+: ", "", str(error.__cause__ or error))
    reason = reason.replace(f" '{path}'", "")  # the path of a local copy is not a property of the document
    if protection := protection_in(reason):
        return PageError(PageStatus.ENCRYPTED, protection)
    return PageError(PageStatus.CORRUPT, f"cannot be opened: {reason}")


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
        repair_box(document, number)
        page = document[number - 1]
        unit, width, height = unit_pt(page), page.rect.width, page.rect.height
    except mupdf_errors() as error:
        raise PageError(PageStatus.CORRUPT, str(error)) from error
    size = f"{width * unit:g} x {height * unit:g} pt"
    if min(width, height) * min(unit, 1) < 1:
        raise PageError(PageStatus.CORRUPT, f"the page measures {size}")
    if max(width, height) > MAX_PAGE_UNITS:
        raise PageError(PageStatus.TOO_LARGE, f"{size}, the limit is {MAX_PAGE_UNITS * unit:g} pt")
    return page


def render(page: pymupdf.Page, dpi: int, min_long_side_px: int, max_long_side_px: int) -> np.ndarray:
    """Returns the page as `(height, width, 3)` uint8 RGB, turned according to its /Rotate entry.

    The resolution is `dpi`, unless the long side would then be outside of `min_long_side_px .. max_long_side_px`.

    Raises:
        PageError: MuPDF cannot render the page.
    """
    import pymupdf

    long_side = max(page.rect.width, page.rect.height)
    long_side_px = min(max(long_side * unit_pt(page) * dpi / POINTS_PER_INCH, min_long_side_px), max_long_side_px)
    scale = long_side_px / long_side
    note_drawing()
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
