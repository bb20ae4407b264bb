"""Pages whose lines are known, for the benchmark of lines: generated ones, text layers, and labelled receipts."""

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

from pipelines.deskew import deskew, estimate_skew
from pipelines.fragments import groups
from pipelines.ocr import OcrEngine

OCR_DPI = 150
UNKNOWN = -1  # line of a word that no true word matches: it is shown to the algorithm, and not scored
MIN_MATCH = 0.5  # of a read word's area
# What tells a page in two columns: its full lines, by their share of the page's width, how many stand in either column,
# as a share in both, and how far they reach beyond the middle.
FULL_LINE, COLUMN_LINES, IN_COLUMNS, OFF_CENTRE = 0.3, 12, 0.8, 0.03
MAX_CROSSINGS = 0.5  # of the steps from line to line of a page that is stored column by column


@dataclass(frozen=True)
class KnownPage:
    """Words of a page with their true lines, which count up in reading order where `ordered`.

    `picture` makes the page's image, `(height, width, 3)` uint8 RGB.
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
    """A scanned page as the corpus builder sees it, and what it found of its skew."""

    page: KnownPage
    true_skew_deg: float
    found_skew_deg: float


def sample_pages(directory: Path, skew_deg: float = 0.0) -> Iterator[KnownPage]:
    """Generated pages with their true words, turned by `skew_deg` as a page is that was not quite straightened."""
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
    """Boxes (n, 4) moved with their centres by a small skew about the top left corner."""
    slope = np.tan(np.radians(skew_deg))
    x, y = boxes[:, [0, 2]].mean(axis=1), boxes[:, [1, 3]].mean(axis=1)
    return boxes + np.stack([-y * slope, x * slope] * 2, axis=1)


def scanned_pages(directory: Path, engine: OcrEngine) -> Iterator[Scan]:
    """The scans among generated documents, straightened and read by `engine`; truth is matched by overlap."""
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
    """The page as `(height, width, 3)` uint8 RGB."""
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
    """Line (n,) of the true word that covers most of each read word, if that is at least MIN_MATCH of it."""
    low = np.maximum(boxes[:, None, :2], true_boxes[:, :2])
    high = np.minimum(boxes[:, None, 2:], true_boxes[:, 2:])
    covered = (high - low).clip(0).prod(axis=2)
    best = covered.argmax(axis=1)
    share = covered[np.arange(len(boxes)), best] / (boxes[:, 2:] - boxes[:, :2]).prod(axis=1).clip(1e-9)
    return np.where(share >= MIN_MATCH * _height_ratio(boxes, true_boxes[best]), true_line[best], UNKNOWN)


def _height_ratio(boxes: np.ndarray, true_boxes: np.ndarray) -> np.ndarray:
    """How much of a read box its true one can cover at most: engines pad their boxes, truth is tight."""
    return ((true_boxes[:, 3] - true_boxes[:, 1]) / (boxes[:, 3] - boxes[:, 1]).clip(1e-9)).clip(max=1.0)


def text_layer_pages(paths: list[Path], max_pages: int, by_rule: bool) -> Iterator[KnownPage]:
    """Born-digital pages with the lines that MuPDF finds, joined into rows `by_rule` or left as they are."""
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
            continue  # damaged on purpose; other benchmarks count them


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
    """Tells articles by their full lines: all but some stand in one half of the page, and many in either."""
    x0, x1 = (
        np.array([(boxes[words, 0].min(), boxes[words, 2].max()) for words in groups(line)]).reshape(-1, 2).T / width
    )
    full = x1 - x0 >= FULL_LINE
    on_left, on_right = (full & (x1 < 0.5 + OFF_CENTRE)).sum(), (full & (x0 > 0.5 - OFF_CENTRE)).sum()
    return bool(min(on_left, on_right) >= COLUMN_LINES and on_left + on_right >= IN_COLUMNS * full.sum())


def stored_by_columns(page: KnownPage) -> bool:
    """Whether the true order keeps to a column: at most half its steps from line to line cross the page's middle.

    A layer that is stored row by row across two columns is no truth for the order in which they are read.
    """
    on_right = [page.boxes[words][:, [0, 2]].mean() > page.width / 2 for words in groups(page.line)]
    return bool(np.mean(np.diff(on_right)) <= MAX_CROSSINGS)


def _joined_rows(boxes: np.ndarray, line: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Join lines that share more than half their height, unless both are text of different paragraphs."""
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
    """Row (n,) of each of n boxes: those of like height that share over half of it, side by side, are one row."""
    row = np.arange(len(hulls))
    height = hulls[:, 3] - hulls[:, 1]
    shared = np.minimum(hulls[:, None, 3], hulls[:, 3]) - np.maximum(hulls[:, None, 1], hulls[:, 1])
    beside = np.minimum(hulls[:, None, 2], hulls[:, 2]) - np.maximum(hulls[:, None, 0], hulls[:, 0]) <= height.clip(
        1e-9
    )
    like = np.maximum(height[:, None], height) <= 2 * np.minimum(height[:, None], height)
    same = like & (shared > 0.5 * np.minimum(height[:, None], height)) & beside
    for i, j in np.argwhere(np.triu(same if apart is None else same & ~apart, 1)):
        row[row == row[j]] = row[i]
    return row


def receipt_pages(directory: Path) -> Iterator[KnownPage]:
    """SROIE receipts: labelled text runs cut into words by their letters, runs of one height joined into rows."""
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
    """Boxes (words, 4) of the words of a text run, each as wide as its share of the letters."""
    x0, y0, x1, y1 = run
    letters = max(1, len(text))
    boxes, at = [], 0
    for word in text.split(" "):
        if word:
            boxes.append((x0 + (x1 - x0) * at / letters, y0, x0 + (x1 - x0) * (at + len(word)) / letters, y1))
        at += len(word) + 1
    return np.array(boxes or [run], float).reshape(-1, 4)
