"""A page as the model gets it: its words boxed and coloured by line, and the grid of cells over them."""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np

from schemas import Box, Page
from schemas.geometry import BOX_MAX

# Neighbouring entries differ in hue and in lightness, so lines that follow one another never look alike.
LINE_COLOURS = (
    *((31, 119, 214), (240, 120, 20), (38, 160, 80), (200, 60, 160)),
    *((0, 160, 190), (214, 48, 48), (140, 150, 10), (120, 80, 210)),
)
GRID_COLOUR = (24, 32, 72)
LINE_TINT, WORD_TINT = 0.20, 0.30
GRID_OPACITY, BADGE_OPACITY = 0.65, 0.55
# Strokes and figures are drawn at twice the size and then shrunk: finer than anti-aliasing alone.
SUPERSAMPLING = 2


def draw_overlay(
    jpg: bytes, page: Page, grid_rows: int, grid_cols: int, max_width: int = 700, max_height: int = 960
) -> np.ndarray:
    """Draws words, lines and grid over the page image.

    Args:
        jpg: the page image of a sample, encoded.
        max_width, max_height: of the picture in pixels; larger pages are shrunk to fit, smaller ones are not enlarged.

    Returns:
        `(height, width, 3)` uint8 RGB.

    Raises:
        ValueError: `jpg` is no image.
    """
    image = decode_rgb(jpg)
    height, width = image.shape[:2]
    fit = min(1.0, max_width / width, max_height / height)
    size = max(1, round(width * fit)), max(1, round(height * fit))
    canvas = cv2.resize(image, (size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING), interpolation=cv2.INTER_AREA)
    for number, line in enumerate(page.lines):
        _tint(canvas, line.box, line_colour(number), LINE_TINT)
    for word in page.words:
        _tint(canvas, word.box, line_colour(word.line), WORD_TINT)
    for word in page.words:
        _outline(canvas, word.box, line_colour(word.line))
    _draw_grid(canvas, grid_rows, grid_cols)
    return cv2.resize(canvas, size, interpolation=cv2.INTER_AREA)


def decode_rgb(jpg: bytes) -> np.ndarray:
    """Returns an encoded image as `(height, width, 3)` uint8 RGB; `ValueError` where it is none."""
    image = cv2.imdecode(np.frombuffer(jpg, np.uint8), cv2.IMREAD_COLOR) if jpg else None
    if image is None:
        raise ValueError("the page's jpg member is no image")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def encode_jpeg(image: np.ndarray, quality: int) -> bytes:
    """Returns an RGB image as JPEG bytes; `quality` is 1..100."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def line_colour(line: int) -> tuple[int, int, int]:
    """Returns the RGB colour of a line."""
    return LINE_COLOURS[line % len(LINE_COLOURS)]


def _corners(canvas: np.ndarray, box: Box) -> tuple[int, int, int, int]:
    height, width = canvas.shape[:2]
    x0, y0, x1, y1 = box
    return x0 * width // BOX_MAX, y0 * height // BOX_MAX, x1 * width // BOX_MAX, y1 * height // BOX_MAX


def _tint(canvas: np.ndarray, box: Box, colour: tuple[int, int, int], strength: float) -> None:
    """Colours paper like a marker pen: white takes the colour, ink stays black."""
    x0, y0, x1, y1 = _corners(canvas, box)
    region = canvas[y0:y1, x0:x1]
    shade = 1 - strength * (1 - np.asarray(colour, np.float32) / 255)
    region[:] = (region * shade).astype(np.uint8)


def _outline(canvas: np.ndarray, box: Box, colour: tuple[int, int, int]) -> None:
    x0, y0, x1, y1 = _corners(canvas, box)
    cv2.rectangle(canvas, (x0 - 1, y0 - 1), (x1, y1), colour, 1, cv2.LINE_AA)


def _draw_grid(canvas: np.ndarray, rows: int, cols: int) -> None:
    height, width = canvas.shape[:2]
    tops = [row * height // rows for row in range(rows)]
    lefts = [col * width // cols for col in range(cols)]
    painted = canvas.copy()
    for top in tops[1:]:
        cv2.line(painted, (0, top), (width, top), GRID_COLOUR, SUPERSAMPLING)
    for left in lefts[1:]:
        cv2.line(painted, (left, 0), (left, height), GRID_COLOUR, SUPERSAMPLING)
    cv2.addWeighted(painted, GRID_OPACITY, canvas, 1 - GRID_OPACITY, 0, dst=canvas)
    for cell, (top, left) in enumerate(product(tops, lefts)):
        _draw_badge(canvas, str(cell), left, top)


def _draw_badge(canvas: np.ndarray, text: str, left: int, top: int) -> None:
    """Writes a cell's number, white on dark, into the cell's upper left corner."""
    font, scale, thickness = cv2.FONT_HERSHEY_SIMPLEX, 0.38 * SUPERSAMPLING, SUPERSAMPLING
    (text_width, text_height), _ = cv2.getTextSize(text, font, scale, thickness)
    pad = 3 * SUPERSAMPLING
    region = canvas[top : top + text_height + 2 * pad, left : left + text_width + 2 * pad]
    region[:] = (region * (1 - BADGE_OPACITY) + np.asarray(GRID_COLOUR) * BADGE_OPACITY).astype(np.uint8)
    baseline = left + pad, top + pad + text_height
    cv2.putText(canvas, text, baseline, font, scale, (255, 255, 255), thickness, cv2.LINE_AA)
