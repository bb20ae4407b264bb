"""Pages that stand for content which is not in them: notices of XFA forms, and covers of portfolios.

The viewer draws the pages of a dynamic XFA form (LiveCycle, AEM Forms) from a template. For other viewers the file has
one page that says "Please wait...". A portfolio holds its documents as embedded files, and has a page that asks for
Acrobat. These notices exist in many languages, but all of them name Adobe's viewer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.sources.pdf.mupdf import mupdf_errors

if TYPE_CHECKING:
    import pymupdf

MAX_NOTICE_WORDS = 200  # Adobe's notices have 20 to 120 words
XFA_DETAIL = "XFA form: the page only asks for another viewer, the form is not in it"
PORTFOLIO_DETAIL = "PDF portfolio: the page is its cover, the embedded files are not read"
_NAMES_A_VIEWER = re.compile(r"adobe|acrobat|pdf[ -]?(?:portfolio|package|viewer|reader)|please wait", re.IGNORECASE)
_WAITS = re.compile(r"please wait", re.IGNORECASE)
_DRAWN = {"fill-path", "stroke-path", "fill-image", "fill-imgmask", "fill-shade"}  # PyMuPDF's names
_DYNAMIC = re.compile(rb"<dynamicRender>\s*required\s*<")


@dataclass(frozen=True)
class Shell:
    """A document whose content is probably not in its pages.

    Attributes:
        detail: what the document is, and what a placeholder page in it is.
        is_certain: the document says that its pages must be drawn again from a template.
        is_text_alone: a placeholder page has no lines and images, unless it says "Please wait".
    """

    detail: str
    is_certain: bool
    is_text_alone: bool = False

    def has_placeholder(self, page: pymupdf.Page, words: list[str]) -> bool:
        """Returns whether a page is only a notice.

        A page with form fields, or with more text than a notice has, is real. Of the others, those that name a viewer
        are notices, and so is the only page of a document that must be drawn again. A static form that was printed
        with its lines is real, even if it names a viewer.

        Args:
            page: the page.
            words: its words, from the text layer or by OCR.
        """
        if len(words) > MAX_NOTICE_WORDS or page.first_widget is not None:
            return False
        text = " ".join(words)
        if self.is_text_alone and not _WAITS.search(text) and _has_drawings(page):
            return False
        return (self.is_certain and page.parent.page_count == 1) or bool(_NAMES_A_VIEWER.search(text))


def shell_of(document: pymupdf.Document) -> Shell | None:
    """Returns what kind of shell a document is; None if its content is in its pages, as far as can be read."""
    import pymupdf

    mupdf = pymupdf.mupdf
    try:
        root = mupdf.pdf_dict_gets(mupdf.pdf_trailer(mupdf.pdf_document_from_fz_document(document.this)), "Root")
        if shell := _form_of(root):
            return shell
        is_portfolio = not mupdf.pdf_is_null(mupdf.pdf_dict_gets(root, "Collection")) and document.embfile_count()
    except mupdf_errors():
        return None
    return Shell(PORTFOLIO_DETAIL, is_certain=False) if is_portfolio else None


def _form_of(root: Any) -> Shell | None:
    """Returns the shell of a dynamic XFA form.

    Args:
        root: MuPDF's object of the document catalog.
    """
    import pymupdf

    mupdf = pymupdf.mupdf
    template = mupdf.pdf_dict_getp(root, "AcroForm/XFA")
    if mupdf.pdf_is_null(template):
        return None
    is_dynamic = bool(mupdf.pdf_to_bool(mupdf.pdf_dict_gets(root, "NeedsRendering"))) or _is_dynamic(template)
    has_fields = mupdf.pdf_array_len(mupdf.pdf_dict_getp(root, "AcroForm/Fields")) > 0
    return Shell(XFA_DETAIL, is_dynamic, is_text_alone=not is_dynamic) if is_dynamic or not has_fields else None


def _has_drawings(page: pymupdf.Page) -> bool:
    return any(kind in _DRAWN for kind, _ in page.get_bboxlog())


def _is_dynamic(template: Any) -> bool:
    """Returns whether an XFA template, a stream or an array of names and streams, says that it must be rendered."""
    import pymupdf

    mupdf = pymupdf.mupdf
    parts = [mupdf.pdf_array_get(template, i) for i in range(mupdf.pdf_array_len(template))] or [template]
    streams = (mupdf.pdf_load_stream(part) for part in parts if mupdf.pdf_is_stream(part))
    return any(_DYNAMIC.search(mupdf.fz_buffer_extract_copy(stream)) for stream in streams)
