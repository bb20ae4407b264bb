"""One HTML file with the worst pages of the line benchmark: each page twice, with its true and its found lines."""

from __future__ import annotations

import base64
import html
from itertools import groupby, pairwise
from pathlib import Path

import cv2
import numpy as np

from benchmarks.text.line_truth import UNKNOWN, KnownPage
from pipelines.lines.order import order_words

SIZE_PX = 860
HUES = 8
STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; background: #f6f6f4; color: #222 }
figure { margin: 0 0 2.5em } figcaption { margin: .3em 0 } .pair { display: flex; gap: 12px; flex-wrap: wrap }
svg { background: white; border: 1px solid #bbb } image { opacity: .55 }
polyline { fill: none; stroke-width: 1.2; opacity: .8 } .jump { stroke: #888; stroke-dasharray: 3 3 }
.split { stroke: #d00; stroke-width: 2 } .joined { stroke: #00d; stroke-width: 2 }
"""
LEGEND = (
    "Left: true lines. Right: found lines. Each line has one colour; dashes lead from each line to the next. "
    "Red joins neighbours of a true line that were separated, blue joins neighbours of a found line that do not belong "
    "together."
)


def draw_gallery(path: Path, worst: dict[str, list[tuple[float, KnownPage]]]) -> None:
    """Writes the pages of each set with their scores as HTML."""
    parts = [f"<!doctype html><meta charset='utf-8'><title>Worst pages</title><style>{STYLE}</style><p>{LEGEND}</p>"]
    for title, pages in worst.items():
        parts.append(f"<h2>{html.escape(title)}</h2>")
        parts += [_figure(page, f"{score:.3f} {page.name}") for score, page in pages]
    path.write_text("\n".join(parts), encoding="utf-8")


def _figure(page: KnownPage, caption: str) -> str:
    order, line = order_words(page.boxes, page.width, page.height)
    found = np.empty(len(order), int)
    found[order] = line
    image, true_order = _image(page), np.lexsort((page.boxes[:, 0], page.line))
    true_order = true_order[page.line[true_order] != UNKNOWN]
    true = _svg(page, image, true_order, page.line, _mismatches(page, found, page.line, "split"))
    ours = _svg(page, image, order, found, _mismatches(page, page.line, found, "joined"))
    return f"<figure><figcaption>{html.escape(caption)}</figcaption><div class='pair'>{true}{ours}</div></figure>"


def _image(page: KnownPage) -> str:
    """Returns the picture of the page as an SVG element that fills the drawing."""
    pixels = page.picture()
    scale = SIZE_PX / max(pixels.shape[:2])
    small = cv2.resize(pixels[:, :, ::-1], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    data = base64.b64encode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 60])[1].tobytes()).decode()
    return f"<image href='data:image/jpeg;base64,{data}' width='100%' height='100%' preserveAspectRatio='none'/>"


def _svg(page: KnownPage, image: str, order: np.ndarray, line: np.ndarray, mismatches: str) -> str:
    scale = SIZE_PX / max(page.width, page.height)
    rows = [list(row) for _, row in groupby(order, key=lambda word: line[word])]
    shapes = [_row(page.boxes[row] * scale, number * 3 % HUES * 45) for number, row in enumerate(rows, 1)]
    shapes += [_stroke(page.boxes[[a[-1], b[0]]] * scale, "jump") for a, b in pairwise(rows)]
    size = f"width='{page.width * scale:.0f}' height='{page.height * scale:.0f}'"
    return f"<svg {size}>{image}{''.join(shapes)}{mismatches}</svg>"


def _row(boxes: np.ndarray, hue: int) -> str:
    colour = f"hsl({hue} 90% 40%)"
    words = "".join(
        f"<rect x='{x0:.1f}' y='{y0:.1f}' width='{x1 - x0:.1f}' height='{y1 - y0:.1f}'/>" for x0, y0, x1, y1 in boxes
    )
    return f"<g fill='{colour}' fill-opacity='.3'>{words}</g><g stroke='{colour}'>{_stroke(boxes, 'line')}</g>"


def _stroke(boxes: np.ndarray, kind: str) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in boxes.reshape(-1, 2, 2).mean(axis=1))
    return f"<polyline class='{kind}' points='{points}'/>"


def _mismatches(page: KnownPage, label: np.ndarray, line: np.ndarray, kind: str) -> str:
    """Returns strokes between neighbours of a line whose labels differ, as SVG."""
    scale = SIZE_PX / max(page.width, page.height)
    known = np.flatnonzero(page.line != UNKNOWN)
    by_line = known[np.lexsort((page.boxes[known, 0], line[known]))]
    apart = [[a, b] for a, b in pairwise(by_line) if line[a] == line[b] and label[a] != label[b]]
    return "".join(_stroke(page.boxes[pair] * scale, kind) for pair in apart)
