"""The default engine: PaddleOCR's PP-OCRv6 networks, loaded and run through PaddleOCR on ONNX Runtime."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.ocr import OcrWord
from pipelines.ocr.backend import choose_backend
from pipelines.ocr.recognise import LineReader, Run, upright_quad
from pipelines.ocr.weights import ModelFolders, find_models

_MIN_SIDE_PX = 8  # nothing smaller holds a letter


class PaddleEngine:
    """Detects text lines on a page and reads them one by one. Not thread-safe; about 1 GB of memory.

    Args:
        model: see `pipelines.ocr.load_engine`.
        precision: `auto`, `bf16` or `f32`; part of what makes results repeatable.

    Raises:
        UsageError: weights or precision cannot be had.
    """

    name = "paddleocr"

    def __init__(self, model: str | None = None, precision: str = "auto") -> None:
        folders = find_models(model)
        backend = choose_backend(precision)
        self.model = folders.model
        self.version = f"{version('paddleocr')} ({backend.label})"
        self._detector, recogniser = _load(folders, backend.engine_config)
        self._reader = _line_reader(recogniser)

    def read(self, image: np.ndarray) -> list[OcrWord]:
        """Returns the words of an upright `(height, width, 3)` uint8 RGB image; boxes in its pixels."""
        if min(image.shape[:2]) < _MIN_SIDE_PX:
            return []
        bgr = np.ascontiguousarray(image[:, :, ::-1])
        words = []
        for quad in self._detector.predict(bgr)[0]["dt_polys"]:
            words += self._read_line(bgr, np.asarray(quad, np.float32))
        return words

    def _read_line(self, bgr: np.ndarray, quad: np.ndarray) -> list[OcrWord]:
        quad = upright_quad(quad)
        return [_word(run, quad, bgr.shape) for run in self._reader.read(bgr, quad)]


def _word(run: Run, quad: np.ndarray, shape: tuple[int, ...]) -> OcrWord:
    """Puts a run where it stands on the page: the part of the line's quadrangle between its start and its end."""
    shares = np.array([[run.start], [run.end]])
    corners = np.concatenate((quad[0] + shares * (quad[1] - quad[0]), quad[3] + shares * (quad[2] - quad[3])))
    x0, y0 = np.maximum(corners.min(axis=0), 0)
    x1, y1 = np.minimum(corners.max(axis=0), (shape[1], shape[0]))
    return OcrWord(run.text, float(x0), float(y0), float(x1), float(y1), run.score)


def _load(folders: ModelFolders, engine_config: dict[str, Any]) -> tuple[Any, Any]:
    """Returns PaddleOCR's detector and recogniser; it looks for a network at import unless told not to."""
    os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
    from paddleocr import TextDetection, TextRecognition

    common = {"engine": "onnxruntime", "engine_config": engine_config, "device": "cpu"}
    detector = TextDetection(
        model_name=folders.detector_name,
        model_dir=_path(folders.detector),
        limit_side_len=64,
        limit_type="min",
        **common,
    )
    recogniser = TextRecognition(model_name=folders.recogniser_name, model_dir=_path(folders.recogniser), **common)
    return detector, recogniser.paddlex_predictor


def _line_reader(recogniser: Any) -> LineReader:
    return LineReader(lambda strip: recogniser.runner([strip])[0], recogniser.post_op.character)


def _path(folder: Path | None) -> str | None:
    return None if folder is None else str(folder)
