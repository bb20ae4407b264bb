"""CPU time of the line finder on crowded pages, and how it grows with the number of words.

python -m benchmarks.text.crowded --table benchmarks/results/text/crowded.md

Each kind of page is drawn at random with 1,000 to 32,000 words. PDF files can be given to time their pages as well.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pymupdf
from numpy.random import Generator

from benchmarks.machine import machine
from benchmarks.report import add_table_flag, publish
from pipelines.lines.order import order_words
from pipelines.sources.pdf.text.text_layer import TextLayer

WIDTH, HEIGHT = 2000.0, 1500.0
SIZES = (1000, 2000, 4000, 8000, 16000, 32000)


def scattered(rng: Generator, count: int) -> np.ndarray:
    """Words of a map: anywhere, of four sizes, a quarter of them upright on their side."""
    height = rng.choice((4.0, 5.0, 6.0, 9.0), count)
    length = height * rng.uniform(0.8, 5.0, count)
    size = np.where(rng.random(count) < 0.25, [height, length], [length, height]).T
    corner = rng.random((count, 2)) * (WIDTH, HEIGHT)
    return np.hstack([corner, corner + size])


def labelled(rng: Generator, count: int) -> np.ndarray:
    """Labels of a map: three lines of two words, anywhere."""
    corner = np.repeat(rng.random((count // 6 + 1, 2)) * (WIDTH, HEIGHT), 6, axis=0)
    place = np.tile([[x, y] for y in (0.0, 6.0, 12.0) for x in (0.0, 16.0)], (count // 6 + 1, 1))
    width = rng.uniform(6.0, 14.5, len(corner))
    low = corner + place
    return np.hstack([low, low + np.stack([width, np.full(len(low), 5.0)], axis=1)])[:count]


def table(rng: Generator, count: int) -> np.ndarray:
    """Numbers in a dense table of 40 columns."""
    return _grid(rng, count, 40, 0.7)


def columns(rng: Generator, count: int) -> np.ndarray:
    """Ragged lines of small print in 20 columns, six words to a line, on paper that is as long as it must be."""
    row, place = np.divmod(np.arange(count), 120)
    column, word = np.divmod(place, 6)
    x, y = column * 100.0 + word * 15.5, row * 6.0 + column % 3 * 2.0
    boxes = np.stack([x, y, x + rng.uniform(9.0, 14.5, count), y + 5.0], axis=1)
    ragged = (word == 5) & (rng.random(count) < 0.3)
    return boxes[~ragged]


def one_row(rng: Generator, count: int) -> np.ndarray:
    """Cells of one row that is as long as all of them."""
    x = np.arange(count) * 20.0
    return np.stack([x, np.full(count, 100.0), x + rng.uniform(5, 12, count), np.full(count, 108.0)], axis=1)


def one_place(rng: Generator, count: int) -> np.ndarray:
    """Words printed on each other within one line."""
    corner = rng.random((count, 2)) * (6.0, 2.0) + 300
    return np.hstack([corner, corner + np.array([30.0, 8.0])])


def tall(rng: Generator, count: int) -> np.ndarray:
    """Boxes ten times as tall as the pitch of their lines."""
    boxes = _grid(rng, count, 60, 0.8)
    boxes[:, 3] += 9 * HEIGHT / (count / 60)
    return boxes


def boxes_of_all_sizes(rng: Generator, count: int) -> np.ndarray:
    """Boxes anywhere, from a thousandth of the page to all of it."""
    corner = rng.random((count, 2)) * (WIDTH, HEIGHT)
    return np.hstack([corner, corner + 10.0 ** rng.uniform(0.0, 3.0, (count, 2))])


def _grid(rng: Generator, count: int, columns: int, filled: float) -> np.ndarray:
    """Returns boxes in rows of `columns`, each as wide as up to `filled` of its cell, which fill the page."""
    row, column = np.divmod(np.arange(count), columns)
    pitch, step = HEIGHT / (count / columns), WIDTH / columns
    x, y = column * step, row * pitch
    return np.stack([x, y, x + step * rng.uniform(0.6 * filled, filled, count), y + 0.8 * pitch], axis=1)


KINDS: dict[str, Callable[[Generator, int], np.ndarray]] = {
    "map, scattered words": scattered,
    "map, labels of three lines": labelled,
    "table of 40 columns": table,
    "20 columns of small print": columns,
    "one row": one_row,
    "all at one place": one_place,
    "all tall": tall,
    "boxes of all sizes": boxes_of_all_sizes,
}


def cpu_s(boxes: np.ndarray, width: float, height: float) -> float:
    """Returns the CPU seconds that the line finder takes for a page."""
    started_s = time.process_time()
    order_words(boxes, width, height)
    return time.process_time() - started_s


def growth_table(seed: int, sizes: Sequence[int]) -> str:
    """Returns the CPU seconds of each kind and size, as Markdown."""
    rows = [f"| page | {' | '.join(f'{size:,}' for size in sizes)} |", "|---" * (len(sizes) + 1) + "|"]
    for name, draw in KINDS.items():
        pages = [draw(np.random.default_rng(seed), size) for size in sizes]
        times = [cpu_s(boxes, *np.maximum((WIDTH, HEIGHT), boxes[:, 2:].max(axis=0))) for boxes in pages]
        rows.append(f"| {name} | {' | '.join(f'{taken:.2f}' for taken in times)} |")
    return "\n".join(rows)


def file_table(paths: Sequence[Path]) -> str:
    """Returns words and CPU seconds of the slowest page of each PDF, as Markdown."""
    rows = ["| file | page | words | CPU-s |", "|---|---|---|---|"]
    for path in paths:
        with pymupdf.open(path) as document:
            taken = [_timed(page) for page in document]
        number = max(range(len(taken)), key=lambda page: taken[page][1])
        rows.append(f"| {path.name} | {number + 1} | {taken[number][0]:,} | {taken[number][1]:.2f} |")
    return "\n".join(rows)


def _timed(page: pymupdf.Page) -> tuple[int, float]:
    words = [found.word for found in TextLayer(page).words()]
    boxes = np.array([(word.x0, word.y0, word.x1, word.y1) for word in words], float).reshape(-1, 4)
    return len(words), cpu_s(boxes, page.rect.width, page.rect.height)


def main() -> int:
    """Measures and writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pdfs", type=Path, nargs="*", default=[], help="PDF files with crowded pages")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max_words", type=int, default=SIZES[-1])
    add_table_flag(parser)
    options = parser.parse_args()
    pymupdf.TOOLS.mupdf_display_errors(False)
    sizes = [size for size in SIZES if size <= options.max_words]
    publish("\n\n".join([growth_table(options.seed, sizes), file_table(options.pdfs), machine()]), options.table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
