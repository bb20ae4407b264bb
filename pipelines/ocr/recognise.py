"""Text lines to words: cut the lines out of the page, run the recogniser over them, decode its columns.

PaddleOCR's own loop reads each line at its full width, padded to the widest of six and to 320 pixels at least. Here a
network of a fifth of the work reads most lines. Numbers, and lines that it is unsure of, are read by the larger one at
0.6 of their width, and the few that still are in doubt once more in full. Batches join lines of nearly one width, and
their shapes come from a short list, so that a backend that compiles for each shape is soon done.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

STRIP_HEIGHT = 48  # pixels; the recogniser's input
MAX_STRIP_WIDTH = 3200
QUICK_LOOK, FIRST_LOOK, SECOND_LOOK = 0.75, 0.6, 1.0  # width of a strip relative to the line's own proportions
QUICK_SURE_SCORE, SURE_SCORE = 0.96, 0.95  # a line below it is looked at again
MAX_DIGITS = 0.3  # of the characters of a line that the quick network reads: it drops decimal points and is sure of it
BATCH_SIZES = (8, 4, 2, 1)
_MAX_BATCH_PX = 3072  # width of all strips of a batch; wider ones gain nothing from company
_MAX_PADDING_PX = 64  # costs about as much as one call of the network
_BLANK = 0  # class of "no character" in CTC (Graves et al., 2006)
_PEAK = 0.6  # where between a character's left and right edge the recogniser's peak stands, found by measurement

Network = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class TextRun:
    """Characters between two spaces: their text, their extent as shares 0..1 of the line, their mean score 0..1."""

    text: str
    start: float
    end: float
    score: float


@dataclass(frozen=True)
class LineText:
    """What was read in one line; `score` is the mean over its characters, 0 if there are none."""

    runs: tuple[TextRun, ...]
    score: float


@dataclass(frozen=True)
class Recogniser:
    """A network that reads strips.

    Attributes:
        network: takes `(n, 3, 48, width)` float32 in -1..1, gives `(n, columns, classes)` probabilities.
        alphabet: the character of each class; class 0 is the blank.
    """

    network: Network
    alphabet: Sequence[str]


class LineReader:
    """Reads the text of lines.

    Args:
        recogniser: reads all that `quick` does not.
        quick: reads plain lines in a fraction of the time. It need not know kana or rare Chinese characters, nor every
            letter: a page on which `recogniser` finds one that it does not know is read without it.
    """

    def __init__(self, recogniser: Recogniser, quick: Recogniser | None = None) -> None:
        self.recogniser = recogniser
        self.quick = quick
        self._beyond_quick = set(recogniser.alphabet) - set(quick.alphabet) if quick else set()

    def read(self, image: np.ndarray, quads: list[np.ndarray]) -> list[LineText]:
        """Returns the text inside each `(4, 2)` quadrangle of pixels, whose corners run clockwise from its top left."""
        if self.quick is None:
            return self._read_well(image, quads)
        lines = look(self.quick, image, quads, QUICK_LOOK)
        doubtful = [index for index, line in enumerate(lines) if not is_plain(line)]
        self._replace(lines, doubtful, image, quads)
        if any(self._is_beyond_quick(lines[index]) for index in doubtful):
            # In Romanian, say, the quick network reads s for ș, and is sure of it.
            self._replace(lines, sorted(set(range(len(lines))) - set(doubtful)), image, quads)
        return lines

    def _replace(self, lines: list[LineText], chosen: list[int], image: np.ndarray, quads: list[np.ndarray]) -> None:
        for index, line in zip(chosen, self._read_well(image, [quads[index] for index in chosen]), strict=True):
            lines[index] = line

    def _is_beyond_quick(self, line: LineText) -> bool:
        letters = (character for run in line.runs for character in run.text if character.isalpha())
        return any(letter in self._beyond_quick and not is_wide(letter) for letter in letters)

    def _read_well(self, image: np.ndarray, quads: list[np.ndarray]) -> list[LineText]:
        lines = look(self.recogniser, image, quads, FIRST_LOOK)
        doubtful = [index for index, line in enumerate(lines) if line.score < SURE_SCORE]
        seconds = look(self.recogniser, image, [quads[index] for index in doubtful], SECOND_LOOK)
        for index, second in zip(doubtful, seconds, strict=True):
            lines[index] = max(lines[index], second, key=lambda line: line.score)
        return lines


def look(recogniser: Recogniser, image: np.ndarray, quads: list[np.ndarray], stretch: float) -> list[LineText]:
    """Returns what a recogniser reads in each line at `stretch` times its natural width."""
    widths = [strip_width(quad, stretch) for quad in quads]
    lines = [LineText((), 0.0)] * len(quads)
    for batch in batches(widths):
        strips = np.zeros((len(batch), 3, STRIP_HEIGHT, padded(max(widths[index] for index in batch))), np.float32)
        for strip, index in zip(strips, batch, strict=True):
            strip[:, :, : widths[index]] = cut_strip(image, quads[index], widths[index])
        for probabilities, index in zip(recogniser.network(strips), batch, strict=True):
            columns_used = len(probabilities) * widths[index] / strips.shape[3]
            lines[index] = decode(probabilities, recogniser.alphabet, columns_used)
    return lines


def side_lengths(quad: np.ndarray) -> tuple[float, float]:
    """Returns width and height of a quadrangle: the longer of its opposite sides."""
    width = max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[2] - quad[3]))
    height = max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))
    return float(width), float(height)


def strip_width(quad: np.ndarray, stretch: float) -> int:
    """Returns the pixels that a line takes at the recogniser's height, `stretch` times its natural width."""
    width, height = side_lengths(quad)
    return int(np.clip(round(stretch * STRIP_HEIGHT * width / max(height, 1.0)), 1, MAX_STRIP_WIDTH))


