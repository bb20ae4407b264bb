"""From text lines to words: cut the lines out of the page, run a recogniser on them, decode its output.

PaddleOCR reads each line at its full width, padded to the widest of six lines and to at least 320 pixels. This module
reads it from a strip of any width, with little padding.

A batch holds lines of similar width. The shapes of the batches come from a short list, so that a backend that compiles
the network for each shape compiles only a few times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

STRIP_HEIGHT = 48  # pixels; height of the recogniser's input
MAX_STRIP_WIDTH = 3200  # pixels
BATCH_SIZES = (8, 4, 2, 1)
_MAX_BATCH_PX = 3072  # total width of the strips of a batch; larger batches are not faster per line
_MAX_PADDING_PX = 64  # more padding would cost more than another call of the network
_BLANK = 0  # class of "no character" in CTC (Graves et al., 2006)
_PEAK = 0.6  # measured position of the recogniser's peak between the left (0) and the right edge (1) of a character

Network = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""`(n, 3, 48, width)` float32 in -1..1 -> the best class of each column `(n, columns)` and its probability."""


@dataclass(frozen=True)
class TextRun:
    """Characters without white space, as part of a line.

    Attributes:
        text: the characters.
        start, end: where they start and end, as shares 0..1 of the line's length.
        score: mean score of the characters, 0..1.
    """

    text: str
    start: float
    end: float
    score: float


@dataclass(frozen=True)
class LineText:
    """The text of one line. `score` is the mean over its characters, 0..1; 0 if there are none."""

    runs: tuple[TextRun, ...]
    score: float

    @property
    def characters(self) -> str:
        """The characters of all runs."""
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True)
class Recogniser:
    """A network that reads strips (images of text lines).

    Attributes:
        network: see `Network`.
        alphabet: the character of each class. Class 0 is the blank.
    """

    network: Network
    alphabet: Sequence[str]


def recognise_lines(
    recogniser: Recogniser, image: np.ndarray, quads: list[np.ndarray], stretch: float
) -> list[LineText]:
    """Returns the text that a recogniser reads in each line, in the order of the lines.

    Args:
        recogniser: the network to use.
        image: `(height, width, 3)` uint8 BGR.
        quads: `(4, 2)` corners of each line in pixels.
        stretch: width of the strips relative to the natural width of the lines.
    """
    widths = [strip_width(quad, stretch) for quad in quads]
    lines = [LineText((), 0.0)] * len(quads)
    for batch in batches(widths):
        strips = np.zeros((len(batch), 3, STRIP_HEIGHT, padded(max(widths[index] for index in batch))), np.float32)
        for strip, index in zip(strips, batch, strict=True):
            strip[:, :, : widths[index]] = cut_strip(image, quads[index], widths[index])
        for classes, scores, index in zip(*recogniser.network(strips), batch, strict=True):
            columns_used = len(classes) * widths[index] / strips.shape[3]
            lines[index] = decode(classes, scores, recogniser.alphabet, columns_used)
    return lines


def side_lengths(quad: np.ndarray) -> tuple[float, float]:
    """Returns width and height of a quadrangle `(4, 2)`: in each direction the longer of the two sides."""
    width = max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[2] - quad[3]))
    height = max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))
    return float(width), float(height)


def strip_width(quad: np.ndarray, stretch: float) -> int:
    """Returns the width of a line's strip in pixels: `stretch` times its natural width at the strip's height."""
    width, height = side_lengths(quad)
    return int(np.clip(round(stretch * STRIP_HEIGHT * width / max(height, 1.0)), 1, MAX_STRIP_WIDTH))


def padded(width: int) -> int:
    """Returns the smallest allowed strip width that is at least `width`.

    Allowed are multiples of 16 up to 512. Above, the step is 1/32 of the next power of two.
    """
    step = max(16, 1 << max(width - 1, 1).bit_length() >> 5)
    return -(-width // step) * step


def batches(widths: list[int]) -> Iterator[list[int]]:
    """Yields the indices of the strips of each batch, the widest first, as many as fit without much padding."""
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
    """Returns the inside of a quadrangle `(4, 2)` as a strip: `(3, 48, width)` float32 in -1..1."""
    corners = np.array([(0, 0), (width, 0), (0, STRIP_HEIGHT)], np.float32)
    matrix = cv2.getAffineTransform(quad[[0, 1, 3]].astype(np.float32), corners)
    line = cv2.warpAffine(image, matrix, (width, STRIP_HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return line.transpose(2, 0, 1) / np.float32(127.5) - np.float32(1)


def decode(classes: np.ndarray, scores: np.ndarray, alphabet: Sequence[str], columns_used: float) -> LineText:
    """Decodes the output of a recogniser by best-path CTC (Graves et al., 2006, section 3.2).

    Args:
        classes: `(columns,)` the best class of each column.
        scores: `(columns,)` its probability.
        alphabet: the character of each class.
        columns_used: how many of the first columns the line fills. The others are padding.
    """
    changed = np.concatenate(([True], classes[1:] != classes[:-1]))
    peaks = np.flatnonzero(changed & (classes != _BLANK))
    if not len(peaks):
        return LineText((), 0.0)
    characters = [alphabet[index] for index in classes[peaks]]
    pitch = _pitch(np.diff(peaks))
    starts = (peaks + 0.5 - _PEAK * pitch) / columns_used
    ends = (peaks + 0.5 + (1 - _PEAK) * pitch) / columns_used
    return LineText(tuple(split_runs(characters, starts, ends, scores[peaks])), float(scores[peaks].mean()))


def _pitch(steps: np.ndarray) -> float:
    """Returns the mean number of columns from one character to the next. Wide gaps are not counted."""
    return float(steps[steps <= 2 * np.median(steps)].mean()) if len(steps) else 1.0


def split_runs(characters: list[str], starts: np.ndarray, ends: np.ndarray, scores: np.ndarray) -> Iterator[TextRun]:
    """Splits characters at white space and yields the runs.

    Args:
        characters: the n characters of a line.
        starts, ends: (n,) where each character starts and ends, as shares of the line's length.
        scores: (n,) score of each character. The score of a run is their mean.
    """
    first = 0
    for index in range(len(characters) + 1):
        if index == len(characters) or characters[index].isspace():
            if index > first:
                start, end = np.clip((starts[first], ends[index - 1]), 0.0, 1.0)
                score = float(scores[first:index].mean())
                yield TextRun("".join(characters[first:index]), float(start), float(end), score)
            first = index + 1
