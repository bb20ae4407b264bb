"""Checks a page after it was read: is it damaged, is it only a placeholder, and how large is it in points?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.page.reading import PageError, Reading
from pipelines.sources.pdf.checks.damage import DAMAGED, page_damage
from pipelines.sources.pdf.checks.jbig2 import has_cut_image
from pipelines.sources.pdf.checks.placeholder import Shell
from pipelines.sources.pdf.mupdf import mupdf_errors
from pipelines.sources.pdf.page_box import unit_pt
from schemas import PageStatus

if TYPE_CHECKING:
    import pymupdf

_CUT_CONTENT = DAMAGED + "premature end of data in flate filter"
_CUT_IMAGE = DAMAGED + "the end of a JBIG2 image is missing"


class PageCheck:
    """Checks one page, after it was drawn."""

    def __init__(self, page: pymupdf.Page, shell: Shell | None) -> None:
        self._page = page
        self._shell = shell

    def error(self, error: PageError) -> PageError:
        """Returns the error to report for a page that could not be read: a blank page can be damaged."""
        if error.status is not PageStatus.BLANK:
            return error
        if found := self._damage_without_text():
            return PageError(PageStatus.CORRUPT, f"{error.detail}; {found}")
        return self._placeholder() if self._is_placeholder([]) else error

    def checked(self, reading: Reading) -> Reading:
        """Returns a reading with the size of the page in points and with its damage.

        Args:
            reading: the page, its size in the units of the page.

        Raises:
            PageError: the page is only a placeholder.
        """
        if self._is_placeholder([word.text for word in reading.words]):
            raise self._placeholder()
        damage = page_damage() if reading.words else self._damage_without_text()
        unit = unit_pt(self._page)
        width_pt, height_pt = reading.width_pt * unit, reading.height_pt * unit
        return replace(reading, width_pt=width_pt, height_pt=height_pt, damage=damage)

    def _damage_without_text(self) -> str:
        """Returns what is damaged on a page without text, on which MuPDF warns too little or too much."""
        found, page = page_damage(), self._page
        if found not in ("", _CUT_CONTENT):
            return found
        try:
            if not found:
                return _CUT_IMAGE if has_cut_image(page) else ""
            # Some programs write a blank page as a compressed stream without a byte.
            return found if any(map(page.parent.xref_stream_raw, page.get_contents())) else ""
        except mupdf_errors() as error:
            return f"{DAMAGED}{error}"

    def _is_placeholder(self, words: list[str]) -> bool:
        try:
            return self._shell is not None and self._shell.has_placeholder(self._page, words)
        except mupdf_errors():  # its form fields are damaged, so it has some
            return False

    def _placeholder(self) -> PageError:
        assert self._shell is not None
        return PageError(PageStatus.PLACEHOLDER, self._shell.detail)
