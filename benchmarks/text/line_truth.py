"""Pages with known lines for the line benchmark: generated pages, text layers, and labelled receipts."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pymupdf

from pipelines.lines.fragments import groups
from pipelines.ocr.engine import OcrEngine
from pipelines.page.deskew import deskew, estimate_skew

OCR_DPI = 150
UNKNOWN = -1  # line of a word that matches no true word: the algorithm sees it, but it is not scored
MIN_MATCH = 0.5  # share of a read word's area that its true word must cover
# A page has two columns if enough of its full lines are in the left or in the right half.
FULL_LINE = 0.3  # least width of a full line, as a share of the page's width
COLUMN_LINES = 12  # least number of full lines in each column
IN_COLUMNS = 0.8  # least share of the full lines that are in a column
OFF_CENTRE = 0.03  # how far a line may reach across the middle, as a share of the page's width
MAX_CROSSINGS = 0.5  # of a page stored by columns: largest share of steps between lines that cross the middle


@dataclass(frozen=True)
class KnownPage:
    """Words of a page with their true lines. If `ordered`, the line numbers increase in reading order.

    `picture` returns the image of the page, `(height, width, 3)` uint8 RGB.
    """

    name: str
    kind: str
    boxes: np.ndarray  # (n, 4) x0, y0, x1, y1
    width: float
    height: float
    line: np.ndarray  # (n,) or UNKNOWN
    picture: Callable[[], np.ndarray]
    ordered: bool = False


@dataclass(frozen=True)
class Scan:
    """A scanned page as the corpus builder sees it, with its true and its estimated skew."""

    page: KnownPage
    true_skew_deg: float
    found_skew_deg: float


def sample_pages(directory: Path, skew_deg: float = 0.0) -> Iterator[KnownPage]:
    """Yields generated pages with their true words, skewed by `skew_deg` like a page that was not fully deskewed."""
    for truth_path in sorted(directory.glob("*.truth.json")):
        truth = json.loads(truth_path.read_text())
        for number, page in enumerate(truth["pages"], 1):
            name = f"{truth_path.name.removesuffix('.truth.json')} p{number}"
            width, height = page["width_pt"], page["height_pt"]
            boxes = np.array(page["words"]["box"], float) * np.array([width, height, width, height]) / 1000
            line = np.array(page["words"]["line"])
            picture = partial(_picture, truth_path.with_name(name.split()[0] + ".pdf"), number, truth["skew_deg"])
            yield KnownPage(name, truth["kind"], turned(boxes, skew_deg), width, height, line, picture, ordered=True)


def turned(boxes: np.ndarray, skew_deg: float) -> np.ndarray:
    """Returns boxes `(n, 4)` whose centres are moved by a small skew around the top left corner."""
    slope = np.tan(np.radians(skew_deg))
    x, y = boxes[:, [0, 2]].mean(axis=1), boxes[:, [1, 3]].mean(axis=1)
    return boxes + np.stack([-y * slope, x * slope] * 2, axis=1)


def scanned_pages(directory: Path, engine: OcrEngine) -> Iterator[Scan]:
    """Yields the scans among generated documents, deskewed and read by `engine`. Truth is matched by overlap."""
    known = {page.name: page for page in sample_pages(directory)}
    for truth_path in sorted(directory.glob("*.truth.json")):
        truth = json.loads(truth_path.read_text())
        if not truth["scan"]:
            continue
        stem = truth_path.name.removesuffix(".truth.json")
        with pymupdf.open(directory / f"{stem}.pdf") as document:
            for number, pdf_page in enumerate(document, 1):
                image = rendered(pdf_page)
                skew_deg = estimate_skew(image)
                page = _read(deskew(image, skew_deg), known[f"{stem} p{number}"], engine)
                yield Scan(page, truth["skew_deg"], skew_deg)


def rendered(pdf_page: pymupdf.Page) -> np.ndarray:
    """Returns the page as `(height, width, 3)` uint8 RGB."""
    pixmap = pdf_page.get_pixmap(dpi=OCR_DPI, colorspace=pymupdf.csRGB)
    return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)


def _picture(path: Path, number: int, skew_deg: float = 0.0) -> np.ndarray:
    with pymupdf.open(path) as document:
        return deskew(rendered(document[number - 1]), skew_deg)


def _read(image: np.ndarray, truth: KnownPage, engine: OcrEngine) -> KnownPage:
    height, width = image.shape[:2]
    words = engine.examine(image).words()
    boxes = np.array([(word.x0, word.y0, word.x1, word.y1) for word in words], float).reshape(-1, 4)
    scale = width / truth.width, height / truth.height
    line = _matched_lines(boxes, truth.boxes * np.array([*scale, *scale]), truth.line)
    return KnownPage(truth.name, truth.kind, boxes, width, height, line, lambda: image, ordered=True)


def _matched_lines(boxes: np.ndarray, true_boxes: np.ndarray, true_line: np.ndarray) -> np.ndarray:
    """Returns the line `(n,)` of the true word that covers most of each read word, at least MIN_MATCH of it."""
    low = np.maximum(boxes[:, None, :2], true_boxes[:, :2])
    high = np.minimum(boxes[:, None, 2:], true_boxes[:, 2:])
    covered = (high - low).clip(0).prod(axis=2)
    best = covered.argmax(axis=1)
    share = covered[np.arange(len(boxes)), best] / (boxes[:, 2:] - boxes[:, :2]).prod(axis=1).clip(1e-9)
    return np.where(share >= MIN_MATCH * _height_ratio(boxes, true_boxes[best]), true_line[best], UNKNOWN)


def _height_ratio(boxes: np.ndarray, true_boxes: np.ndarray) -> np.ndarray:
    """Returns the largest share of a read box that its true box can cover. Engines pad their boxes, truth does not."""
    return ((true_boxes[:, 3] - true_boxes[:, 1]) / (boxes[:, 3] - boxes[:, 1]).clip(1e-9)).clip(max=1.0)


def text_layer_pages(paths: list[Path], max_pages: int, by_rule: bool) -> Iterator[KnownPage]:
    """Yields born-digital pages with the lines that MuPDF finds, joined into rows if `by_rule`."""
    for path in paths:
        try:
            with pymupdf.open(path) as document:
                if document.needs_pass:
                    continue
                for number in range(min(max_pages, len(document))):
                    page = _text_layer_page(path, document[number], by_rule)
                    if len(page.boxes) > 1:
                        yield page
        except (pymupdf.FileDataError, pymupdf.EmptyFileError, RuntimeError, ValueError):
            continue  # damaged on purpose; other benchmarks count these documents


def _text_layer_page(path: Path, pdf_page: pymupdf.Page, by_rule: bool) -> KnownPage:
    words = [word for word in pdf_page.get_text("words") if word[4].strip()]
    shown = [(pymupdf.Rect(word[:4]) * pdf_page.rotation_matrix).normalize() for word in words]
    boxes = np.array([tuple(rect) for rect in shown], float).reshape(-1, 4)
    _, line = np.unique([word[5:7] for word in words] or np.zeros((0, 2)), axis=0, return_inverse=True)
    line = _joined_rows(boxes, line, np.array([word[5] for word in words])) if by_rule else line
    name, number = f"{path.parent.name}/{path.name}", pdf_page.number + 1
    width, height = pdf_page.rect.width, pdf_page.rect.height
    ordered = not by_rule and _in_two_columns(boxes, line, width)
    return KnownPage(f"{name} p{number}", "pdf", boxes, width, height, line, partial(_picture, path, number), ordered)


def _in_two_columns(boxes: np.ndarray, line: np.ndarray, width: float) -> bool:
    """Returns whether a page is a two-column article: most full lines are in one half, and many in each half."""
    x0, x1 = (
        np.array([(boxes[words, 0].min(), boxes[words, 2].max()) for words in groups(line)]).reshape(-1, 2).T / width
    )
    full = x1 - x0 >= FULL_LINE
    on_left, on_right = (full & (x1 < 0.5 + OFF_CENTRE)).sum(), (full & (x0 > 0.5 - OFF_CENTRE)).sum()
    return bool(min(on_left, on_right) >= COLUMN_LINES and on_left + on_right >= IN_COLUMNS * full.sum())


def stored_by_columns(page: KnownPage) -> bool:
    """Returns whether the true order follows the columns: at most half of the steps between lines cross the middle.

    A layer that is stored row by row across two columns is no truth for the reading order.
    """
    on_right = [page.boxes[words][:, [0, 2]].mean() > page.width / 2 for words in groups(page.line)]
    return bool(np.mean(np.diff(on_right)) <= MAX_CROSSINGS)


def _joined_rows(boxes: np.ndarray, line: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Returns lines `(n,)`, joined if they share more than half their height and are not in different paragraphs."""
    lines = [np.flatnonzero(line == number) for number in range(line.max(initial=-1) + 1)]
    hulls = np.array([[*boxes[words, :2].min(axis=0), *boxes[words, 2:].max(axis=0)] for words in lines]).reshape(-1, 4)
    block_of = np.array([block[words[0]] for words in lines], int)
    paragraph = [
        (block_of == number).sum() >= 3 and np.median([len(words) for words in lines if block[words[0]] == number]) >= 4
        for number in block_of
    ]
    text = np.array(paragraph, bool)
    apart = text[:, None] & text & (block_of[:, None] != block_of)
    return merged(hulls, apart)[line]


