"""Which way a page lies: found on its text lines, before they are read.

A small network sees some of the longest lines and tells upside-down text from upright. Nearly all pages are done
with that. Only where it, or the lines that run up or down the page, speak for a turn are lines read in both
directions: text read the wrong way scores far below text read the right way, whatever the network thought.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from pipelines.ocr.recognise import STRIP_HEIGHT, LineReader, LineText, cut_strip, is_wide, side_lengths

STRIP_WIDTH = 192  # pixels; the classifier's input is as wide
LOOKED_AT, READ = 8, 5  # lines, the longest ones
MIN_LINES = 3  # the label of an axis alone does not turn a plot
MIN_RATIO = 2.0  # width to height of what counts as a line
SEEN_RATIO, READ_RATIO = 4.0, 10.0  # of the part in a line's middle that is looked at, or read
MAJORITY = 2 / 3  # of the length of all lines; pages of mixed directions stay as they are
MIN_SCORE, MIN_MARGIN = 0.5, 0.2  # of what is read; wrong ways reach 0.7, but then right ones 0.95
COLUMN_AGREEMENT = 0.5  # of the characters; three quarters and more agree in columns, hardly any elsewhere


class Orientation:
    """Finds by how much a page is turned.

    Args:
        weights: PP-OCR's classifier of text-line orientation as an ONNX file: `(n, 3, 48, 192)` float32 in -1..1 to
            `(n, 2)` probabilities of 0 and of 180 degrees.
    """

    def __init__(self, weights: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])

    def rotation(self, image: np.ndarray, quads: list[np.ndarray], reader: LineReader) -> int:
        """Returns the degrees (0, 90, 180, 270) clockwise by which the page must be turned; 0 without clear evidence.

        Args:
            image: `(height, width, 3)` uint8 BGR.
            quads: its lines as `(4, 2)` corners, clockwise from the top left of text that runs rightwards or downwards.
            reader: reads lines.
        """
        downwards, lines = _main_direction(quads)
        if len(lines) < MIN_LINES:
            return 0
        if not downwards and not self._look_upside_down(image, lines[:LOOKED_AT]):
            return 0
        lines = [_middle(line, READ_RATIO) for line in lines[:READ]]
        flipped = [_flipped(line) for line in lines]
        there, back = _score(reader, image, lines), _score(reader, image, flipped)
        if max(there, back) < MIN_SCORE or abs(there - back) < MIN_MARGIN:
            return 0
        runs = 90 * downwards + 180 * (back > there)  # degrees clockwise from rightwards
        upright = 90 if _is_set_in_columns(reader, image, flipped if back > there else lines) else 0
        return (upright - runs) % 360

    def _look_upside_down(self, image: np.ndarray, lines: list[np.ndarray]) -> bool:
        half = (len(lines) + 1) // 2
        if not any(self._are_upside_down(image, lines[:half])):
            return False  # the others are no majority
        return bool(self._are_upside_down(image, lines).mean() > 0.5)

    def _are_upside_down(self, image: np.ndarray, lines: list[np.ndarray]) -> np.ndarray:
        strips = np.zeros((len(lines), 3, STRIP_HEIGHT, STRIP_WIDTH), np.float32)
        for strip, line in zip(strips, lines, strict=True):
            part = _middle(line, SEEN_RATIO)
            strip[...] = cut_strip(image, part, STRIP_WIDTH) if _ratio(line) >= SEEN_RATIO else _padded(image, part)
        (probabilities,) = self._session.run(None, {self._session.get_inputs()[0].name: strips})
        return np.asarray(probabilities[:, 1] > probabilities[:, 0])


def _main_direction(quads: list[np.ndarray]) -> tuple[bool, list[np.ndarray]]:
    """Returns whether most text runs downwards (or upwards), and the lines that run so, the longest first."""
    lines = sorted((quad for quad in quads if _ratio(quad) >= MIN_RATIO), key=lambda quad: -side_lengths(quad)[0])
    steps = [(quad, *(quad[1] - quad[0])) for quad in lines]
    # Of a line that leans, the detector's first corner may be its last.
    downwards = [quad if y > 0 else _flipped(quad) for quad, x, y in steps if abs(y) > abs(x)]
    rightwards = [quad if x > 0 else _flipped(quad) for quad, x, y in steps if abs(y) <= abs(x)]
    down, right = (sum(side_lengths(quad)[0] for quad in group) for group in (downwards, rightwards))
    if right >= MAJORITY * (right + down):
        return False, rightwards
    return True, downwards if down >= MAJORITY * (right + down) else []


def _score(reader: LineReader, image: np.ndarray, lines: list[np.ndarray]) -> float:
    return float(np.median([line.score for line in reader.read(image, lines)]))  # one may be cut badly, and read so


def _is_set_in_columns(reader: LineReader, image: np.ndarray, lines: list[np.ndarray]) -> bool:
    """Tells lines whose characters stand across them: Chinese and Japanese set from top to bottom.

    The recogniser reads these as they lie. If it reads the same wide characters when they are set side by side, each
    turned to stand in a row, they were upright in a column. Latin letters it reads either way.
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
    """Returns `(48, width, 3)` uint8: the line cut into its characters, each turned by 90 degrees clockwise."""
    length, across = side_lengths(line)
    cell = max(1, round(STRIP_HEIGHT * length / max(across, 1.0) / characters))
    corners = np.array([(0, 0), (cell * characters, 0), (0, STRIP_HEIGHT)], np.float32)
    matrix = cv2.getAffineTransform(line[[0, 1, 3]].astype(np.float32), corners)
    strip = cv2.warpAffine(image, matrix, (cell * characters, STRIP_HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return np.hstack([np.rot90(part, -1) for part in np.split(strip, characters, axis=1)])


def _flipped(quad: np.ndarray) -> np.ndarray:
    """Returns the corners as they are called if the text runs the other way."""
    return quad[[2, 3, 0, 1]]


def _ratio(quad: np.ndarray) -> float:
    width, height = side_lengths(quad)
    return width / max(height, 1.0)


def _middle(quad: np.ndarray, ratio: float) -> np.ndarray:
    """Returns the middle of a line, at most `ratio` times as wide as it is high."""
    cut = max(0.0, 1 - ratio / _ratio(quad)) / 2
    return _part(quad, cut, 1 - cut)


def _part(quad: np.ndarray, start: float, end: float) -> np.ndarray:
    """Returns a line between two shares of its length."""
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    corners = (quad[0] + start * top, quad[0] + end * top, quad[3] + end * bottom, quad[3] + start * bottom)
    return np.array(corners, np.float32)


def _padded(image: np.ndarray, line: np.ndarray) -> np.ndarray:
    width = min(STRIP_WIDTH, max(1, round(STRIP_HEIGHT * _ratio(line))))
    return np.pad(cut_strip(image, line, width), ((0, 0), (0, 0), (0, STRIP_WIDTH - width)))
