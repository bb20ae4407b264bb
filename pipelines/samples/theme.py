"""The look of one document: paper, margin, typeface and colour."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from pipelines.drawing.canvas import BLACK, Canvas, Colour
from pipelines.drawing.fonts import FAMILIES, Font
from pipelines.samples.text.invent import chance, pick

PAPERS = ((612.0, 792.0), (595.0, 842.0), (612.0, 1008.0), (516.0, 729.0))
"""Letter, A4, Legal and B5 in points."""

ACCENTS: tuple[Colour, ...] = (
    BLACK,
    BLACK,
    (0.10, 0.22, 0.42),
    (0.45, 0.08, 0.12),
    (0.05, 0.35, 0.25),
    (0.30, 0.18, 0.42),
    (0.55, 0.30, 0.05),
)


@dataclass(frozen=True)
class Theme:
    """The look of one document.

    Attributes:
        width, height: size of the paper in points.
        margin: margin in points.
        family: key of `fonts.FAMILIES`.
        size: size of the body text in points.
        accent: colour of headings.
    """

    width: float
    height: float
    margin: float
    family: str
    size: float
    accent: Colour

    def font(self, scale: float = 1.0, bold: bool = False, italic: bool = False) -> Font:
        """Returns the family's face in that weight and slope, at `scale` times the body size."""
        return Font(FAMILIES[self.family][bold + 2 * italic], round(scale * self.size, 1))

    def canvas(self) -> Canvas:
        """Returns a canvas with an empty first page of this paper."""
        return Canvas(self.width, self.height, self.margin)


def draw_theme(rng: Generator, landscape_share: float = 0.0, families: tuple[str, ...] = tuple(FAMILIES)) -> Theme:
    """Draws a random theme. `landscape_share` is the probability of landscape format."""
    width, height = PAPERS[rng.choice(len(PAPERS), p=(0.42, 0.42, 0.06, 0.10))]
    if chance(rng, landscape_share):
        width, height = height, width
    return Theme(
        width=width,
        height=height,
        margin=float(rng.integers(40, 66)),
        family=pick(rng, families),
        size=round(rng.uniform(8.5, 11.0), 1),
        accent=pick(rng, ACCENTS),
    )
