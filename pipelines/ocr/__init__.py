"""Reading text from pixels: one small protocol, several engines.

An engine takes an upright page image and returns its words with boxes and scores. Everything heavy loads in
`load_engine`; one engine serves one process and uses one thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pipelines.config import OCR_ENGINES
from schemas import UsageError


@dataclass(frozen=True)
class OcrWord:
    """A run of characters without white space, its box in pixels of the image, and the engine's confidence 0..1."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    score: float


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

    def rotation(self, image: np.ndarray) -> int:
        """Returns the degrees (0, 90, 180, 270) clockwise by which an image must be turned to stand upright.

        0 without clear evidence. What was found out about the image is kept until the next one, for reading it.
        """
        ...

    def read(self, image: np.ndarray) -> list[OcrWord]:
        """Returns the words of an upright `(height, width, 3)` uint8 RGB image, in any order."""
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
    if name == "paddleocr":
        from pipelines.ocr.paddle import PaddleEngine

        return PaddleEngine(model, precision)
    if name == "tesseract":
        from pipelines.ocr.tesseract import TesseractEngine

        return TesseractEngine(model)
    raise UsageError(f"--ocr {name}: not an OCR engine; take one of {', '.join(OCR_ENGINES)}")
