"""Runs of characters, as MuPDF finds them on a page, with the direction in which each run is written.

All lengths are in points of the page before /Rotate. Angles are in degrees clockwise from rightwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pipelines.lines.direction import is_wide
from pipelines.page.reading import PageError
from pipelines.sources.pdf.mupdf import mupdf_errors
from schemas import PageStatus

if TYPE_CHECKING:
    import pymupdf

# Font sizes above and below the baseline. Some fonts state an extent of several lines, which would glue lines together.
MAX_HEIGHT, ASCENT, DESCENT = 1.7, 1.0, 0.35
AXIS = 0.01  # cosine or sine of text along an axis
LEVEL_DEG = 10.0  # text with a smaller angle is upright: a scan under the text may be skewed by as much
# Glyphs that belong to one run although MuPDF reports each as a line: limits in font sizes and degrees.
MAX_GAP, MAX_SHIFT, MAX_BEND_DEG = 0.6, 0.3, 30.0
STACK_PITCH = 0.8, 1.35  # distance of the glyphs of a column that was set glyph by glyph, in font sizes
MIN_STACK = 3  # glyphs of at least one column on the page; two cells of a table can be as close


Box = tuple[float, float, float, float]
"""`x0, y0, x1, y1`."""


class Character(NamedTuple):
    """A character with its box, its font and the font size. A page has thousands, so this is a plain tuple."""

    text: str
    box: Box
    font: str
    size: float

    @property
    def centre(self) -> tuple[float, float]:
        """The centre of the box."""
        x0, y0, x1, y1 = self.box
        return (x0 + x1) / 2, (y0 + y1) / 2

    @property
    def width(self) -> float:
        """The width of the box."""
        return self.box[2] - self.box[0]


@dataclass(frozen=True)
class Run:
    """Characters that are written one after the other.

    Attributes:
        angle_deg: direction, 0 to 360.
        is_column: whether upright glyphs stand below each other, as in vertical Chinese and Japanese.
        characters: in logical order, with white space.
    """

    angle_deg: float
    is_column: bool
    characters: tuple[Character, ...]

    @property
    def is_blank(self) -> bool:
        """Whether the run consists of white space."""
        return all(character.text.isspace() for character in self.characters)

    @property
    def is_level(self) -> bool:
        """Whether the run is nearly horizontal on the page before /Rotate."""
        return not self.is_column and is_level(self.angle_deg)


def is_level(angle_deg: float) -> bool:
    """Returns whether text with this angle counts as upright."""
    return abs((angle_deg + 180) % 360 - 180) <= LEVEL_DEG


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
        blocks = page.get_text("rawdict", flags=flags)["blocks"]
    except mupdf_errors() as error:
        raise PageError(PageStatus.CORRUPT, f"the text layer cannot be read: {error}") from error
    runs = [_run(line) for block in blocks for line in block.get("lines", ())]
    return list(_joined([run for run in runs if run.characters]))


def _run(line: dict[str, Any]) -> Run:
    cos, sin = line["dir"]
    characters = [character for span in line["spans"] for character in _characters(span, cos, sin)]
    return Run(math.degrees(math.atan2(sin, cos)) % 360, bool(line["wmode"]), tuple(characters))


def _characters(span: dict[str, Any], cos: float, sin: float) -> Iterator[Character]:
    """Yields the characters of a part of a line in one font, with boxes no higher than the font size allows."""
    font, size = span["font"], span["size"]
    is_high = bool(span["chars"]) and _height(span["chars"][0]["bbox"], cos, sin) > MAX_HEIGHT * size
    for char in span["chars"]:
        box = char["bbox"]
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


def _joined(runs: list[Run]) -> Iterator[Run]:
    """Joins runs that MuPDF cut because each glyph of them has its own place or direction."""
    chains: list[list[Run]] = []
    for run in runs:
        if chains and _continues(chains[-1][-1], run):
            chains[-1].append(run)
        else:
            chains.append([run])
    has_stacks = any(_is_stack(chain) and len(chain) >= MIN_STACK for chain in chains)
    for chain in chains:
        if _is_stack(chain):
            yield from [_merged(chain, angle_deg=90.0, is_column=True)] if has_stacks else chain
        else:
            yield _merged(chain, _mean_angle(chain), chain[0].is_column) if len(chain) > 1 else chain[0]


def _is_stack(chain: list[Run]) -> bool:
    """Returns whether runs are Chinese or Japanese glyphs, set one by one, that can be a column."""
    return chain[0].is_level and _is_single_wide(chain[0])


def _merged(chain: list[Run], angle_deg: float, is_column: bool) -> Run:
    return Run(angle_deg, is_column, tuple(character for run in chain for character in run.characters))


def _continues(before: Run, run: Run) -> bool:
    """Returns whether a run continues the one before it."""
    last, first = before.characters[-1], run.characters[0]
    size = max(last.size, first.size)
    if min(last.size, first.size) < 0.7 * size or before.is_column != run.is_column:
        return False
    across, down = first.centre[0] - last.centre[0], first.centre[1] - last.centre[1]
    if run.is_column:
        return abs(across) <= MAX_SHIFT * size and down > 0 and first.box[1] - last.box[3] <= MAX_GAP * size
    if before.is_level and run.is_level:
        is_stack = _is_single_wide(before) and _is_single_wide(run)
        return is_stack and abs(across) <= MAX_SHIFT * size and STACK_PITCH[0] * size <= down <= STACK_PITCH[1] * size
    bend = abs((run.angle_deg - before.angle_deg + 180) % 360 - 180)
    if before.is_level or run.is_level or bend > MAX_BEND_DEG:
        return False
    cos, sin = math.cos(math.radians(before.angle_deg)), math.sin(math.radians(before.angle_deg))
    along, aside = across * cos + down * sin, down * cos - across * sin
    reach = (_length(last, cos, sin) + _length(first, cos, sin)) / 2
    return 0 < along <= reach + MAX_GAP * size and abs(aside) <= MAX_SHIFT * size + reach * math.radians(bend)


def _length(character: Character, cos: float, sin: float) -> float:
    x0, y0, x1, y1 = character.box
    return min((x1 - x0) / max(abs(cos), 1e-6), (y1 - y0) / max(abs(sin), 1e-6))


def _is_single_wide(run: Run) -> bool:
    texts = [character.text for character in run.characters if not character.text.isspace()]
    return len(texts) == 1 and is_wide(texts[0][0])


def _mean_angle(runs: list[Run]) -> float:
    x = sum(math.cos(math.radians(run.angle_deg)) for run in runs)
    y = sum(math.sin(math.radians(run.angle_deg)) for run in runs)
    return math.degrees(math.atan2(y, x)) % 360
