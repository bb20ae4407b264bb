"""Reads lines with two networks: a quick one reads all lines, the large one only what the quick one is not sure of.

The quick network has a fifth of the computation. It is sure of a line that it reads with a high score, if the line is
not mostly digits. It reads each other line a second time, from a wider strip. Where its two readings of a word agree,
they are right as often as the large network. The large network reads the words on which they disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import numpy as np

from pipelines.lines.direction import is_wide
from pipelines.ocr.recognise import LineText, Recogniser, TextRun, recognise_lines
from pipelines.ocr.spans import Span, disagreements, moved_to_gaps, replaced

# Width of a strip relative to the line's natural width: the two readings of each network.
QUICK_STRETCH, QUICK_SECOND_STRETCH, FIRST_STRETCH, SECOND_STRETCH = 0.75, 1.0, 0.6, 1.0
QUICK_SURE_SCORE, SURE_SCORE = 0.96, 0.95  # a line with a lower score is read again
MAX_DIGITS = 0.3  # share of the characters; in lines with more, the quick network drops decimal points at a high score
READING = 3  # number of the rules of detection and reading, in the version of the engine: others read other words


class LineReader:
    """Reads the text of lines.

    Args:
        recogniser: the large network. It reads whatever `quick` does not.
        quick: a smaller network that reads plain lines in a fraction of the time. It need not know kana, rare Chinese
            characters or all letters. If `recogniser` finds a letter on a page that `quick` does not know, `recogniser`
            reads the whole page.
    """

    def __init__(self, recogniser: Recogniser, quick: Recogniser | None = None) -> None:
        self.recogniser = recogniser
        self.quick = quick
        self._unknown_to_quick = set(recogniser.alphabet) - set(quick.alphabet) if quick else set()

    def read(self, image: np.ndarray, quads: list[np.ndarray]) -> list[LineText]:
        """Returns the text of each line.

        Args:
            image: `(height, width, 3)` uint8 BGR.
            quads: `(4, 2)` corners of each line in pixels, clockwise from the top left of its text.
        """
        if self.quick is None:
            return self._read_with_recogniser(image, quads)
        lines, spans = self._read_with_quick(self.quick, image, quads)
        found = self._read_with_recogniser(image, [span.of(quads[span.line]) for span in spans])
        if any(self._has_letter_unknown_to_quick(line) for line in found):
            # In Romanian, for example, the quick network reads ș as s, with a high score.
            return self._read_with_recogniser(image, quads)
        for index, readings in groupby(zip(spans, found, strict=True), key=lambda reading: reading[0].line):
            lines[index] = replaced(lines[index], list(readings))
        return lines

    def glance(self, image: np.ndarray, quads: list[np.ndarray]) -> list[LineText]:
        """Returns the text of each line by the fastest network alone. The arguments are those of `read`."""
        return recognise_lines(self.quick or self.recogniser, image, quads, QUICK_STRETCH)

    def _read_with_quick(
        self, quick: Recogniser, image: np.ndarray, quads: list[np.ndarray]
    ) -> tuple[list[LineText], list[Span]]:
        """Returns the quick network's reading of each line, and the parts that the large network must read."""
        lines = recognise_lines(quick, image, quads, QUICK_STRETCH)
        spans = [Span(index, 0, len(line.runs)) for index, line in enumerate(lines) if has_wide(line.runs)]
        wide = {span.line for span in spans}
        doubtful = [index for index, line in enumerate(lines) if index not in wide and not is_plain(line)]
        seconds = recognise_lines(quick, image, [quads[index] for index in doubtful], QUICK_SECOND_STRETCH)
        for index, second in zip(doubtful, seconds, strict=True):
            first, lines[index] = lines[index], second
            if has_wide(second.runs):
                spans.append(Span(index, 0, len(second.runs)))
            else:
                parts = disagreements(index, first, second)
                spans += (moved_to_gaps(part, image, quads[index]) for part in parts)
        return lines, spans

    def _has_letter_unknown_to_quick(self, line: LineText) -> bool:
        letters = (character for run in line.runs for character in run.text if character.isalpha())
        return any(letter in self._unknown_to_quick and not is_wide(letter) for letter in letters)

    def _read_with_recogniser(self, image: np.ndarray, quads: list[np.ndarray]) -> list[LineText]:
        lines = recognise_lines(self.recogniser, image, quads, FIRST_STRETCH)
        doubtful = [index for index, line in enumerate(lines) if line.score < SURE_SCORE]
        seconds = recognise_lines(self.recogniser, image, [quads[index] for index in doubtful], SECOND_STRETCH)
        for index, second in zip(doubtful, seconds, strict=True):
            lines[index] = max(lines[index], second, key=lambda line: line.score)
        return lines


def has_wide(runs: Iterable[TextRun]) -> bool:
    """Returns whether any character is Chinese, Japanese, Korean or a full-width form."""
    return any(is_wide(character) for run in runs for character in run.text)


def is_plain(line: LineText) -> bool:
    """Returns whether one reading of the quick network is enough: high score, few digits, no wide characters."""
    text = "".join(run.text for run in line.runs)
    digits = sum(character.isdigit() for character in text)
    return line.score >= QUICK_SURE_SCORE and digits <= MAX_DIGITS * len(text) and not has_wide(line.runs)
