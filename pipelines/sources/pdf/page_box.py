"""Size and rotation of a page as viewers show it, where its entries break the rules of PDF.

MuPDF shows such pages differently from viewers, and PyMuPDF computes with other values than MuPDF. The entries of the
page object are therefore replaced in memory, before the page is loaded. The file does not change.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pymupdf

LETTER_PT = (0.0, 0.0, 612.0, 792.0)  # the page of a document without a MediaBox, in pdf.js, PDFium and MuPDF
MIN_SIDE = 1.0  # in units of the page; a box with a shorter side shows nothing
_UNIT = "FolioUserUnit"  # our key in the page object; it holds /UserUnit, which `repair_box` removes


def repair_box(document: pymupdf.Document, number: int) -> None:
    """Replaces the boxes, the rotation and the unit of page `number`, from 1, by those that viewers use.

    * The page shows the part of its MediaBox that is in its CropBox. If there is no such part, it shows the MediaBox.
    * A MediaBox without area, or none at all, stands for US Letter.
    * A /Rotate that is not a multiple of 90 is ignored, as by pdf.js, poppler and, below 90, PDFium; MuPDF rounds it.
    * /UserUnit is removed, so that MuPDF measures the page in its own units. `unit_pt` returns it.

    Raises:
        mupdf_errors(): the page cannot be found.
    """
    import pymupdf

    pdf = pymupdf.mupdf.pdf_document_from_fz_document(document.this)
    page = pymupdf.mupdf.pdf_lookup_page_obj(pdf, number - 1)
    _repair_boxes(pdf, page)
    if pymupdf.mupdf.pdf_to_int(pymupdf.mupdf.pdf_dict_gets_inheritable(page, "Rotate")) % 90:
        pymupdf.mupdf.pdf_dict_puts(page, "Rotate", pymupdf.mupdf.pdf_new_int(0))
    unit = pymupdf.mupdf.pdf_dict_gets(page, "UserUnit")
    if unit.m_internal:
        pymupdf.mupdf.pdf_dict_puts(page, _UNIT, unit)
        pymupdf.mupdf.pdf_dict_dels(page, "UserUnit")


def unit_pt(page: pymupdf.Page) -> float:
    """Returns the unit in which MuPDF measures a page, in points (1/72 inch). It is 1 unless the page has /UserUnit."""
    import pymupdf

    entry = pymupdf.mupdf.pdf_dict_gets(pymupdf.mupdf.pdf_page_from_fz_page(page.this).obj(), _UNIT)
    unit = pymupdf.mupdf.pdf_to_real(entry)  # 0 if it is no number
    return unit if unit > 0 and math.isfinite(unit) else 1.0


def _repair_boxes(pdf: Any, page: Any) -> None:
    """Makes sure that the MediaBox has an area, and that the CropBox, if there is one, is the part that is shown."""
    import pymupdf

    media = _box(page, "MediaBox")
    if not _has_area(media):
        media = pymupdf.Rect(LETTER_PT)
        _put_box(pdf, page, "MediaBox", media)
    if pymupdf.mupdf.pdf_is_null(pymupdf.mupdf.pdf_dict_gets_inheritable(page, "CropBox")):
        return
    crop = _box(page, "CropBox")
    shown = pymupdf.Rect(crop).intersect(media)
    shown = shown if _has_area(shown) else media
    if shown != crop:
        _put_box(pdf, page, "CropBox", shown)


def _box(page: Any, key: str) -> pymupdf.Rect:
    """Returns a box of a page with its corners in order; without area if the page has no such box."""
    import pymupdf

    entry = pymupdf.mupdf.pdf_dict_gets_inheritable(page, key)
    if not pymupdf.mupdf.pdf_is_array(entry):
        return pymupdf.Rect(0, 0, 0, 0)
    box = pymupdf.mupdf.pdf_to_rect(entry)
    return pymupdf.Rect(box.x0, box.y0, box.x1, box.y1)


def _has_area(box: pymupdf.Rect) -> bool:
    return box.x1 - box.x0 >= MIN_SIDE and box.y1 - box.y0 >= MIN_SIDE


def _put_box(pdf: Any, page: Any, key: str, box: pymupdf.Rect) -> None:
    import pymupdf

    pymupdf.mupdf.pdf_dict_puts(
        page, key, pymupdf.mupdf.pdf_new_rect(pdf, pymupdf.mupdf.FzRect(box.x0, box.y0, box.x1, box.y1))
    )
