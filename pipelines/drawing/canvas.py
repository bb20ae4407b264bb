"""A canvas that records what is drawn on it: words, their lines, and strokes.

Units are points. The origin is the top left corner of the page; y grows downwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pipelines.drawing.fonts import Font

Colour = tuple[float, float, float]
Point = tuple[float, float]
BoxPt = tuple[float, float, float, float]

BLACK: Colour = (0.0, 0.0, 0.0)
GREY: Colour = (0.45, 0.45, 0.45)
WHITE: Colour = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class TextSpan:
    """Text in one font that starts at `x`. Several spans on one baseline form a row."""

    text: str
    x: float
    font: Font
    colour: Colour = BLACK


def right(text: str, x: float, font: Font, colour: Colour = BLACK) -> TextSpan:
    """Returns a span that ends at `x`."""
    return TextSpan(text, x - font.width(text), font, colour)


def centred(text: str, x: float, font: Font, colour: Colour = BLACK) -> TextSpan:
    """Returns a span with its centre at `x`."""
    return TextSpan(text, x - font.width(text) / 2, font, colour)


def justified(text: str, x: float, width: float, font: Font) -> list[TextSpan]:
    """Returns one span per word, spaced so that the row fills `width` points."""
    words = text.split()
    gap = (width - sum(font.width(word) for word in words)) / max(1, len(words) - 1)
    spans = []
    for word in words:
        spans.append(TextSpan(word, x, font))
        x += font.width(word) + gap
    return spans


@dataclass(frozen=True)
class TurnedText:
    """Text that runs up or down the page and is a line of its own: an axis label, the head of a narrow column.

    Attributes:
        text: the text.
        x, y: where its baseline starts.
        font: its font.
        upwards: whether it runs up the page; else it runs down.
    """

    text: str
    x: float
    y: float
    font: Font
    upwards: bool = True


@dataclass(frozen=True)
class Path:
    """Connected strokes: a rule, a rectangle, a signature.

    Attributes:
        points: the corners, in order.
        stroke: colour of the outline; `None` draws no outline.
        fill: colour of the inside; `None` leaves it empty.
        width: width of the outline in points.
        dashes: dash pattern in the form of PDF; `None` for a continuous line.
    """

    points: Sequence[Point]
    stroke: Colour | None = BLACK
    fill: Colour | None = None
    width: float = 0.6
    dashes: str | None = None


@dataclass(frozen=True)
class DrawnWord:
    """A word as printed: its tight box in points, and the number of its line on the page, starting at 0."""

    text: str
    box: BoxPt
    line: int


@dataclass
class Sheet:
    """One page: its size in points, what is printed on it, and its truth.

    Attributes:
        width, height: size in points.
        spans: the printed text: each span with its baseline.
        turned: the printed text that runs up or down the page.
        paths: the printed strokes.
        rows: the truth of `spans`: the words in reading order.
    """

    width: float
    height: float
    spans: list[tuple[TextSpan, float]] = field(default_factory=list)
    turned: list[TurnedText] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    rows: list[DrawnWord] = field(default_factory=list)

    @property
    def words(self) -> list[DrawnWord]:
        """The truth: all words in reading order. Turned texts are the last lines, from the top left corner."""
        first = self.rows[-1].line + 1 if self.rows else 0
        lines = sorted((_turned_words(text) for text in self.turned), key=_top_left)
        return self.rows + [replace(word, line=first + line) for line, words in enumerate(lines) for word in words]


class Canvas:
    """The pages of a document while they are drawn.

    Each call of `row` or `row_at` adds one line to the truth. Rows must be drawn in reading order.

    Attributes:
        width, height, margin: of the pages, in points.
        left, right, centre: x of the left margin, the right margin and the centre of the page.
        sheets: the pages so far.
        y: the cursor: the last baseline on the current page.
    """

    def __init__(self, width: float, height: float, margin: float) -> None:
        self.width, self.height, self.margin = width, height, margin
        self.left, self.right, self.centre = margin, width - margin, width / 2
        self.sheets: list[Sheet] = []
        self.new_page()

    def new_page(self) -> None:
        """Starts a new page and moves the cursor to its top."""
        self.sheets.append(Sheet(self.width, self.height))
        self.y = self.margin
        self._lines = 0

    @property
    def sheet(self) -> Sheet:
        """The current page."""
        return self.sheets[-1]

    def room(self, height: float) -> bool:
        """Returns whether `height` points are left above the bottom margin, which holds the footer."""
        return self.y + height <= self.height - self.margin

    def skip(self, height: float) -> None:
        """Moves the cursor down by `height` points."""
        self.y += height

    def row(self, *spans: TextSpan, leading: float | None = None) -> None:
        """Moves the cursor down by `leading` and prints the spans there as one line, from left to right.

        Without `leading`, the leading of the largest font is used.
        """
        self.y += leading if leading is not None else max(span.font.leading for span in spans)
        self.row_at(self.y, *spans)

    def row_at(self, baseline: float, *spans: TextSpan) -> None:
        """Prints the spans on `baseline` as one line, from left to right. The cursor does not move."""
        printed = [span for span in sorted(spans, key=lambda span: span.x) if span.text.strip()]
        for span in printed:
            self.sheet.spans.append((span, baseline))
            self.sheet.rows.extend(_words(span, baseline, self._lines))
        self._lines += bool(printed)

    def turned(self, *texts: TurnedText) -> None:
        """Prints texts that run up or down the page. Each is a line of its own."""
        self.sheet.turned.extend(text for text in texts if text.text.strip())

    def rule(self, x0: float, y0: float, x1: float, y1: float, colour: Colour = BLACK, width: float = 0.6,
             dashes: str | None = None) -> None:  # fmt: skip
        """Draws a straight line. `dashes` has the form of PDF, for example "[1 3] 0"."""
        self.sheet.paths.append(Path(((x0, y0), (x1, y1)), colour, None, width, dashes))

    def box(self, x0: float, y0: float, x1: float, y1: float, stroke: Colour | None = BLACK,
            fill: Colour | None = None, width: float = 0.6) -> None:  # fmt: skip
        """Draws a rectangle."""
        corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))
        self.sheet.paths.append(Path(corners, stroke, fill, width))

    def trim(self) -> None:
        """Ends the page one margin below the cursor, rounded up to whole points. Used for paper from a roll."""
        self.sheet.height = float(math.ceil(self.y + self.margin))


def _words(span: TextSpan, baseline: float, line: int) -> list[DrawnWord]:
    """Returns the words of a span. A box is as wide as the word's advance, and as high as "d" and "p" together."""
    words, x = [], span.x
    top, bottom = baseline - span.font.ascent, baseline + span.font.descent
    for text in span.text.split(" "):
        width = span.font.width(text)
        if text:
            words.append(DrawnWord(text, (x, top, x + width, bottom), line))
        x += width + span.font.width(" ")
    return words


def _turned_words(text: TurnedText) -> list[DrawnWord]:
    """Returns the words of a turned text: those of the same text as a row, turned about its start."""
    along = _words(TextSpan(text.text, 0.0, text.font), 0.0, 0)
    boxes = [word.box for word in along]
    if text.upwards:
        turned = [(text.x + y0, text.y - x1, text.x + y1, text.y - x0) for x0, y0, x1, y1 in boxes]
    else:
        turned = [(text.x - y1, text.y + x0, text.x - y0, text.y + x1) for x0, y0, x1, y1 in boxes]
    return [replace(word, box=box) for word, box in zip(along, turned, strict=True)]


def _top_left(line: list[DrawnWord]) -> Point:
    return min(word.box[1] for word in line), min(word.box[0] for word in line)
