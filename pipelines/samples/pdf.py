"""Print drawn pages as a born-digital PDF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.samples.canvas import Path, Sheet, TextSpan

if TYPE_CHECKING:
    import pymupdf


def write_pdf(sheets: Sequence[Sheet], title: str) -> bytes:
    """The PDF of `sheets`, with a text layer; the same bytes for the same pages (no date and no random id in it)."""
    import pymupdf

    with pymupdf.open() as document:
        for sheet in sheets:
            page = document.new_page(width=sheet.width, height=sheet.height)
            shape = page.new_shape()
            for path in sheet.paths:
                _draw(shape, path)
            for run, baseline in sheet.runs:
                _print(shape, run, baseline)
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


def _print(shape: pymupdf.Shape, run: TextSpan, baseline: float) -> None:
    shape.insert_text((run.x, baseline), run.text, fontname=run.font.face, fontsize=run.font.size, color=run.colour)