def padded(width: int) -> int:
    """Returns the next width of the short list: multiples of 16, from 512 on of a 32nd of the power of two above."""
    step = max(16, 1 << max(width - 1, 1).bit_length() >> 5)
    return -(-width // step) * step


def batches(widths: list[int]) -> Iterator[list[int]]:
    """Yields indices of strips to read together, the widest first: as many as go without much padding."""
    order = sorted(range(len(widths)), key=lambda index: (-widths[index], index))
    first = 0
    while first < len(order):
        widest = widths[order[first]]
        for size in BATCH_SIZES:
            batch = order[first : first + size]
            fits = len(batch) == size and widest - widths[batch[-1]] <= _MAX_PADDING_PX
            if size == 1 or (fits and size * widest <= _MAX_BATCH_PX):
                break
        yield batch
        first += size


def cut_strip(image: np.ndarray, quad: np.ndarray, width: int) -> np.ndarray:
    """Returns the inside of a quadrangle as `(3, 48, width)` float32 in -1..1."""
    corners = np.array([(0, 0), (width, 0), (0, STRIP_HEIGHT)], np.float32)
    matrix = cv2.getAffineTransform(quad[[0, 1, 3]].astype(np.float32), corners)
    line = cv2.warpAffine(image, matrix, (width, STRIP_HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return line.transpose(2, 0, 1) / np.float32(127.5) - np.float32(1)


def decode(probabilities: np.ndarray, alphabet: Sequence[str], columns_used: float) -> LineText:
    """Decodes `(columns, classes)` by the best path of CTC; the line fills the first `columns_used` columns."""
    classes = probabilities.argmax(axis=1)
    changed = np.concatenate(([True], classes[1:] != classes[:-1]))
    peaks = np.flatnonzero(changed & (classes != _BLANK))
    if not len(peaks):
        return LineText((), 0.0)
    characters = [alphabet[index] for index in classes[peaks]]
    scores = probabilities[peaks, classes[peaks]]
    pitch = _pitch(np.diff(peaks))
    starts = (peaks + 0.5 - _PEAK * pitch) / columns_used
    ends = (peaks + 0.5 + (1 - _PEAK) * pitch) / columns_used
    return LineText(tuple(split_runs(characters, starts, ends, scores)), float(scores.mean()))


def is_wide(character: str) -> bool:
    """Tells Chinese, Japanese and Korean characters, and the full-width forms (UAX 11)."""
    return unicodedata.east_asian_width(character) in ("W", "F")


def is_plain(line: LineText) -> bool:
    """Tells what the quick network can be trusted with: a sure reading, mostly in letters, none of them wide."""
    text = "".join(run.text for run in line.runs)
    digits = sum(character.isdigit() for character in text)
    return line.score >= QUICK_SURE_SCORE and digits <= MAX_DIGITS * len(text) and not any(map(is_wide, text))


def _pitch(steps: np.ndarray) -> float:
    """Returns the mean columns from character to character; wide gaps do not count."""
    return float(steps[steps <= 2 * np.median(steps)].mean()) if len(steps) else 1.0


def split_runs(characters: list[str], starts: np.ndarray, ends: np.ndarray, scores: np.ndarray) -> Iterator[TextRun]:
    """Yields the characters joined between white space; a run's score is the mean of its characters' scores."""
    first = 0
    for index in range(len(characters) + 1):
        if index == len(characters) or characters[index].isspace():
            if index > first:
                start, end = np.clip((starts[first], ends[index - 1]), 0.0, 1.0)
                score = float(scores[first:index].mean())
                yield TextRun("".join(characters[first:index]), float(start), float(end), score)
            first = index + 1
