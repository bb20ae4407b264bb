"""The worst pages of the benchmark of lines as one HTML file: words in the colour of their line, broken rows in red."""

from __future__ import annotations

import colorsys
import html
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.line_truth import KnownPage
from pipelines.lines import order_words

SIZE_PX = 900


def draw_gallery(path: Path, worst: dict[str, list[tuple[float, KnownPage]]]) -> None:
    """Write the pages of each set with what order_words makes of them, F1 first."""
    parts = ["<!doctype html><meta charset='utf-8'><title>Worst pages</title><style>svg{border:1px solid #999}</style>"]
    for title, pages in worst.items():
        parts.append(f"<h2>{html.escape(title)}</h2>")
        parts += [f"<h3>{f1:.3f} {html.escape(page.name)}</h3>{_svg(page)}" for f1, page in pages]
    path.write_text("\n".join(parts))


def _svg(page: KnownPage) -> str:
    order, line = order_words(page.boxes, page.width, page.height)
    scale = SIZE_PX / max(page.width, page.height)
    shapes = [_word(page.boxes[word] * scale, int(number)) for word, number in zip(order, line, strict=True)]
    shapes += [_link(page.boxes[words] * scale) for words in _broken(page, order, line)]
    return f"<svg width='{page.width * scale:.0f}' height='{page.height * scale:.0f}'>{''.join(shapes)}</svg>"


def _word(box: np.ndarray, number: int) -> str:
    x0, y0, x1, y1 = box
    red, green, blue = (int(255 * part) for part in colorsys.hsv_to_rgb(number * 0.381966 % 1, 0.9, 0.8))
    shape = f"<rect x='{x0:.1f}' y='{y0:.1f}' width='{x1 - x0:.1f}' height='{y1 - y0:.1f}'"
    return f"{shape} fill='rgb({red},{green},{blue})' fill-opacity='0.4'><title>line {number}</title></rect>"


def _link(boxes: np.ndarray) -> str:
    (x1, y1), (x2, y2) = boxes.reshape(2, 2, 2).mean(axis=1)
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='red'/>"


def _broken(page: KnownPage, order: np.ndarray, line: np.ndarray) -> list[list[int]]:
    """Neighbours on a true line that stand on different found ones."""
    found = np.empty(len(order), int)
    found[order] = line
    by_line = np.lexsort((page.boxes[:, 0], page.line))
    return [[int(a), int(b)] for a, b in pairwise(by_line) if page.line[a] == page.line[b] and found[a] != found[b]]
