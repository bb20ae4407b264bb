"""Text lines to words: cut a line out of the page, run the recogniser over it, decode its columns.

PaddleOCR's own loop pads every line to the widest of its batch and at least to 320 pixels, and copies the scores of
18,710 characters a column about. One line at a time, padded to the next multiple of `_BUCKET`, does a third less work,
needs no more memory than one line, and meets few enough shapes that a backend that compiles for each is soon done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

STRIP_HEIGHT = 48  # pixels; the recogniser's input
MAX_STRIP_WIDTH = 3200
_BUCKET = 32
_BLANK = 0  # class of "no character" in CTC (Graves et al., 2006)


@dataclass(frozen=True)
class Run:
    """Characters of a line between two spaces: their text, their extent as shares 0..1 of the line, their score."""

    text: str
    start: float
    end: float
    score: float


class LineReader:
    """Reads the text of one line after the other.

    Args:
        network: takes `(1, 3, 48, width)` float32, gives `(1, columns, classes)` probabilities.
        alphabet: the character of each class; the first is the blank.
    """

    def __init__(self, network: Callable[[np.ndarray], np.ndarray], alphabet: list[str]) -> None:
        self._network = network
        self._alphabet = alphabet

    def read(self, image: np.ndarray, quad: np.ndarray) -> list[Run]:
        """Returns the runs of the line inside `quad`: `(4, 2)` corners in pixels, clockwise from the text's top left."""
        strip, used = cut_strip(image, quad)
        probabilities = self._network(strip)[0]
        columns_used = len(probabilities) * used / strip.shape[3]
        classes = probabilities.argmax(axis=1)
        changed = np.concatenate(([True], classes[1:] != classes[:-1]))
        columns = np.flatnonzero(changed & (classes != _BLANK))
        characters = [self._alphabet[index] for index in classes[columns]]
        scores = probabilities[columns, classes[columns]]
        return split_runs(characters, columns / columns_used, (columns + 1) / columns_used, scores)


def upright_quad(quad: np.ndarray) -> np.ndarray:
    """Returns the corners from the text's top left on: in a quad much taller than wide the text runs downwards."""
    width = max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[2] - quad[3]))
    height = max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))
    return quad[[1, 2, 3, 0]] if height >= 1.5 * width else quad


def cut_strip(image: np.ndarray, quad: np.ndarray) -> tuple[np.ndarray, int]:
    """Returns the line as `(1, 3, 48, width)` float32 in -1..1, zero on the right, and how many pixels are the line's."""
    width = max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[2] - quad[3]))
    height = max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))
    used = int(min(max(round(STRIP_HEIGHT * width / max(height, 1)), 1), MAX_STRIP_WIDTH))
    corners = np.array([(0, 0), (used, 0), (0, STRIP_HEIGHT)], np.float32)
    matrix = cv2.getAffineTransform(quad[[0, 1, 3]].astype(np.float32), corners)
    line = cv2.warpAffine(image, matrix, (used, STRIP_HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    strip = np.zeros((1, 3, STRIP_HEIGHT, -(-used // _BUCKET) * _BUCKET), np.float32)
    strip[0, :, :, :used] = line.transpose(2, 0, 1) / np.float32(127.5) - np.float32(1)
    return strip, used


def split_runs(characters: list[str], starts: np.ndarray, ends: np.ndarray, scores: np.ndarray) -> list[Run]:
    """Joins characters to runs at white space; a run's score is the mean of its characters' scores."""
    runs, first = [], 0
    for index in range(len(characters) + 1):
        if index == len(characters) or characters[index].isspace():
            if index > first:
                text = "".join(characters[first:index])
                score = float(scores[first:index].mean())
                runs.append(Run(text, float(starts[first]), float(ends[index - 1]), score))
            first = index + 1
    return runs