def merged(hulls: np.ndarray, apart: np.ndarray | None = None) -> np.ndarray:
    """Returns the row `(n,)` of n boxes. Boxes side by side that share over half of a similar height are one row."""
    row = np.arange(len(hulls))
    height = hulls[:, 3] - hulls[:, 1]
    shared = np.minimum(hulls[:, None, 3], hulls[:, 3]) - np.maximum(hulls[:, None, 1], hulls[:, 1])
    adjacent = np.minimum(hulls[:, None, 2], hulls[:, 2]) - np.maximum(hulls[:, None, 0], hulls[:, 0]) <= height.clip(
        1e-9
    )
    like = np.maximum(height[:, None], height) <= 2 * np.minimum(height[:, None], height)
    same = like & (shared > 0.5 * np.minimum(height[:, None], height)) & adjacent
    for i, j in np.argwhere(np.triu(same if apart is None else same & ~apart, 1)):
        row[row == row[j]] = row[i]
    return row


def receipt_pages(directory: Path) -> Iterator[KnownPage]:
    """Yields SROIE receipts: labelled text runs cut into words by letter count, runs at one height joined into rows."""
    for path in sorted(directory.glob("box/*.csv")):
        with path.open(encoding="utf-8", errors="replace", newline="") as rows:
            labels = [row for row in csv.reader(rows, quoting=csv.QUOTE_NONE) if len(row) >= 9]
        corners = np.array([row[:8] for row in labels], float).reshape(-1, 4, 2)
        runs = np.hstack([corners.min(axis=1), corners.max(axis=1)])
        photo = directory / "img" / f"{path.stem}.jpg"
        if not photo.is_file() or not len(runs):
            continue
        words = [_cut(run, ",".join(row[8:])) for run, row in zip(runs, labels, strict=True)]
        line = np.repeat(merged(runs), [len(cut) for cut in words])
        picture = partial(_photo, photo)
        height, width = picture().shape[:2]
        yield KnownPage(f"sroie {path.stem}", "receipt", np.concatenate(words), width, height, line, picture)


def _photo(path: Path) -> np.ndarray:
    return cv2.imread(str(path))[:, :, ::-1]


def _cut(run: np.ndarray, text: str) -> np.ndarray:
    """Returns the boxes `(words, 4)` of the words of a text run. A width is proportional to the number of letters."""
    x0, y0, x1, y1 = run
    letters = max(1, len(text))
    boxes, at = [], 0
    for word in text.split(" "):
        if word:
            boxes.append((x0 + (x1 - x0) * at / letters, y0, x0 + (x1 - x0) * (at + len(word)) / letters, y1))
        at += len(word) + 1
    return np.array(boxes or [run], float).reshape(-1, 4)
