"""The words of a page's text layer: cut from its runs, without copies that were drawn over each other."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from pipelines.lines.direction import is_wide
from pipelines.lines.words import RawWord
from pipelines.sources.pdf.text.characters import Box, Character, Run, is_level
from pipelines.sources.pdf.text.copies import Copies, hull_of, is_copy
from pipelines.sources.pdf.text.right_to_left import is_right_to_left_run, logical_words, with_whole_lines
from pipelines.sources.pdf.text.runs import runs_of

if TYPE_CHECKING:
    import pymupdf

TEXT_MAJORITY = 2 / 3  # of the characters; pages with mixed directions are not turned
# In font sizes: the smallest gap at a space; a gap that separates two words although no space is drawn, beyond the
# usual gap of the run (MuPDF finds larger ones itself); and how far a character may step back within a word.
MIN_GAP, LETTER_GAP, MAX_BACK = 0.03, 0.115, 0.3
LAST_WITHOUT_MARKS = "\u02ff"  # the first combining mark follows
MIN_BLANKS = 8  # characters of a row that is all white space
SOFT_HYPHEN, MIN_DRAWN = "\u00ad", 0.05  # a drawn hyphen is at least this wide, in font sizes


@dataclass(frozen=True)
class LayerWord:
    """A word of the text layer.

    Attributes:
        word: the word. Its box is in points of the page as it is shown, until `at` moves it.
        font: name of its font.
        size_pt: font size.
    """

    word: RawWord
    font: str
    size_pt: float

    def at(self, x0: float, y0: float, x1: float, y1: float) -> LayerWord:
        """Returns the same word with another box."""
        word = self.word  # dataclasses.replace would take three times as long, and a page has hundreds of words
        moved = RawWord(word.text, x0, y0, x1, y1, word.score, word.angle_deg, word.run)
        return LayerWord(moved, self.font, self.size_pt)


class TextLayer:
    """The text layer of a page. It is read once, whatever the rotation of the page.

    Raises:
        PageError: the text cannot be read.
    """

    def __init__(self, page: pymupdf.Page) -> None:
        self._page = page
        runs = with_whole_lines(runs_of(page))
        self.runs = [run for run in runs if not run.is_blank]
        self._blanks = [run for run in runs if run.is_blank and run.is_level and len(run.characters) >= MIN_BLANKS]
        copies, whole = Copies(), (page.rect * page.derotation_matrix).normalize()
        pieces = ((run, piece, hull_of(piece)) for run in self.runs for piece in _pieces(run))
        self._words = [(run, piece, box) for run, piece, box in pieces if _is_on(whole, box) and copies.add(piece, box)]

    def words(self) -> list[LayerWord]:
        """Returns the words of the page in its current rotation."""
        boxes = _shown(np.array([box for _, _, box in self._words]).reshape(-1, 4), self._page).tolist()
        placed = {id(run): self._placed(run, number) for number, run in enumerate(self.runs, start=1)}
        words = []
        for (run, piece, _), box in zip(self._words, boxes, strict=True):
            text = "".join([character.text for character in piece])
            valid = text if text.isascii() else text.encode("utf-8", "replace").decode()  # halves of a UTF-16 code
            x0, y0, x1, y1 = box
            word = RawWord(valid, x0, y0, x1, y1, 1.0, *placed[id(run)])
            words.append(LayerWord(word, piece[0].font, piece[0].size))
        return words

    def _placed(self, run: Run, number: int) -> tuple[float, int]:
        """Returns `RawWord.angle_deg` and `RawWord.run` of the words of a run in the page's current rotation."""
        angle_deg = (run.angle_deg + self._page.rotation) % 360
        if is_level(angle_deg) and not run.is_column:
            return 0.0, 0
        return (90.0, 0) if run.is_column and is_level(angle_deg - 90) else (angle_deg, number)

    def blanks(self) -> np.ndarray:
        """Returns the boxes (n, 4) of rows that hold nothing but white space, in points of the page as it is shown."""
        hulls = np.array([hull_of(run.characters) for run in self._blanks]).reshape(-1, 4)
        return _shown(hulls, self._page)

    def rotation(self) -> int:
        """Returns by how many degrees clockwise (0, 90, 180, 270) to turn the page so that its text is upright.

        A direction needs two thirds of the characters. Columns that run down the page are upright.
        """
        votes = [0, 0, 0, 0]
        for run in self.runs:
            upright_deg = 90.0 if run.is_column else 0.0
            turned_deg = run.angle_deg - upright_deg + self._page.rotation
            votes[round(turned_deg / 90) % 4] += sum(not character.text.isspace() for character in run.characters)
        largest = max(votes)
        return -90 * votes.index(largest) % 360 if largest > TEXT_MAJORITY * sum(votes) else 0


