"""Pages with known text: dense born-digital pages with a valid text layer, generated scans, labelled receipts."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path

import cv2
import numpy as np
import pymupdf

from pipelines.sources.pdf.mupdf import mupdf_errors

DPI = 150
POINTS_PER_INCH = 72
_WORDS = range(250, 1201)
_LONG_SIDE_PT = (500, 1000)
_MAX_IMAGE_SHARE = 0.2
_MAX_LETTER_SHARE = 0.1  # share of one-character words; a text layer with more has split words
_FIRST_PAGES = 20
_INVISIBLE = 3  # text render mode
_GROUPS = {"questionnaire": "questionnaires", "chart": "charts"}  # kinds of samples that are reported by themselves


@dataclass(frozen=True)
class KnownPage:
    """A page's `(height, width, 3)` uint8 RGB pixels and its words.

    `boxes` (n, 4) are those of the words in pixels; only dense text has them.
    """

    name: str
    image: np.ndarray
    words: list[str]
    kind: str = "dense text"
    boxes: np.ndarray = field(default_factory=lambda: np.empty((0, 4)))


def known_pages(paths: list[Path], count: int) -> list[KnownPage]:
    """Returns one page from each of `count` documents, from the folders in turn. The choice depends only on contents.

    Args:
        paths: PDFs; those without a suitable page are skipped.
        count: number of pages; fewer are returned if there are not enough.
    """
    folders: dict[Path, list[tuple[str, Path]]] = {}
    for path in paths:
        folders.setdefault(path.parent, []).append((hashlib.sha256(path.read_bytes()).hexdigest(), path))
    queues = [_pages_of(sorted(entries)) for _, entries in sorted(folders.items(), key=lambda item: min(item[1]))]
    turns = (page for turn in zip_longest(*queues) for page in turn if page is not None)
    distinct: dict[tuple[str, ...], KnownPage] = {}
    for page in turns:
        distinct.setdefault(tuple(page.words), page)
        if len(distinct) == count:
            break
    return list(distinct.values())


def scan_pages(directory: Path, count: int) -> list[KnownPage]:
    """Returns the first page of scans that `python -m pipelines.samples` has written to a directory.

    Args:
        directory: holds the samples.
        count: number of pages of each group: questionnaires, charts, and all other kinds ("scans").
    """
    groups: dict[str, list[KnownPage]] = {"scans": [], **{group: [] for group in _GROUPS.values()}}
    for path in sorted(directory.glob("*.truth.json")):
        truth = json.loads(path.read_text())
        group = _GROUPS.get(truth["kind"], "scans")
        if truth["scan"] and len(groups[group]) < count:
            name, words = path.name.removesuffix(".truth.json"), truth["pages"][0]["words"]["text"]
            groups[group].append(
                KnownPage(name, _pixels(directory / f"{name}.pdf"), list(map(normalized, words)), group)
            )
    return [page for group in groups.values() for page in group]


def receipt_pages(directory: Path, count: int) -> list[KnownPage]:
    """Returns `count` evenly spaced SROIE receipts. Each row of `box/*.csv` holds eight coordinates and a text."""
    labels = sorted(directory.glob("box/*.csv"))
    return [_receipt(path) for path in labels[:: max(1, len(labels) // max(1, count))][:count]]


def _receipt(labels: Path) -> KnownPage:
    rows = labels.read_text(encoding="utf-8", errors="replace").splitlines()
    words = [normalized(word) for row in rows if row.strip() for word in row.split(",", 8)[8].split()]
    image = cv2.imread(str(labels.parents[1] / "img" / f"{labels.stem}.jpg"))
    return KnownPage(f"receipt {labels.stem}", np.ascontiguousarray(image[:, :, ::-1]), words, "receipts")


def normalized(text: str) -> str:
    """Returns the text with ligatures and full-width forms resolved."""
    return unicodedata.normalize("NFKC", text)


def _pages_of(documents: list[tuple[str, Path]]) -> Iterator[KnownPage]:
    for _, path in documents:
        try:
            with pymupdf.open(path) as document:
                numbers = range(min(_FIRST_PAGES, len(document)))
                fitting = (number for number in numbers if _is_fit(document[number]))
                for number in islice(fitting, 1):
                    yield _known_page(f"{path.name} p. {number + 1}", document[number])
        except mupdf_errors():  # damaged or encrypted: not part of this measurement
            continue


def _is_fit(page: pymupdf.Page) -> bool:
    words = _words(page)
    long_side = max(page.rect.width, page.rect.height)
    return (
        len(words) in _WORDS
        and page.rotation == 0
        and _LONG_SIDE_PT[0] < long_side < _LONG_SIDE_PT[1]
        and _is_sound(words)
        and sum(abs(pymupdf.Rect(image["bbox"]) & page.rect) for image in page.get_image_info())
        <= _MAX_IMAGE_SHARE * abs(page.rect)
        and all(span["type"] != _INVISIBLE for span in page.get_texttrace())
    )


def _is_sound(words: list[str]) -> bool:
    """Returns whether text has Latin letters, whole words and no private, unknown or stray combining characters."""
    text = "".join(words)
    letters = [character for character in text if character.isalpha()]
    latin = sum("LATIN" in unicodedata.name(letter, "") for letter in letters)
    single = sum(len(word) == 1 and word.isalpha() for word in words)
    stray = any(
        character.isspace() or unicodedata.category(character) in ("Mn", "Co", "Cn", "Cc") for character in text
    )
    return (
        latin >= 0.99 * len(letters) and single <= _MAX_LETTER_SHARE * len(words) and not stray and "\ufffd" not in text
    )


def _words(page: pymupdf.Page) -> list[str]:
    return [normalized(word[4]) for word in page.get_text("words")]


def _known_page(name: str, page: pymupdf.Page) -> KnownPage:
    boxes = np.array([word[:4] for word in page.get_text("words")]) * DPI / POINTS_PER_INCH
    return KnownPage(name, _rendered(page), _words(page), boxes=boxes)


def _pixels(path: Path) -> np.ndarray:
    with pymupdf.open(path) as document:
        return _rendered(document[0])


def _rendered(page: pymupdf.Page) -> np.ndarray:
    pixels = page.get_pixmap(dpi=DPI, colorspace="rgb", alpha=False)
    return np.frombuffer(pixels.samples, np.uint8).reshape(pixels.height, pixels.width, 3)
