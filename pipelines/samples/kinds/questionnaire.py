"""Questionnaires: rows of cells that hold one digit, letter or cross each, with or without borders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from numpy.random import Generator

from pipelines.drawing.canvas import GREY, Canvas, TextSpan, centred
from pipelines.drawing.fonts import Font, clip
from pipelines.samples.kinds.intro import draw_intro
from pipelines.samples.text.invent import Subject, chance, draw_subject, person, pick
from pipelines.samples.text.prose import plural
from pipelines.samples.theme import Theme, draw_theme

Answers = Callable[[Generator, int], list[str]]
"""Returns the characters of a row with that many cells. An empty cell is an empty string."""

BORDERS = ("none", "cells", "rules", "boxes")
QUESTIONS = (
    "The {noun} is easy to find",
    "I often use the {noun}",
    "The {noun} was clean",
    "I was told about the {noun}",
    "Would you repair the {noun}?",
    "Enough {nouns} were there",
    "Have you seen the {noun}?",
)


def _one_cross(rng: Generator, cells: int) -> list[str]:
    ticked = rng.integers(cells)
    return ["X" if cell == ticked else "" for cell in range(cells)]


def _some_of(characters: str, empty_share: float = 0.08) -> Answers:
    return lambda rng, cells: ["" if chance(rng, empty_share) else pick(rng, characters) for _ in range(cells)]


ANSWERS: dict[str, Answers] = {
    "digits": _some_of("0123456789"),
    "grades": _some_of("ABCDEFHIN"),
    "yes or no": _some_of("YNU"),
    "marks": _some_of("Xx+-", empty_share=0.4),
    "one cross": _one_cross,
    "codes": _some_of("0123456789ABCHINOSUXZ"),
}


@dataclass(frozen=True)
class Block:
    """The layout of one block of questions.

    Attributes:
        edges: the left edge of each cell of a row and the right edge of the last one, in points. The question is to
            the left of the first edge.
        depth: height of a row in points.
        font: font of the questions and of the answers.
        borders: one of `BORDERS`.
        answers: makes the answers of a row.
    """

    edges: tuple[float, ...]
    depth: float
    font: Font
    borders: str
    answers: Answers


def draw_questionnaire(rng: Generator) -> Canvas:
    """Draws one page: an introduction, and one to three blocks of questions with answers of one character."""
    theme, subject = draw_theme(rng), draw_subject(rng)
    canvas = theme.canvas()
    draw_intro(rng, canvas, theme, subject)
    canvas.skip(1.5 * theme.size)
    for number in range(int(rng.integers(1, 4))):
        block = _draw_block(rng, canvas, theme)
        rows = min(int(rng.integers(5, 16)), int((canvas.height - canvas.margin - canvas.y) / block.depth) - 3)
        if rows < 3:
            break
        _draw_head(rng, canvas, theme, block, f"Part {'ABC'[number]}")
        for row in range(rows):
            _draw_row(rng, canvas, block, f"{row + 1} {_question(rng, subject)}")
        canvas.skip(1.5 * theme.size)
    return canvas


def _draw_block(rng: Generator, canvas: Canvas, theme: Theme) -> Block:
    """Draws the layout of a block at random."""
    width, font = canvas.right - canvas.left, theme.font(rng.uniform(0.9, 1.25))
    first = canvas.left + rng.uniform(0.36, 0.5) * width
    cells = min(int(rng.integers(4, 13)), int((canvas.right - first) / (2.2 * font.size)))
    cell = min((canvas.right - first) / cells, rng.uniform(2.2, 4.5) * font.size)
    edges = tuple(first + cell * place for place in range(cells + 1))
    answers = ANSWERS[pick(rng, tuple(ANSWERS))]
    return Block(edges, rng.uniform(1.6, 2.4) * font.size, font, pick(rng, BORDERS), answers)


def _question(rng: Generator, subject: Subject) -> str:
    if chance(rng, 0.25):
        return person(rng)
    noun = pick(rng, subject.nouns)
    return pick(rng, QUESTIONS).format(noun=noun, nouns=plural(noun))


def _draw_head(rng: Generator, canvas: Canvas, theme: Theme, block: Block, text: str) -> None:
    """Draws the head of a block: its name, and sometimes a number or a letter above each column of cells."""
    bold = Font(theme.font(bold=True).face, block.font.size)
    names = pick(rng, ("123456789", "ABCDEFGHI", ""))
    spans = [centred(name, _middle(block, cell), bold) for cell, name in enumerate(names[: len(block.edges) - 1])]
    canvas.row(TextSpan(text, canvas.left, bold), *spans)
    canvas.skip(0.5 * block.font.size)


def _draw_row(rng: Generator, canvas: Canvas, block: Block, question: str) -> None:
    font, top, bottom = block.font, canvas.y, canvas.y + block.depth
    baseline = (top + bottom) / 2 + 0.35 * font.size
    spans = [
        centred(answer, _middle(block, cell), font) for cell, answer in enumerate(block.answers(rng, _cells(block)))
    ]
    canvas.row_at(
        baseline, TextSpan(clip(question, font, block.edges[0] - canvas.left - 6), canvas.left + 3, font), *spans
    )
    if block.borders == "cells":
        for x0, x1 in zip((canvas.left, *block.edges), block.edges, strict=False):
            canvas.box(x0, top, x1, bottom)
    elif block.borders == "rules":
        canvas.rule(canvas.left, bottom, block.edges[-1], bottom, GREY, 0.5)
    elif block.borders == "boxes":
        half, middle = 0.72 * font.size, (top + bottom) / 2
        for cell in range(_cells(block)):
            x = _middle(block, cell)
            canvas.box(x - half, middle - half, x + half, middle + half, width=0.5)
    canvas.y = bottom


def _cells(block: Block) -> int:
    return len(block.edges) - 1


def _middle(block: Block, cell: int) -> float:
    return (block.edges[cell] + block.edges[cell + 1]) / 2
