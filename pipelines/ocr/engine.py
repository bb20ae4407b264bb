"""Reading text from pixels: one small protocol, several engines.

An engine examines a page image and answers two questions about it: how it must be turned to stand upright, and which
words are on it. `load_engine` does all heavy imports. An engine serves one process and uses one thread.
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
"""Where each engine's class is, by the name in `--ocr`. The class takes `model` and `precision` of `load_engine`."""

OCR_PRECISIONS = ("auto", "bf16", "f32")


class OcrPage(Protocol):
    """One page image under one engine. Nothing is computed before it is needed, and nothing twice."""

    def rotation(self) -> int:
        """Returns the degrees (0, 90, 180, 270) clockwise by which the image must be turned to stand upright.

        0 without clear evidence.
        """
        ...

    def words(self) -> list[RawWord]:
        """Returns the words in any order, boxes in pixels of the image. The image must be upright."""
        ...


class OcrEngine(Protocol):
    """Reads words from page images.

    Attributes:
        name: the engine, as in `--ocr`.
        model: the weights.
        version: of the engine, with all that can change the last digits of a score: backend and precision.
    """

    name: str
    model: str
    version: str

    def examine(self, image: np.ndarray) -> OcrPage:
        """Returns the page of a `(height, width, 3)` uint8 RGB image, which must not be changed afterwards."""
        ...


def load_engine(name: str, *, model: str | None = None, precision: str = "auto") -> OcrEngine:
    """Loads an engine with its weights.

    The same image, model and precision give the same words on one kind of machine. `auto` takes bf16 where the CPU
    computes in it and f32 elsewhere, and reads lines in bytes where that is faster: name a precision where machines
    differ and their scores must not.

    Args:
        name: `paddleocr` or `tesseract`.
        model: other weights than the default ones. paddleocr: a directory with `det/` and `rec/` (each
            `inference.onnx` and `inference.yml`), or a model family of PaddleOCR's hub such as `PP-OCRv6_medium`.
            tesseract: installed languages, such as `eng+deu`.
        precision: `auto`, `bf16` or `f32`, of the neural engine.

    Raises:
        UsageError: an unknown engine or precision, a missing extra, weights that are absent or not the published ones.
    """
    if name not in OCR_ENGINES:
        raise UsageError(f"--ocr {name}: not an OCR engine; take one of {', '.join(OCR_ENGINES)}")
    module, _, kind = OCR_ENGINES[name].partition(":")
    return getattr(import_module(module), kind)(model, precision)
