"""Reads the lines of a page, each in the direction in which its text runs: upright, down the page or up the page.

A box that is higher than wide holds an upright character or two (an answer in a questionnaire, a cell of a table), text
that is turned on its side (an axis label, the head of a narrow column), or a column of Chinese or Japanese. Its shape
does not show which. It is therefore read in several directions, and the scores decide: text that is read in the wrong
direction has a lower score. Most boxes need only one reading:

* A box that is about as high as the lines of the page, or nearly square, is read upright. One character with a high
  score is kept.
* A higher box is read upwards, because labels that run downwards are rare; if most of the page is set in columns, it is
  read downwards. Text with a high score is kept, unless it may be upside down.

The other boxes are read in all three directions. One character looks much the same in all of them, and is upright.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipelines.lines.direction import is_wide
from pipelines.ocr.frames import without_frames
from pipelines.ocr.line_reader import LineReader
from pipelines.ocr.recognise import LineText, side_lengths

UPRIGHT, DOWN, UP = 0.0, 90.0, 270.0
"""Directions of text, in degrees clockwise from rightwards."""

TALL = 1.5  # height to width of a box from which turned text is likelier than an upright character
LINE_HEIGHT = 1.5  # times the usual height of a line: a box that is not higher may hold an upright character
SURE = 0.95  # a reading with a lower score is compared with the other directions; the wrong ones have up to 0.93
TURNED_SCORE = 0.8  # minimum score of text that is not upright, if it also makes sense upright
MIN_MARGIN = 0.05  # minimum difference of the scores of down and up; below, the other lines of the page decide
MIN_SLANT_DEG, SLANTED_RATIO = 20.0, 3.0  # a line is aslant from this angle on, if it is long enough to show one
# Characters that are the same or others when they are turned by 180 degrees: numbers can be read in both directions.
REVERSIBLE = frozenset("0125689BEHIMNOSWXZlmnosuwxz-+=.,:;/|()[]%")


@dataclass(frozen=True)
class ReadLine:
    """A line, read in the direction of its text.

    Attributes:
        quad: `(4, 2)` corners in pixels, clockwise from the top left of the text.
        text: what was read.
        angle_deg: `UPRIGHT`, `DOWN` or `UP`; another angle for a line that is aslant, such as a watermark.
    """

    quad: np.ndarray
    text: LineText
    angle_deg: float = UPRIGHT


def corners(quad: np.ndarray, angle_deg: float) -> np.ndarray:
    """Returns the corners `(4, 2)` of an upright box, from the top left of text that runs in a direction."""
    return np.roll(quad, {UPRIGHT: 0, DOWN: -1, UP: 1}[angle_deg], axis=0)


def from_top_left(quad: np.ndarray) -> np.ndarray:
    """Returns the corners `(4, 2)` of a box, clockwise, from the one that is at the top left of upright text.

    The detector may start the corners of a slanted box at another one.
    """
    edges = np.roll(quad, -1, axis=0) - quad
    rightwards = edges[:, 0] / np.maximum(np.linalg.norm(edges, axis=1), 1e-6)
    return np.roll(quad, -int(rightwards.argmax()), axis=0)


def read_directed(reader: LineReader, image: np.ndarray, quads: list[np.ndarray]) -> list[ReadLine]:
    """Returns the lines of an upright page, each read in its direction.

    Args:
        reader: reads lines.
        image: `(height, width, 3)` uint8 BGR.
        quads: `(4, 2)` corners of each line in pixels, clockwise.
    """
    boxes = [_Box(from_top_left(quad)) for quad in quads]
    usual_height = _usual_height(boxes)
    in_columns = sum(box.height for box in boxes if box.is_tall) > sum(box.width for box in boxes if not box.is_tall)
    for box in boxes:
        box.plan(usual_height, DOWN if in_columns else UP)
    erased = _without_frames(image, [box for box in boxes if box.first == UPRIGHT])
    _read(reader, erased, [(box, box.first) for box in boxes])
    framed = [box for box in boxes if box.inside is not None]
    if framed and _is_wide_script(boxes):  # characters such as U+56DE have a frame of their own
        erased = image
        _read(reader, image, [(box, box.first) for box in framed])
        for box in framed:
            box.inside = None
    doubtful = [box for box in boxes if box.is_doubtful()]
    _read(reader, erased, [(box, angle) for box in doubtful for angle in (UPRIGHT, UP, DOWN) if angle != box.first])
    for box in doubtful:
        box.choose()
    _settle(boxes)
    _mark_slanted(boxes)
    return [box.line() for box in boxes]


class _Box:
    """A box of the detector, with its readings in the directions that were tried.

    Attributes:
        quad: `(4, 2)` corners, clockwise from the one that is at the top left of upright text.
        width, height: as on the page, in pixels.
        readings: direction -> what was read.
        first: the direction in which it is read first.
        angle: the chosen direction.
        slant_deg: the angle of the upper edge, in degrees clockwise, if the line is aslant; else 0.
        inside: corners around the characters if the box has a frame.
    """

    def __init__(self, quad: np.ndarray) -> None:
        self.quad = quad
        self.width, self.height = side_lengths(quad)
        self.readings: dict[float, LineText] = {}
        self.first = self.angle = UPRIGHT
        self.slant_deg = 0.0
        self.inside: np.ndarray | None = None

    @property
    def is_tall(self) -> bool:
        return self.height >= TALL * self.width

    def plan(self, usual_height: float, turned: float) -> None:
        """Sets the direction of the first reading: upright, or `turned`."""
        is_long = self.is_tall and self.height > LINE_HEIGHT * usual_height
        self.first = self.angle = turned if is_long else UPRIGHT

    def is_doubtful(self) -> bool:
        """Returns whether the first reading must be compared with the other directions."""
        reading = self.readings[self.first]
        if self.first == UPRIGHT:
            return self.height >= self.width and reading.score < SURE
        return reading.score < SURE or len(reading.characters) < 3 or _is_reversible(reading)

    def choose(self) -> None:
        """Chooses the direction after all three were read."""
        upright, turned = self.readings[UPRIGHT], max((UP, DOWN), key=lambda angle: self.readings[angle].score)
        found = self.readings[turned]
        count = len(found.characters)
        if self.first != UPRIGHT and count > max(2, len(upright.characters)):  # too long to be a character
            self.angle = turned if found.score >= min(TURNED_SCORE, upright.score) else UPRIGHT
        else:
            self.angle = turned if count >= 2 and found.score > max(TURNED_SCORE, upright.score) else UPRIGHT

    def line(self) -> ReadLine:
        """Returns the line as it was read.

        The network shows where a word begins relative to its neighbours. A single character has none, and fills the
        box. So does a word in a frame; its box is then the inside of the frame.
        """
        text, quad = self.readings[self.angle], self.quad
        if len(text.runs) == 1 and (self.inside is not None or len(text.characters) == 1):
            quad = quad if self.inside is None else self.inside
            text = replace(text, runs=(replace(text.runs[0], start=0.0, end=1.0),))
        return ReadLine(corners(quad, self.angle), text, (self.angle + self.slant_deg) % 360)


def _without_frames(image: np.ndarray, boxes: list[_Box]) -> np.ndarray:
    """Returns the image without the frames in some boxes, and sets the insides of these."""
    erased, insides = without_frames(image, [box.quad for box in boxes])
    for index, inside in insides.items():
        boxes[index].inside = inside
    return erased


def _read(reader: LineReader, image: np.ndarray, wanted: list[tuple[_Box, float]]) -> None:
    """Reads boxes in the wanted directions."""
    lines = reader.read(image, [corners(box.quad, angle) for box, angle in wanted])
    for (box, angle), line in zip(wanted, lines, strict=True):
        box.readings[angle] = line


def _settle(boxes: list[_Box]) -> None:
    """Gives lines that can be read both up and down the direction of the other turned lines of the page."""
    turned = [box for box in boxes if box.angle != UPRIGHT]
    open_ones = [box for box in turned if _is_open(box)]
    clear = [box for box in turned if box not in open_ones]
    downwards = sum(box.height * (1 if box.angle == DOWN else -1) for box in clear)
    for box in open_ones:
        box.angle = DOWN if downwards > 0 else UP


def _mark_slanted(boxes: list[_Box]) -> None:
    """Sets the slant of the lines that are aslant, if they are fewer than the others: else the page itself is."""
    rows = [box for box in boxes if box.angle == UPRIGHT and box.width >= SLANTED_RATIO * box.height]
    slants = [float(np.degrees(np.arctan2(*(box.quad[1] - box.quad[0])[::-1]))) for box in rows]
    aslant = [(box, slant) for box, slant in zip(rows, slants, strict=True) if abs(slant) >= MIN_SLANT_DEG]
    if 2 * sum(box.width for box, _ in aslant) < sum(box.width for box in rows):
        for box, slant in aslant:
            box.slant_deg = round(slant, 1)


def _is_open(box: _Box) -> bool:
    """Returns whether the scores do not tell up from down."""
    if len(box.readings) < 3:
        return False
    up, down = (box.readings[angle] for angle in (UP, DOWN))
    return abs(up.score - down.score) < MIN_MARGIN and min(up.score, down.score) >= TURNED_SCORE


def _usual_height(boxes: list[_Box]) -> float:
    heights = [box.height for box in boxes if not box.is_tall] or [box.height for box in boxes]
    return float(np.median(heights)) if heights else 0.0


def _is_wide_script(boxes: list[_Box]) -> bool:
    """Returns whether most characters of the page are Chinese, Japanese or Korean."""
    characters = "".join(box.readings[box.first].characters for box in boxes)
    return 2 * sum(map(is_wide, characters)) > len(characters)


def _is_reversible(line: LineText) -> bool:
    return REVERSIBLE.issuperset(line.characters)
