"""A canvas notes what is drawn on it: words, the lines that they form, and strokes.

Units are points, the origin is the top left corner of the page, y grows downwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.samples.fonts import Font

Colour = tuple[float, float, float]
Point = tuple[float, float]
BoxPt = tuple[float, float, float, float]

BLACK: Colour = (0.0, 0.0, 0.0)
GREY: Colour = (0.45, 0.45, 0.45)
WHITE: Colour = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class TextSpan:
    """Text of one font that starts at `x`; several runs on one baseline make a row."""

    text: str
    x: float
    font: Font
    colour: Colour = BLACK


def right(text: str, x: float, font: Font, colour: Colour = BLACK) -> TextSpan:
    """A run that ends at `x`."""
    return TextSpan(text, x - font.width(text), font, colour)


def centred(text: str, x: float, font: Font, colour: Colour = BLACK) -> TextSpan:
    """A run with its middle at `x`."""
    return TextSpan(text, x - font.width(text) / 2, font, colour)


def justified(text: str, x: float, width: float, font: Font) -> list[TextSpan]:
    """One run a word, spread so that the row fills `width` points."""
    words = text.split()
    gap = (width - sum(font.width(word) for word in words)) / max(1, len(words) - 1)
    runs = []
    for word in words:
        runs.append(TextSpan(word, x, font))
        x += font.width(word) + gap
    return runs


@dataclass(frozen=True)
class Path:
    """Joined strokes: a rule, a rectangle, a signature. No `fill` leaves it open, no `stroke` draws no outline."""

    points: Sequence[Point]
    stroke: Colour | None = BLACK
    fill: Colour | None = None
    width: float = 0.6
    dashes: str | None = None


@dataclass(frozen=True)
class DrawnWord:
    """A word as printed: its tight box in points and the number of its line on the page, from 0."""

    text: str
    box: BoxPt
    line: int


@dataclass
class Sheet:
    """One page: its size, what is printed on it and the truth about it."""

    width: float
    height: float
    runs: list[tuple[TextSpan, float]] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    words: list[DrawnWord] = field(default_factory=list)


class Canvas:
    """Pages under way, with a cursor `y` at the last baseline.

    Every `row` is one line of the truth, and rows must come in reading order.
    """

    def __init__(self, width: float, height: float, margin: float) -> None:
        self.width, self.height, self.margin = width, height, margin
        self.left, self.right, self.centre = margin, width - margin, width / 2
        self.sheets: list[Sheet] = []
        self.new_page()

    def new_page(self) -> None:
        """Go on at the top of a fresh page."""
        self.sheets.append(Sheet(self.width, self.height))
        self.y = self.margin
        self._lines = 0

    @property
    def sheet(self) -> Sheet:
        """The page being drawn."""
        return self.sheets[-1]

    def room(self, height: float) -> bool:
        """Whether `height` points are left above the bottom margin and the footer in it."""
        return self.y + height <= self.height - self.margin

    def skip(self, height: float) -> None:
        """Move the cursor down."""
        self.y += height

    def row(self, *runs: TextSpan, leading: float | None = None) -> None:
        """Move down by `leading` (by default that of the largest font) and print `runs` as one line, left to right."""
        self.y += leading if leading is not None else max(run.font.leading for run in runs)
        self.row_at(self.y, *runs)

    def row_at(self, baseline: float, *runs: TextSpan) -> None:
        """Print `runs` on `baseline` as one line, left to right; the cursor stays."""
        printed = [run for run in sorted(runs, key=lambda run: run.x) if run.text.strip()]
        for run in printed:
            self.sheet.runs.append((run, baseline))
            self.sheet.words.extend(_words(run, baseline, self._lines))
        self._lines += bool(printed)

    def rule(self, x0: float, y0: float, x1: float, y1: float, colour: Colour = BLACK, width: float = 0.6,
             dashes: str | None = None) -> None:  # fmt: skip
        """Draw a straight stroke; `dashes` as in PDF, for instance "[1 3] 0"."""
        self.sheet.paths.append(Path(((x0, y0), (x1, y1)), colour, None, width, dashes))

    def box(self, x0: float, y0: float, x1: float, y1: float, stroke: Colour | None = BLACK,
            fill: Colour | None = None, width: float = 0.6) -> None:  # fmt: skip
        """Draw a rectangle."""
        corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))
        self.sheet.paths.append(Path(corners, stroke, fill, width))

    def trim(self) -> None:
        """Cut the page below the cursor to whole points, as a till cuts its roll."""
        self.sheet.height = float(math.ceil(self.y + self.margin))


def _words(run: TextSpan, baseline: float, line: int) -> list[DrawnWord]:
    """The words of a run: advance wide, from the top of "d" to the bottom of "p" high."""
    words, x = [], run.x
    top, bottom = baseline - run.font.ascent, baseline + run.font.descent
    for text in run.text.split(" "):
        width = run.font.width(text)
        if text:
            words.append(DrawnWord(text, (x, top, x + width, bottom), line))
        x += width + run.font.width(" ")
    return words
