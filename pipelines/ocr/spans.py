"""Two readings of a line: where they disagree, and how a third reading is put there.

A line of text is rarely doubtful as a whole. Only its doubtful words are read again by the large network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import cv2
import numpy as np

from pipelines.ocr.recognise import LineText, TextRun, side_lengths

SURE_WORD_SCORE = 0.9  # of the better reading; a word with a lower score is doubtful although both readings agree
# Two readings of the quick network may agree on a number without its decimal point (8091) and on two dates without the
# space between them (04/28/2005/04/20).
LONG_NUMBER = re.compile(r"\d{4}")
MAX_SHARE = 0.6  # of a line's length; if more of it is doubtful, the whole line is read again
_PROFILE_HEIGHT, _PROFILE_EDGE = 24, 3  # pixels; height of the strip in which gaps are found, and its ignored edges
_GAP_REACH = 8  # pixels of that strip; so far the gap may be from where the network places it
_GAP_CONTRAST = 12  # grey levels; the contrast in a column of a gap is at most that much above the smallest one


@dataclass(frozen=True)
class Span:
    """A part of a line that is read again.

    Attributes:
        line: index of the line.
        first, last: the part holds the runs `first` to `last - 1` of the line. It may hold none.
        start, end: shares 0..1 of the line's length.
    """

    line: int
    first: int
    last: int
    start: float = 0.0
    end: float = 1.0

    def of(self, quad: np.ndarray) -> np.ndarray:
        """Returns the corners of the part, `(4, 2)` float32. `quad` has those of the line."""
        top, bottom = quad[1] - quad[0], quad[2] - quad[3]
        corners = (quad[0] + self.start * top, quad[0] + self.end * top)
        return np.array((*corners, quad[3] + self.end * bottom, quad[3] + self.start * bottom), np.float32)


def disagreements(index: int, first: LineText, second: LineText) -> list[Span]:
    """Returns the parts of a line on which two readings disagree, or on which their agreement is no evidence.

    Args:
        index: index of the line.
        first: one reading.
        second: the other reading. The parts hold its runs.
    """
    ranges = _merged(_doubtful_ranges(first.runs, second.runs))
    spans = [Span(index, start, end, *_bounds(second.runs, start, end)) for start, end in ranges]
    if not second.runs or sum(span.end - span.start for span in spans) > MAX_SHARE:
        return [Span(index, 0, len(second.runs))]
    return spans


def _doubtful_ranges(first: Sequence[TextRun], second: Sequence[TextRun]) -> Iterator[tuple[int, int]]:
    """Yields ranges of the second reading, in order. A range without runs is where only the first one has a word."""
    before, after = ([run.text for run in runs] for runs in (first, second))
    for kind, i, _, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            yield start, end
            continue
        for offset in range(end - start):
            score = max(first[i + offset].score, second[start + offset].score)
            if score < SURE_WORD_SCORE or LONG_NUMBER.search(second[start + offset].text):
                yield start + offset, start + offset + 1


def _merged(ranges: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in ranges:
        if merged and merged[-1][1] == start:
            merged[-1] = merged[-1][0], end
        else:
            merged.append((start, end))
    return merged


def _bounds(runs: Sequence[TextRun], first: int, last: int) -> tuple[float, float]:
    """Returns where a range of runs starts and ends: in the middle of the gaps around it.

    A range without runs has the gap and the two words around it.
    """
    if first == last:
        return (runs[first - 1].end if first else 0.0), (runs[last].start if last < len(runs) else 1.0)
    start = (runs[first - 1].end + runs[first].start) / 2 if first else 0.0
    end = (runs[last - 1].end + runs[last].start) / 2 if last < len(runs) else 1.0
    return start, end


def moved_to_gaps(span: Span, image: np.ndarray, quad: np.ndarray) -> Span:
    """Returns the span with its ends moved to the middle of the blank gaps near them, where the page has some.

    A network places characters to about half a column of its output, which is as wide as a gap between two words.

    Args:
        span: part of a line.
        image: `(height, width, 3)` uint8 BGR.
        quad: `(4, 2)` corners of the line.
    """
    width, height = side_lengths(quad)
    length = max(1, round(_PROFILE_HEIGHT * width / max(height, 1.0)))
    corners = np.array([(0, 0), (length, 0), (0, _PROFILE_HEIGHT)], np.float32)
    matrix = cv2.getAffineTransform(quad[[0, 1, 3]].astype(np.float32), corners)
    strip = cv2.warpAffine(image, matrix, (length, _PROFILE_HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    grey = cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY)[_PROFILE_EDGE:-_PROFILE_EDGE]
    contrast = grey.max(axis=0).astype(int) - grey.min(axis=0)
    start = _gap_near(contrast, span.start) if span.start > 0 else 0.0
    end = _gap_near(contrast, span.end) if span.end < 1 else 1.0
    return replace(span, start=start, end=end) if start < end else span


def _gap_near(contrast: np.ndarray, share: float) -> float:
    """Returns the middle of the widest gap near a share of the length. Of two gaps alike, the nearer one counts."""
    position = round(share * len(contrast))
    left = max(0, position - _GAP_REACH)
    near = contrast[left : position + _GAP_REACH + 1]
    if not len(near):
        return share
    columns = left + np.flatnonzero(near <= near.min() + _GAP_CONTRAST)
    gaps = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    gap = max(gaps, key=lambda gap: len(gap) - abs((gap[0] + gap[-1]) / 2 - position) / 2)
    return float((gap[0] + gap[-1] + 1) / 2 / len(contrast))


def replaced(line: LineText, readings: Sequence[tuple[Span, LineText]]) -> LineText:
    """Returns a line with new readings of some of its parts.

    Args:
        line: the reading that the spans refer to.
        readings: spans in order, each with the reading of this part alone.
    """
    runs = list(line.runs)
    for span, reading in reversed(readings):
        length = span.end - span.start
        runs[span.first : span.last] = [
            replace(run, start=span.start + length * run.start, end=span.start + length * run.end)
            for run in reading.runs
        ]
    return LineText(tuple(runs), mean_score(runs))


def mean_score(runs: Sequence[TextRun]) -> float:
    """Returns the mean score of the characters of some runs; 0 if there are none."""
    characters = sum(len(run.text) for run in runs)
    return sum(run.score * len(run.text) for run in runs) / characters if characters else 0.0
