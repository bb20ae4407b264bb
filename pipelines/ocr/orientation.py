"""Finds the rotation of a page from its text lines, before all of them are read.

A small network (the classifier) looks at some of the longest lines and separates upside-down text from upright text.
For nearly all pages this is enough. Lines are read in both directions only if the classifier finds upside-down text, or
if the lines run up or down the page. Text that is read in the wrong direction has a far lower score than text that is
read in the right one, so the scores decide and not the classifier.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from pipelines.lines.direction import is_wide
from pipelines.ocr.directions import DOWN, corners
from pipelines.ocr.line_reader import LineReader
from pipelines.ocr.recognise import STRIP_HEIGHT, LineText, cut_strip, side_lengths

STRIP_WIDTH = 192  # pixels; width of the classifier's input
CLASSIFIED_LINES, READ_LINES = 8, 5  # number of lines that are classified and read, the longest ones
MIN_LINES = 3  # fewer lines do not turn a page: a plot with one vertical axis label stays as it is
MIN_RATIO = 2.0  # minimum width to height of a line
MIN_LENGTH = 1.5  # minimum width of a line, relative to the height of the long lines
SEEN_RATIO, READ_RATIO = 4.0, 10.0  # width to height of the middle part of a line: shown to the classifier, and read
MAJORITY = 2 / 3  # share of the length of all lines; pages with lines in mixed directions stay as they are
# Minimum score of the better direction, and minimum difference of the scores. The wrong direction has up to 0.7, but
# then the right direction has 0.95.
MIN_SCORE, MIN_MARGIN = 0.5, 0.2
COLUMN_AGREEMENT = 0.5  # share of the characters; 0.75 or more agree in vertical columns, hardly any in other text


class Orientation:
    """Finds the rotation of a page.

    Args:
        weights: PP-OCR's classifier of text-line orientation as an ONNX file. Input: `(n, 3, 48, 192)` float32 in
            -1..1. Output: `(n, 2)` probabilities of 0 and 180 degrees.
    """

    def __init__(self, weights: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])

    def rotation(self, image: np.ndarray, quads: list[np.ndarray], reader: LineReader) -> int:
        """Returns the degrees clockwise (0, 90, 180, 270) by which the page must be turned; 0 without clear evidence.

        Args:
            image: `(height, width, 3)` uint8 BGR.
            quads: the lines of the page as `(4, 2)` corners, clockwise from the top left of upright text.
            reader: reads lines.
        """
        downwards, lines = _main_direction(quads)
        if len(lines) < MIN_LINES:
            return 0
        if not downwards and not self._most_upside_down(image, lines[:CLASSIFIED_LINES]):
            return 0
        lines = [_middle(line, READ_RATIO) for line in lines[:READ_LINES]]
        flipped = [_flipped(line) for line in lines]
        forward, backward = _score(reader, image, lines), _score(reader, image, flipped)
        if max(forward, backward) < MIN_SCORE or abs(forward - backward) < MIN_MARGIN:
            return 0
        direction = 90 * downwards + 180 * (backward > forward)  # of the text, degrees clockwise from rightwards
        upright = 90 if _is_set_in_columns(reader, image, flipped if backward > forward else lines) else 0
        return (upright - direction) % 360

    def _most_upside_down(self, image: np.ndarray, lines: list[np.ndarray]) -> bool:
        half = (len(lines) + 1) // 2
        if not any(self._are_upside_down(image, lines[:half])):
            return False  # the other half alone is no majority
        return bool(self._are_upside_down(image, lines).mean() > 0.5)

    def _are_upside_down(self, image: np.ndarray, lines: list[np.ndarray]) -> np.ndarray:
        strips = np.zeros((len(lines), 3, STRIP_HEIGHT, STRIP_WIDTH), np.float32)
        for strip, line in zip(strips, lines, strict=True):
            part = _middle(line, SEEN_RATIO)
            strip[...] = cut_strip(image, part, STRIP_WIDTH) if _ratio(line) >= SEEN_RATIO else _padded(image, part)
        (probabilities,) = self._session.run(None, {self._session.get_inputs()[0].name: strips})
        return np.asarray(probabilities[:, 1] > probabilities[:, 0])


def _main_direction(quads: list[np.ndarray]) -> tuple[bool, list[np.ndarray]]:
    """Returns whether most text is vertical, and the lines in the main direction, the longest first.

    Vertical lines are given as running downwards, horizontal lines as running to the right. The list is empty if
    neither direction has a majority; the first value then has no meaning.
    """
    lines = sorted(_long_lines(quads), key=lambda quad: -side_lengths(quad)[0])
    steps = [(quad, *(quad[1] - quad[0])) for quad in lines]
    # The detector may start the corners of a slanted line at the wrong end.
    downwards = [quad if y > 0 else _flipped(quad) for quad, x, y in steps if abs(y) > abs(x)]
    rightwards = [quad if x > 0 else _flipped(quad) for quad, x, y in steps if abs(y) <= abs(x)]
    down, right = (sum(side_lengths(quad)[0] for quad in group) for group in (downwards, rightwards))
    if right >= MAJORITY * (right + down):
        return False, rightwards
    return True, downwards if down >= MAJORITY * (right + down) else []


def _long_lines(quads: list[np.ndarray]) -> list[np.ndarray]:
    """Returns the boxes that show a direction, turned so that their long side is the first one.

    Single characters, such as the answers of a questionnaire, show none: they may be slim, but they are no longer than
    other lines are high.
    """
    lines = [corners(quad, DOWN) if np.diff(side_lengths(quad))[0] > 0 else quad for quad in quads]
    height = np.median([side_lengths(line)[1] for line in lines if _ratio(line) >= SEEN_RATIO] or [0.0])
    return [line for line in lines if _ratio(line) >= MIN_RATIO and side_lengths(line)[0] > MIN_LENGTH * height]


def _score(reader: LineReader, image: np.ndarray, lines: list[np.ndarray]) -> float:
    return float(np.median([line.score for line in reader.read(image, lines)]))  # median: one line may be cut badly


def _is_set_in_columns(reader: LineReader, image: np.ndarray, lines: list[np.ndarray]) -> bool:
    """Returns whether the lines are columns of upright characters: Chinese or Japanese, set from top to bottom.

    The recogniser can read such a column although its characters lie on their side in the strip. Each column is
    therefore also cut into its characters, and these are turned and placed in a row. If the recogniser reads the same
    wide characters there, they were upright in a column. Latin letters give no evidence: it reads them in both cases.
    """
    characters, agreeing = 0, 0
    for line, found in zip(lines, reader.read(image, lines), strict=True):
        text = _characters(found)
        if any(map(is_wide, text)):
            row = _column_as_row(image, _part(line, found.runs[0].start, found.runs[-1].end), text.total())
            height, width = row.shape[:2]
            whole = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
            text = Counter({character: count for character, count in text.items() if is_wide(character)})
            characters += text.total()
            agreeing += (text & _characters(reader.read(row, [whole])[0])).total()
    return agreeing > COLUMN_AGREEMENT * characters


def _characters(line: LineText) -> Counter[str]:
    return Counter("".join(run.text for run in line.runs))


def _column_as_row(image: np.ndarray, line: np.ndarray, characters: int) -> np.ndarray:
    """Returns `(48, width, 3)` uint8: the line, cut into its characters, each turned by 90 degrees clockwise."""
    length, across = side_lengths(line)
    cell = max(1, round(STRIP_HEIGHT * length / max(across, 1.0) / characters))
    corners = np.array([(0, 0), (cell * characters, 0), (0, STRIP_HEIGHT)], np.float32)
    matrix = cv2.getAffineTransform(line[[0, 1, 3]].astype(np.float32), corners)
    strip = cv2.warpAffine(image, matrix, (cell * characters, STRIP_HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return np.hstack([np.rot90(part, -1) for part in np.split(strip, characters, axis=1)])


def _flipped(quad: np.ndarray) -> np.ndarray:
    """Returns the corners in the order for text that runs in the opposite direction."""
    return quad[[2, 3, 0, 1]]


def _ratio(quad: np.ndarray) -> float:
    width, height = side_lengths(quad)
    return width / max(height, 1.0)


def _middle(quad: np.ndarray, ratio: float) -> np.ndarray:
    """Returns the middle part of a line. Its width is at most `ratio` times its height."""
    cut = max(0.0, 1 - ratio / _ratio(quad)) / 2
    return _part(quad, cut, 1 - cut)


def _part(quad: np.ndarray, start: float, end: float) -> np.ndarray:
    """Returns the part of a line between two shares (0..1) of its length."""
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    corners = (quad[0] + start * top, quad[0] + end * top, quad[3] + end * bottom, quad[3] + start * bottom)
    return np.array(corners, np.float32)


def _padded(image: np.ndarray, line: np.ndarray) -> np.ndarray:
    width = min(STRIP_WIDTH, max(1, round(STRIP_HEIGHT * _ratio(line))))
    return np.pad(cut_strip(image, line, width), ((0, 0), (0, 0), (0, STRIP_WIDTH - width)))
