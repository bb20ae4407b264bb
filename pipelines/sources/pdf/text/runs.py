"""Runs of characters, as MuPDF finds them on a page, with the direction in which each run is written.

All lengths are in points of the page before /Rotate. Angles are in degrees clockwise from rightwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipelines.page.reading import PageError
from pipelines.sources.pdf.mupdf import mupdf_errors
from pipelines.sources.pdf.text.chains import joined
from pipelines.sources.pdf.text.characters import Box, Character, Run
from pipelines.sources.pdf.text.columns import with_parts
from pipelines.sources.pdf.text.twins import Point, twin_fonts
from schemas import PageStatus

if TYPE_CHECKING:
    import pymupdf

# Font sizes above and below the baseline. Some fonts state an extent of several lines, which would glue lines together.
MAX_HEIGHT, ASCENT, DESCENT = 1.7, 1.0, 0.35
AXIS = 0.01  # cosine or sine of text along an axis


def runs_of(page: pymupdf.Page) -> list[Run]:
    """Returns the runs of the text layer of a page, in the order in which the page draws them.

    Raises:
        PageError: the text cannot be read.
    """
    import pymupdf

    pymupdf.TOOLS.set_subset_fontnames(True)  # two subsets of a font can have different character maps
    # A glyph without a character is U+FFFD. By default PyMuPDF gives its number in the font, which is no text.
    flags = pymupdf.TEXTFLAGS_WORDS & ~pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE
    try:
        text = page.get_textpage(flags=flags)
        blocks = page.get_text("rawdict", textpage=text)["blocks"]
        twins = twin_fonts(page, text)
    except mupdf_errors() as error:
        raise PageError(PageStatus.CORRUPT, f"the text layer cannot be read: {error}") from error
    runs = [_run(line, twins) for block in blocks for line in block.get("lines", ())]
    return with_parts(joined([run for run in runs if run.characters]))


def _run(line: dict[str, Any], twins: Mapping[Point, int]) -> Run:
    cos, sin = line["dir"]
    characters = [character for span in line["spans"] for character in _characters(span, cos, sin, twins)]
    return Run(math.degrees(math.atan2(sin, cos)) % 360, bool(line["wmode"]), tuple(characters))


def _characters(span: dict[str, Any], cos: float, sin: float, twins: Mapping[Point, int]) -> Iterator[Character]:
    """Yields the characters of a part of a line in one font, with boxes no higher than the font size allows."""
    name, size = span["font"], span["size"]
    is_high = bool(span["chars"]) and _height(span["chars"][0]["bbox"], cos, sin) > MAX_HEIGHT * size
    for char in span["chars"]:
        box = char["bbox"]
        font = f"{name} {twins.get(char['origin'], '')}" if twins else name
        yield Character(char["c"], _bounded(box, char["origin"], size, cos, sin) if is_high else box, font, size)


def _height(box: Box, cos: float, sin: float) -> float:
    """Returns the height of a box of text along one of the axes, else 0."""
    if abs(sin) < AXIS:
        return box[3] - box[1]
    return box[2] - box[0] if abs(cos) < AXIS else 0.0


def _bounded(box: Box, origin: tuple[float, float], size: float, cos: float, sin: float) -> Box:
    """Returns the part of a box that a font of this size can fill, for text along one of the axes."""
    x0, y0, x1, y1 = box
    above, below = (ASCENT, DESCENT) if cos - sin > 0 else (DESCENT, ASCENT)  # up the page, ascenders are on the left
    if abs(sin) < AXIS:
        return x0, max(y0, origin[1] - above * size), x1, min(y1, origin[1] + below * size)
    return max(x0, origin[0] - above * size), y0, min(x1, origin[0] + below * size), y1
