"""Reads table files (`schemas.table_file`): draws their pages, with the words as they are printed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipelines.config import PageConfig
from pipelines.drawing.canvas import DrawnWord, Sheet
from pipelines.drawing.pdf import draw_page
from pipelines.drawing.table_pages import draw_table
from pipelines.lines.words import RawWord
from pipelines.ocr.engine import OcrEngine
from pipelines.page.reading import PageError, Reading
from pipelines.page.stopwatch import Stopwatch
from pipelines.sources.base import Picture
from pipelines.sources.pdf import mupdf
from schemas import PageStatus, SchemaError
from schemas.table_file import TABLE_FILE_SUFFIX, decode_table_file


class TableFileSource:
    """Opens table files."""

    suffixes = (TABLE_FILE_SUFFIX,)

    def open(self, path: Path) -> TableFileDocument:
        """Opens a table file.

        Raises:
            PageError: the file is not a table, or the table has no text.
        """
        try:
            table = decode_table_file(path.read_bytes(), "the file")
        except SchemaError as error:
            raise PageError(PageStatus.CORRUPT, str(error)) from error
        sheets = draw_table(table)
        if not any(sheet.rows for sheet in sheets):
            raise PageError(PageStatus.EMPTY, "no text in the table")
        return TableFileDocument(sheets)


class TableFileDocument:
    """A drawn table. See `pipelines.sources.base.Document`."""

    detail = ""

    def __init__(self, sheets: list[Sheet]) -> None:
        self._sheets = sheets
        self.pages = len(sheets)

    def read(self, page: int, config: PageConfig, engine: OcrEngine | None, watch: Stopwatch) -> Reading:
        """Reads a page: its words are those that are printed on it, for any text source.

        Raises:
            PageError: MuPDF cannot render the page.
        """
        with watch.stage("render"):
            reading = self.picture(page, config).reading
        height, width = reading.image.shape[:2]
        unit_x, unit_y = width / reading.width_pt, height / reading.height_pt
        return replace(reading, words=[_raw_word(word, unit_x, unit_y) for word in self._sheets[page - 1].words])

    def picture(self, page: int, config: PageConfig) -> Picture:
        """Returns a page without words, in the resolution of the stored image.

        Raises:
            PageError: MuPDF cannot render the page.
        """
        import pymupdf

        sheet = self._sheets[page - 1]
        long_side_px = min(config.image_long_side, config.max_long_side_px)
        with pymupdf.open() as document:
            image = mupdf.render(draw_page(document, sheet), config.dpi, long_side_px, long_side_px)
        size = sheet.width, sheet.height
        return Picture(Reading(image, [], *size, "pdf"), size)

    def close(self) -> None:
        """Does nothing: no file is open."""


def _raw_word(word: DrawnWord, unit_x: float, unit_y: float) -> RawWord:
    x0, y0, x1, y1 = word.box
    return RawWord(word.text, x0 * unit_x, y0 * unit_y, x1 * unit_x, y1 * unit_y, 1.0, line=word.line)


SOURCE = TableFileSource()
