"""Writes drawn pages as a born-digital PDF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.samples.canvas import Path, Sheet, TextSpan, TurnedText

if TYPE_CHECKING:
    import pymupdf


def write_pdf(sheets: Sequence[Sheet], title: str) -> bytes:
    """Returns the PDF of `sheets`, with a text layer. The same pages give the same bytes: no date, no random id."""
    import pymupdf

    with pymupdf.open() as document:
        for sheet in sheets:
            page = document.new_page(width=sheet.width, height=sheet.height)
            shape = page.new_shape()
            for path in sheet.paths:
                _draw(shape, path)
            for span, baseline in sheet.spans:
                _print(shape, span, baseline)
            for text in sheet.turned:
                _print_turned(shape, text)
            shape.commit()
        document.set_metadata({"title": title, "producer": "folio samples"})
        return document.tobytes(no_new_id=True, deflate=True)


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


def _print_turned(shape: pymupdf.Shape, text: TurnedText) -> None:
    font, turn = text.font, 90 if text.upwards else 270  # counter-clockwise
    shape.insert_text((text.x, text.y), text.text, fontname=font.face, fontsize=font.size, rotate=turn)