def _pieces(run: Run) -> Iterator[list[Character]]:
    """Yields the characters of each word of a run."""
    if is_right_to_left_run(run):
        yield from logical_words(run)
        return
    starts_word = _Gaps(run).start_word
    piece: list[Character] = []
    before, after_space = None, False
    for character in run.characters:
        if character.text.isspace():
            after_space = True
            continue
        if character.text == SOFT_HYPHEN and character.width < MIN_DRAWN * character.size:
            continue  # it only marks where the word may be broken
        if before is not None:
            if before.text == character.text and is_copy(before, character):
                continue
            if character.text > LAST_WITHOUT_MARKS and unicodedata.combining(character.text[0]):
                piece.append(character)  # an accent or a vowel sign belongs to the letter, wherever it is drawn
                continue
            is_close = abs(character.box[0] - before.box[2]) <= LETTER_GAP * character.size  # true for most of them
            if (after_space or not is_close) and starts_word(before, character, after_space):
                yield piece
                piece = []
        piece.append(character)
        before, after_space = character, False
    if piece:
        yield piece


class _Gaps:
    """Finds where words start in a run."""

    def __init__(self, run: Run) -> None:
        self._characters = run.characters
        self._is_level = run.is_level

    @cached_property
    def _usual(self) -> float:
        """The median gap between neighbouring characters."""
        pairs = pairwise(self._characters)
        gaps = [_gap(before, after) for before, after in pairs if not (before.text + after.text).isspace()]
        return median(gaps) if gaps else 0.0

    def start_word(self, before: Character, character: Character, after_space: bool) -> bool:
        """Returns whether a space, a gap, or a step back to draw text again separates two neighbouring characters."""
        if not self._is_level:
            return after_space
        gap, size = _gap(before, character), character.size
        kinds = _script(before.text), _script(character.text)
        if "" not in kinds and kinds[0] != kinds[1]:  # Arabic or Hebrew next to Latin
            return after_space or gap > LETTER_GAP * size
        if after_space:  # a space can be drawn and taken back again
            return kinds != (_LATIN, _LATIN) or not -MAX_BACK * size <= gap <= MIN_GAP * size
        if kinds == (_LATIN, _LATIN) and _is_back(before, character):
            return True
        if gap <= LETTER_GAP * size or not (_RIGHT_TO_LEFT in kinds or kinds == (_LATIN, _LATIN)):
            return False
        return gap > self._usual + LETTER_GAP * size


def _is_back(before: Character, character: Character) -> bool:
    """Returns whether a character is left of the one before it, where text that was already drawn is drawn again."""
    is_left = character.box[0] < before.box[0] - MIN_GAP * character.size
    return is_left and character.box[2] < before.box[0] + MAX_BACK * character.size


_LATIN, _RIGHT_TO_LEFT = "L", "R"


def _script(text: str) -> str:
    """Returns how a letter is written: from left to right with spaces between words, from right to left, or else ""."""
    direction = unicodedata.bidirectional(text[0])
    if direction in ("R", "AL"):
        return _RIGHT_TO_LEFT
    return _LATIN if direction == "L" and text.isalpha() and not is_wide(text[0]) else ""


def _gap(before: Character, character: Character) -> float:
    """Returns the space between two characters on one level, in either direction; negative if they overlap."""
    return max(character.box[0] - before.box[2], before.box[0] - character.box[2])


def _is_on(page: pymupdf.Rect, box: Box) -> bool:
    """Returns whether a box is on the page. Damaged files have boxes of any size, also without end."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    is_inside: bool = page.x0 <= x <= page.x1 and page.y0 <= y <= page.y1
    return is_inside and box[2] - box[0] <= 2 * page.width and box[3] - box[1] <= 2 * page.height


def _shown(boxes: np.ndarray, page: pymupdf.Page) -> np.ndarray:
    """Converts boxes `(n, 4)` of the text layer, which do not include /Rotate, to the page as it is shown."""
    turn = np.array(page.rotation_matrix).reshape(3, 2)
    corners = boxes.reshape(-1, 2, 2) @ turn[:2] + turn[2]
    return np.hstack([corners.min(axis=1), corners.max(axis=1)])
