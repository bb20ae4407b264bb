"""Text from pixels: the protocol of an OCR engine, and the function that loads an engine.

An engine examines a page image and returns two results: how the image must be turned to be upright, and the words on
it. `load_engine` does all heavy imports. An engine serves one process and uses one thread.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol

import numpy as np

from pipelines.lines.words import RawWord
from schemas import UsageError

OCR_ENGINES = {
    "paddleocr": "pipelines.ocr.paddle:PaddleEngine",
    "tesseract": "pipelines.ocr.tesseract:TesseractEngine",
}
"""Value of `--ocr` -> module and class of the engine. The class takes `model` and `precision` of `load_engine`."""

OCR_PRECISIONS = ("auto", "bf16", "f32")
"""The values of `--ocr_precision`."""


class OcrPage(Protocol):
    """One page image, examined by one engine. Each result is computed on first use, and only once."""

    def rotation(self) -> int:
        """Returns the degrees clockwise (0, 90, 180, 270) by which the image must be turned to be upright.

        The result is 0 if there is no clear evidence.
        """
        ...

    def words(self) -> list[RawWord]:
        """Returns the words in any order, boxes in pixels. The image must be upright."""
        ...


class OcrEngine(Protocol):
    """Reads words from page images.

    Attributes:
        name: name of the engine, as in `--ocr`.
        model: name of the weights.
        version: version of the engine, with everything that can change the last digits of a score: backend and
            precision.
        alphabet: the characters that `read_boxes` can return.
    """

    name: str
    model: str
    version: str
    alphabet: frozenset[str]

    def examine(self, image: np.ndarray) -> OcrPage:
        """Returns the page of a `(height, width, 3)` uint8 RGB image. The caller must not change the image later."""
        ...

    def read_boxes(self, image: np.ndarray, boxes: np.ndarray) -> list[tuple[str, float]]:
        """Reads single words whose places are known, quickly rather than at best.

        Args:
            image: `(height, width, 3)` uint8 RGB.
            boxes: (n, 4) `x0, y0, x1, y1` of upright words, in pixels.

        Returns:
            The text of each box, and its score 0..1; an empty text has the score 0.
        """
        ...


def load_engine(name: str, *, model: str | None = None, precision: str = "auto") -> OcrEngine:
    """Loads an engine with its weights.

    The same image, model and precision give the same words on one kind of machine. `auto` uses bf16 if the CPU computes
    in it, else f32, and it reads lines in int8 if that is faster. If different machines must give the same scores, set
    a precision.

    Args:
        name: `paddleocr` or `tesseract`.
        model: weights to use instead of the default ones. paddleocr: a directory with `det/` and `rec/` (each with
            `inference.onnx` and `inference.yml`), or a model family of PaddleOCR's hub such as `PP-OCRv6_medium`.
            tesseract: installed languages, such as `eng+deu`.
        precision: `auto`, `bf16` or `f32`. Only paddleocr uses it.

    Raises:
        UsageError: the engine or the precision is unknown, a package extra is missing, or the weights are missing or
            are not the published ones.
    """
    if name not in OCR_ENGINES:
        raise UsageError(f"--ocr {name}: not an OCR engine; take one of {', '.join(OCR_ENGINES)}")
    module, _, kind = OCR_ENGINES[name].partition(":")
    return getattr(import_module(module), kind)(model, precision)
