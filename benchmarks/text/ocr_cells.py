"""How well OCR reads single characters in cells, and text that runs up or down the page.

python -m pipelines.samples --output cells --count 40 --seed 2027 --scan_share 0.5 --kinds questionnaire chart
python -m benchmarks.text.ocr_cells --samples cells --table benchmarks/results/text/ocr_cells.md

The pages are rendered at several resolutions. A single character (further from the words of its row than it is high) or
a turned word (three characters or more, higher than wide) is right if a word with the same text is found in its place:
the two boxes share half of their union. The true box is first widened by 0.15 of its height (a turned word: of its
width) on each side, which is the usual margin of PaddleOCR's detector; Tesseract leaves none. A row is whole if all
words that were found in it are on one line, and no others are.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import pymupdf

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from pipelines.lines.place import place_words
from pipelines.lines.words import RawWord
from pipelines.ocr.engine import OCR_ENGINES, load_engine

MARGIN = 0.15  # of the detector, relative to the height of a word
MIN_IOU = 0.5
TURNED, MIN_TURNED = 1.2, 3  # height to width of the true box of a turned word, and its minimum length


@dataclass
class Tally:
    """Sums over the pages of a kind.

    Single characters, turned words and rows of upright words, each with how many are right; lines found, and true ones.
    """

    pages: int = 0
    cpu_s: float = 0.0
    singles: int = 0
    singles_right: int = 0
    turned: int = 0
    turned_right: int = 0
    rows: int = 0
    rows_right: int = 0
    lines: int = 0
    true_lines: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))


@dataclass(frozen=True)
class TruePage:
    """A page as pixels `(height, width, 3)`, with texts, boxes (n, 4) in pixels and lines of its words."""

    kind: str
    image: np.ndarray
    texts: list[str]
    boxes: np.ndarray
    lines: np.ndarray


def pages_of(directory: Path, dpis: list[int]) -> Iterator[TruePage]:
    """Yields the first page of each sample in a directory. The resolutions take turns."""
    for number, path in enumerate(sorted(directory.glob("*.truth.json"))):
        truth = json.loads(path.read_text(encoding="utf-8"))
        with pymupdf.open(path.with_name(path.name.replace(".truth.json", ".pdf"))) as document:
            pixels = document[0].get_pixmap(dpi=dpis[number % len(dpis)], colorspace="rgb", alpha=False)
        image = _straight(np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 3), truth)
        words = truth["pages"][0]["words"]
        boxes = np.array(words["box"]) * np.array([pixels.width, pixels.height] * 2) / 1000
        yield TruePage(truth["kind"], image, words["text"], boxes, np.array(words["line"]))


def _straight(image: np.ndarray, truth: dict[str, float]) -> np.ndarray:
    """Returns the image without the skew of the scan, so that the true boxes fit."""
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), truth["skew_deg"], 1.0)
    return cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)


def compare(page: TruePage, found: list[RawWord]) -> Tally:
    """Returns what was found on a page."""
    height, width = page.image.shape[:2]
    words, lines = place_words(found, width, height)
    boxes = np.array([word.box for word in words]).reshape(-1, 4) * np.array([width, height] * 2) / 1000
    sides = page.boxes[:, 2:] - page.boxes[:, :2]
    is_turned = (sides[:, 1] > TURNED * sides[:, 0]) & np.array([len(text) >= MIN_TURNED for text in page.texts])
    true = page.boxes + MARGIN * np.where(is_turned, sides[:, 0], sides[:, 1])[:, None] * np.array([-1, -1, 1, 1])
    same = np.array([[word.text == text for word in words] for text in page.texts]).reshape(len(page.texts), -1)
    right = np.any(same & (_iou(true, boxes) >= MIN_IOU), axis=1)
    is_single = np.array([len(text) == 1 for text in page.texts]) & _stands_apart(page)
    rows = np.unique(page.lines[~is_turned])
    return Tally(
        1, 0.0, int(is_single.sum()), int(right[is_single].sum()), int(is_turned.sum()), int(right[is_turned].sum()),
        len(rows), _whole_rows(page.lines, rows, true, boxes, np.array([word.line for word in words], int)), len(lines),
        len(np.unique(page.lines)),
    )  # fmt: skip


def _stands_apart(page: TruePage) -> np.ndarray:
    """Returns (n,) whether the nearest word of the same line is further away than the word is high."""
    x0, y0, x1, y1 = page.boxes.T
    gap = np.maximum(x0[:, None] - x1, x0 - x1[:, None])
    gap[(page.lines[:, None] != page.lines) | np.eye(len(gap), dtype=bool)] = np.inf
    return np.asarray(gap.min(axis=1) > y1 - y0)


def _whole_rows(true_lines: np.ndarray, rows: np.ndarray, true: np.ndarray, boxes: np.ndarray, line: np.ndarray) -> int:
    """Returns how many true rows have exactly one line, which has words of no other true line."""
    centre = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    within = ((centre >= true[:, :2]) & (centre <= true[:, 2:])).all(axis=2)
    pairs = {(int(true_lines[i]), int(line[k])) for k, i in zip(*np.nonzero(within), strict=True)}
    of_row, of_line = defaultdict(set), defaultdict(set)
    for row, found in pairs:
        of_row[row].add(found)
        of_line[found].add(row)
    return sum(len(of_row[row]) == 1 and of_line[next(iter(of_row[row]))] == {row} for row in rows.tolist())


def _iou(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns (n, m) the shared area of boxes (n, 4) and (m, 4) as a share of their union."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one, other)]
    return np.asarray(shared / (areas[0][:, None] + areas[1] - shared))


def measure(name: str, pages: list[TruePage]) -> dict[str, Tally]:
    """Returns the tallies of an engine, by kind of page."""
    engine, tallies = load_engine(name), defaultdict[str, Tally](Tally)
    for page in pages:
        started = time.process_time()
        found = engine.examine(page.image).words()
        tally = compare(page, found)
        tally.cpu_s = time.process_time() - started
        tallies[page.kind] += tally
    return tallies


def report(results: dict[str, dict[str, Tally]], dpis: list[int]) -> str:
    """Returns the table as Markdown."""
    head = ["engine", "pages", "CPU-s per page", "single characters", "right", "turned words", "right", "rows", "whole"]
    head += ["lines", "true lines"]
    rows = [
        f"| {name} | {tally.pages} {kind} | {tally.cpu_s / tally.pages:.2f} "
        f"| {tally.singles} | {_share(tally.singles_right, tally.singles)} "
        f"| {tally.turned} | {_share(tally.turned_right, tally.turned)} "
        f"| {tally.rows} | {_share(tally.rows_right, tally.rows)} | {tally.lines} | {tally.true_lines} |"
        for name, tallies in results.items()
        for kind, tally in sorted(tallies.items())
    ]
    return "\n".join(
        [
            f"| {' | '.join(head)} |",
            "|---" * len(head) + "|",
            *rows,
            "",
            f"{', '.join(map(str, dpis))} dpi in turn. {machine()}",
        ]
    )


def _share(right: int, total: int) -> str:
    return f"{100 * right / total:.1f} %" if total else ""


def main() -> int:
    """Measures the engines and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=Path, required=True, help="directory that pipelines.samples has written")
    parser.add_argument("--engines", nargs="+", choices=OCR_ENGINES, default=["paddleocr"])
    parser.add_argument("--dpi", nargs="+", type=int, default=[150, 100, 200], metavar="DPI")
    add_table_flag(parser)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    pages = list(pages_of(options.samples, options.dpi))
    publish(report({name: measure(name, pages) for name in options.engines}, options.dpi), options.table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
