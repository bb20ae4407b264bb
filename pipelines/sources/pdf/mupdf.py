"""Access to PDF documents through PyMuPDF: opens a file, renders pages, reads the text layer.

MuPDF can hang or crash on damaged files, so callers run these functions in a `sandbox` child.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.lines.words import RawWord
from pipelines.page.reading import REPAIRED, PageError
from pipelines.sources.pdf.damage import document_damage, forget, note_drawing
from pipelines.sources.pdf.page_box import repair_box, unit_pt
from pipelines.sources.pdf.protection import protection_in, protection_of
from schemas import PageStatus

if TYPE_CHECKING:
    import pymupdf

# The longest side that the PDF specification allows (ISO 32000-1, annex C). A unit is 1/72 inch times /UserUnit.
MAX_PAGE_UNITS = 14_400
POINTS_PER_INCH = 72
TEXT_MAJORITY = 2 / 3  # of the characters; pages with mixed directions are not turned


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


def text_layer(page: pymupdf.Page) -> list[RawWord]:
    """Returns the words of the text layer with boxes in points of the page as it is shown, and score 1.

    Raises:
        PageError: the text cannot be read.
    """
    try:
        found = page.get_text("words")
    except mupdf_errors() as error:
        raise PageError(PageStatus.CORRUPT, f"the text layer cannot be read: {error}") from error
    parts = [part for *box, text, _, _, _ in found for part in _split_at_white_space(text, box)]
    texts = (text.encode("utf-8", "replace").decode() for text, _ in parts)
    boxes = _shown(np.array([box for _, box in parts]).reshape(-1, 4), page).tolist()
    return [RawWord(text, x0, y0, x1, y1, 1.0) for text, (x0, y0, x1, y1) in zip(texts, boxes, strict=True)]


def text_rotation(page: pymupdf.Page) -> int:
    """Returns by how many degrees clockwise (0, 90, 180, 270) to turn the page so that its text layer is upright.

    A direction needs two thirds of the characters. Characters in vertical columns count as upright.

    Raises:
        PageError: the text cannot be read.
    """
    votes = [0, 0, 0, 0]
    try:
        blocks = page.get_text("dict", flags=0)["blocks"]
    except mupdf_errors() as error:
        raise PageError(PageStatus.CORRUPT, f"the text layer cannot be read: {error}") from error
    for line in (line for block in blocks for line in block["lines"]):
        cos, sin = line["dir"]  # before /Rotate is applied, y axis down
        runs_deg = 0.0 if line["wmode"] else math.degrees(math.atan2(sin, cos)) + page.rotation
        votes[round(runs_deg / 90) % 4] += sum(len(span["text"].strip()) for span in line["spans"])
    largest = max(votes)
    return -90 * votes.index(largest) % 360 if largest > TEXT_MAJORITY * sum(votes) else 0


@contextmanager
def turned(page: pymupdf.Page, rotation: int) -> Iterator[None]:
    """Turns a page by `rotation` degrees clockwise inside the block, with its size, pixels and text layer.

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


def _split_at_white_space(text: str, box: list[float]) -> Iterator[tuple[str, list[float]]]:
    """Yields the parts of a word and their boxes, split at Unicode white space, at which MuPDF does not split."""
    x0, y0, x1, y1 = box
    step = (x1 - x0) / max(1, len(text))
    for part in re.finditer(r"\S+", text):
        yield part.group(), [x0 + part.start() * step, y0, x0 + part.end() * step, y1]


def _shown(boxes: np.ndarray, page: pymupdf.Page) -> np.ndarray:
    """Converts boxes `(n, 4)` of the text layer, which do not include /Rotate, to the page as it is shown."""
    turn = np.array(page.rotation_matrix).reshape(3, 2)
    corners = boxes.reshape(-1, 2, 2) @ turn[:2] + turn[2]
    return np.hstack([corners.min(axis=1), corners.max(axis=1)])
