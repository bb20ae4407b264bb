"""Compares the words of a page with those that were read, by their places, and counts the errors of each kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from rapidfuzz.distance import Levenshtein
from scipy.sparse.csgraph import connected_components

from benchmarks.text.ocr_pages import normalized
from pipelines.lines.words import RawWord

MIN_SHARED = 0.5  # of the smaller of two boxes: above it they show the same characters
MIN_SIMILARITY = 0.5  # of two words; below it, their characters are not compared
MAX_EDITS = 4  # wrong places of a word that are told apart; the last count is for this number and more
MAX_CONFUSED = 2  # longest text of a confusion, in characters


@dataclass
class WordErrors:
    """Counts over pages.

    Attributes:
        words: true words.
        kinds: errors of the four kinds of `trainer.tasks.ocr_noise.KINDS`; `mixed`: true words that were cut in other
            places; `invented`: words that were read where there is none.
        edits: substituted words with one wrong place, with two, and so on.
        confusions: how often a true text was read as another one.
        seen: how often each text of one or two characters occurs in the words that were compared.
    """

    words: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    edits: list[int] = field(default_factory=lambda: [0] * MAX_EDITS)
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)

    def count(self, texts: list[str], boxes: np.ndarray, found: list[RawWord]) -> None:
        """Adds a page.

        Args:
            texts: the true words.
            boxes: (n, 4) their boxes, in pixels.
            found: the words that were read.
        """
        self.words += len(texts)
        for true, read in _groups(boxes, np.array([word.box for word in found]).reshape(-1, 4)):
            if len(true) == len(read) == 1:
                self._compare(normalized(texts[true[0]]), normalized(found[read[0]].text))
            elif len(read) == 1:
                self.kinds["joined" if true else "invented"] += max(1, len(true) - 1)
            elif len(true) == 1:
                self.kinds["split" if read else "dropped"] += 1
            else:
                self.kinds["mixed"] += len(true)

    def _compare(self, true: str, read: str) -> None:
        self.seen.update(true[i : i + size] for size in (1, 2) for i in range(len(true) - size + 1))
        if true == read:
            return
        self.kinds["substituted"] += 1
        blocks = confused(true, read)
        self.edits[min(len(blocks), MAX_EDITS) - 1] += 1
        if Levenshtein.normalized_similarity(true, read) >= MIN_SIMILARITY:
            self.confusions.update(block for block in blocks if max(map(len, block)) <= MAX_CONFUSED)

    def table(self, kinds: tuple[str, ...], most: int) -> dict[str, object]:
        """Returns the table of `trainer.tasks.ocr_noise.OcrErrors.of`.

        Args:
            kinds: of errors.
            most: number of confusions; those that occurred once are left out.
        """
        common = sorted(self.confusions.items(), key=lambda item: (-item[1], item[0]))[:most]
        rows = [[true, read, times, self.seen[true]] for (true, read), times in common if times > 1]
        return {"kinds": {name: self.kinds[name] for name in kinds}, "edits": self.edits, "confusions": rows}


def confused(true: str, read: str) -> list[tuple[str, str]]:
    """Returns the texts of `true` that are others in `read`, each with what it became.

    No text is empty in `true`: characters that were added belong to the one before them, or to the first one.
    """
    pairs: list[tuple[str, str]] = []
    for is_equal, run in groupby(Levenshtein.opcodes(true, read), key=lambda code: code.tag == "equal"):
        codes = list(run)
        start, stop = codes[0].src_start, codes[-1].src_end
        begin, end = codes[0].dest_start, codes[-1].dest_end
        if is_equal:
            continue
        if start == stop and start:
            start, begin = start - 1, begin - 1
        elif start == stop:
            stop, end = stop + 1, end + 1
        pairs.append((true[start:stop], read[begin:end]))
    return pairs


def _groups(true: np.ndarray, read: np.ndarray) -> list[tuple[list[int], list[int]]]:
    """Returns the boxes (n, 4) and (m, 4) that show the same characters, as indices of both; some without a partner."""
    low = np.maximum(true[:, None, :2], read[None, :, :2])
    high = np.minimum(true[:, None, 2:], read[None, :, 2:])
    areas = [np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-6).prod(axis=1) for boxes in (true, read)]
    shared = np.maximum(high - low, 0).prod(axis=2) / np.minimum(areas[0][:, None], areas[1])
    graph = np.zeros((len(true) + len(read),) * 2, bool)
    graph[: len(true), len(true) :] = shared > MIN_SHARED
    count, labels = connected_components(graph, directed=False)
    groups: list[tuple[list[int], list[int]]] = [([], []) for _ in range(count)]
    for node, label in enumerate(labels.tolist()):
        groups[label][node >= len(true)].append(node if node < len(true) else node - len(true))
    return groups
