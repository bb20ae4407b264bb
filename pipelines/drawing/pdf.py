"""Draws pages into a PDF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.drawing.canvas import Path, Sheet, TextSpan, TurnedText
from pipelines.drawing.fonts import full_face, is_latin_1

if TYPE_CHECKING:
    import pymupdf


def write_pdf(sheets: Sequence[Sheet], title: str) -> bytes:
    """Returns the PDF of `sheets`, with a text layer. The same pages give the same bytes: no date, no random id."""
    import pymupdf

    with pymupdf.open() as document:
        for sheet in sheets:
            draw_page(document, sheet)
        document.set_metadata({"title": title, "producer": "folio samples"})
        return document.tobytes(no_new_id=True, deflate=True)


def draw_page(document: pymupdf.Document, sheet: Sheet) -> pymupdf.Page:
    """Adds a page to a document and returns it."""
    page = document.new_page(width=sheet.width, height=sheet.height)
    shape = page.new_shape()
    for path in sheet.paths:
        _draw(shape, path)
    for span, baseline in sheet.spans:
        if is_latin_1(span.text):
            _print(shape, span, baseline)
    for text in sheet.turned:
        _print_turned(shape, text)
    shape.commit()
    for span, baseline in sheet.spans:
        if not is_latin_1(span.text):
            _print_any_script(page, span, baseline)
    return page


def _draw(shape: pymupdf.Shape, path: Path) -> None:
    shape.draw_polyline(list(path.points))
    shape.finish(
        width=path.width if path.stroke else 0,
        color=path.stroke,
        fill=path.fill,
        dashes=path.dashes,
        closePath=False,
    )


def _print(shape: pymupdf.Shape, span: TextSpan, baseline: float) -> None:
    font = span.font
    shape.insert_text((span.x, baseline), span.text, fontname=font.face, fontsize=font.size, color=span.colour)


def _print_any_script(page: pymupdf.Page, span: TextSpan, baseline: float) -> None:
    """Prints a text that the encoding of base-14 fonts does not have. Characters stand in the order of the text."""
    import pymupdf

    writer = pymupdf.TextWriter(page.rect, color=span.colour)
    writer.append((span.x, baseline), span.text, font=full_face(span.font.face), fontsize=span.font.size)
    writer.write_text(page)


def _print_turned(shape: pymupdf.Shape, text: TurnedText) -> None:
    font, turn = text.font, 90 if text.upwards else 270  # counter-clockwise
    shape.insert_text((text.x, text.y), text.text, fontname=font.face, fontsize=font.size, rotate=turn)
