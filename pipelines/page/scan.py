"""Reads a page of which only the pixels are known: turns it upright, removes its skew, and reads its words by OCR."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from pipelines.ocr.engine import OcrEngine, OcrPage
from pipelines.page.deskew import straighten
from pipelines.page.image import is_blank
from pipelines.page.reading import EngineName, PageError, Reading
from pipelines.page.stopwatch import Stopwatch
from schemas import PageStatus

Answer = TypeVar("Answer")


def read_scan(picture: Reading, engine: OcrEngine, watch: Stopwatch) -> Reading:
    """Returns the upright, straight page with its words.

    Args:
        picture: the page without words.
        engine: reads the words.
        watch: measures the time of the stages `render` and `ocr`.

    Raises:
        PageError: the page is blank, or the engine failed on it.
    """
    image, skew_deg, ocr_page = _examined(picture.image, engine, watch)
    with watch.stage("ocr"):
        turn = or_failed(ocr_page.rotation)
    if turn:
        image, skew_deg, ocr_page = _examined(turned(picture.image, turn), engine, watch)
    with watch.stage("ocr"):
        words = or_failed(ocr_page.words)
    size = (picture.height_pt, picture.width_pt) if turn % 180 else (picture.width_pt, picture.height_pt)
    rotation = (picture.rotation + turn) % 360
    return Reading(image, words, *size, "ocr", name_of(engine), rotation, skew_deg, picture.detail, picture.damage)


def _examined(image: np.ndarray, engine: OcrEngine, watch: Stopwatch) -> tuple[np.ndarray, float, OcrPage]:
    with watch.stage("render"):
        straight, skew_deg = straighten(image)
        check_not_blank(straight)
    return straight, skew_deg, engine.examine(straight)


def turned(image: np.ndarray, degrees: int) -> np.ndarray:
    """Returns an image `(height, width, channels)` turned clockwise by 0, 90, 180 or 270 degrees."""
    return np.ascontiguousarray(np.rot90(image, -degrees // 90)) if degrees else image


def check_not_blank(image: np.ndarray) -> None:
    """Checks that there is something on a page.

    Raises:
        PageError: there is nothing.
    """
    if is_blank(image):
        raise PageError(PageStatus.BLANK, "nothing on it")


def or_failed(step: Callable[[], Answer]) -> Answer:
    """Returns the result of a step of an OCR engine.

    Raises:
        PageError: the engine failed.
    """
    try:
        return step()
    except (RuntimeError, ValueError, IndexError, MemoryError) as error:
        raise PageError(PageStatus.OCR_FAILED, f"{type(error).__name__}: {error}") from error


def name_of(engine: OcrEngine) -> EngineName:
    """Returns the name of an engine, as a sample stores it."""
    return EngineName(engine.name, engine.model, engine.version)
