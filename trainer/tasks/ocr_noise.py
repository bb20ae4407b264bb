"""Words as an OCR engine misreads them: with wrong characters, left out, joined or split.

What goes wrong how often is measured on the engine of Folio by `benchmarks.text.ocr_errors`, which writes the table
`ocr_errors.json`.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from schemas import Word, hull

TABLE = Path(__file__).with_name("ocr_errors.json")
SUBSTITUTED, DROPPED, JOINED, SPLIT = KINDS = ("substituted", "dropped", "joined", "split")
RIGHT_TO_LEFT = ("R", "AL")
HIT, KIND, EDITS, PLACES = 0, 1, 2, 3  # columns of the random numbers of a word; from `PLACES` on: one per edit


@dataclass(frozen=True)
class Edit:
    """Characters from `start` to `stop` of a word that are read as `text`."""

    start: int
    stop: int
    text: str


@dataclass(frozen=True)
class OcrErrors:
    """What goes wrong how often.

    Attributes:
        kinds: share of each of `KINDS` in the errors.
        edits: share of the substituted words with one wrong place, with two, and so on.
        confusions: what each text of one or two characters is read as, and how often that happens per occurrence.
    """

    kinds: tuple[float, ...]
    edits: tuple[float, ...]
    confusions: Mapping[str, Mapping[str, float]]

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> OcrErrors:
        """Returns the errors of a table of counts.

        Args:
            table: `kinds`: counts by name; `edits`: counts of substituted words with one wrong place, two, and so on;
                `confusions`: `[text, read as, times, occurrences of the text]` for each.
        """
        kinds = np.array([table["kinds"][name] for name in KINDS], float)
        edits = np.array(table["edits"], float)
        confusions: dict[str, dict[str, float]] = {}
        for true, found, times, seen in table["confusions"]:
            confusions.setdefault(true, {})[found] = times / seen
        return cls(tuple(kinds / kinds.sum()), tuple(edits / edits.sum()), confusions)


@lru_cache(maxsize=1)
def folio_errors() -> OcrErrors:
    """Returns the errors of the engine of Folio."""
    return OcrErrors.of(json.loads(TABLE.read_text(encoding="utf-8")))


def misread(
    words: Sequence[Word], rate: float, rng: np.random.Generator, errors: OcrErrors | None = None
) -> list[Word]:
    """Returns the words of a page with errors.

    An error begins at each word with the probability `rate`; a join also takes in the word after it. What cannot be
    done (a join at the end of a line, a split of one character) becomes a substitution, and the substitution of a
    character that is never misread leaves it out. For one state of `rng`, a higher rate keeps the errors of a lower
    one, except in words that a join takes in.

    The words stay in their order and on their lines. A joined word keeps the source of its first word, the first part
    of a split word that of the word. So each given word has at most one word of the page; without one, it cannot be
    predicted, as for words that an engine does not find.

    Args:
        words: in reading order.
        rate: 0..1.
        errors: what goes wrong; None: what goes wrong in Folio.
    """
    errors = errors or folio_errors()
    chances = rng.random((len(words), PLACES + len(errors.edits)))
    result: list[Word] = []
    taken = False  # whether the word before has taken in this one
    for number, (word, chance) in enumerate(zip(words, chances, strict=True)):
        if taken:
            taken = False
            continue
        if chance[HIT] >= rate:
            result.append(word)
            continue
        kind = KINDS[_drawn(errors.kinds, chance[KIND])]
        after = words[number + 1] if number + 1 < len(words) else None
        if kind == JOINED and after is not None and after.line == word.line:
            result.append(replace(word, text=word.text + after.text, box=hull([word.box, after.box])))
            taken = True
        else:
            result += _damaged(word, kind, chance, errors)
    return result


def _damaged(word: Word, kind: str, chance: np.ndarray, errors: OcrErrors) -> list[Word]:
    """Returns what is read in the place of one word."""
    if kind == DROPPED:
        return []
    if kind == SPLIT and len(word.text) > 1:
        return _parts(word, 1 + int(chance[PLACES] * (len(word.text) - 1)))
    edits = 1 + _drawn(errors.edits, chance[EDITS])
    text = substituted(word.text, chance[PLACES : PLACES + edits].tolist(), errors)
    return [replace(word, text=text)] if text else []


def _parts(word: Word, cut: int) -> list[Word]:
    """Returns both parts of a word. They share the width of its box by their number of characters."""
    x0, y0, x1, y1 = word.box
    share = cut / len(word.text)
    first, second = (x0, y0, round(x0 + share * (x1 - x0)), y1), (round(x0 + share * (x1 - x0)), y0, x1, y1)
    if unicodedata.bidirectional(word.text[0]) in RIGHT_TO_LEFT:
        middle = round(x1 - share * (x1 - x0))
        first, second = (middle, y0, x1, y1), (x0, y0, middle, y1)
    return [replace(word, text=word.text[:cut], box=first), replace(word, text=word.text[cut:], box=second, source=-1)]


def substituted(text: str, chances: Sequence[float], errors: OcrErrors) -> str:
    """Returns a text with wrong characters. It differs from `text`, and is empty only if nothing else is possible.

    Args:
        text: one character or more.
        chances: a random number in [0, 1) for each wrong place; fewer places are wrong if there are not enough.
    """
    edits, weights = _possible_edits(text, errors)
    if not edits:
        return text[1:] if len(text) > 1 else ""
    chosen = [edits[_drawn(weights, chance)] for chance in chances]
    apart = [edit for n, edit in enumerate(chosen) if all(_apart(edit, other) for other in chosen[:n])]
    several = _applied(text, apart)
    return several if several not in ("", text) else _applied(text, chosen[:1])


def _possible_edits(text: str, errors: OcrErrors) -> tuple[list[Edit], list[float]]:
    """Returns the edits that leave some text, and how often each happens."""
    edits: list[Edit] = []
    weights: list[float] = []
    for size in (1, 2):
        for start in range(len(text) - size + 1):
            for found, rate in errors.confusions.get(text[start : start + size], {}).items():
                if found or size < len(text):
                    edits.append(Edit(start, start + size, found))
                    weights.append(rate)
    return edits, weights


def _apart(edit: Edit, other: Edit) -> bool:
    return edit.stop <= other.start or other.stop <= edit.start


def _applied(text: str, edits: Sequence[Edit]) -> str:
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.stop :]
    return text


def _drawn(weights: Sequence[float], chance: float) -> int:
    """Returns the index that a random number in [0, 1) draws, with a probability in proportion to its weight."""
    ends = np.cumsum(weights)
    return min(int(np.searchsorted(ends, chance * ends[-1], side="right")), len(weights) - 1)
