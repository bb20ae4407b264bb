"""The default engine: PaddleOCR's PP-OCRv6 networks, loaded and run through PaddleOCR on ONNX Runtime."""

from __future__ import annotations

import logging
import os
from functools import cached_property
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np

from pipelines.lines.words import RawWord
from pipelines.ocr.detection_scale import detection_scale
from pipelines.ocr.directions import ReadLine, read_directed
from pipelines.ocr.line_reader import READING, LineReader
from pipelines.ocr.networks.backend import choose_backend
from pipelines.ocr.networks.head import best_of
from pipelines.ocr.networks.weights import NetworkFolder, Weights, find_weights, orientation_weights
from pipelines.ocr.orientation import Orientation
from pipelines.ocr.recognise import Recogniser, TextRun
from pipelines.ocr.runs import number_runs
from schemas import UsageError

_MIN_SIDE_PX = 8  # a smaller image holds no letter
_DETECTION_STEP = 32  # px; sides are padded to a multiple of it, as the detector's feature pyramid needs
_INK_CONTRAST = 16  # grey levels; a smaller difference from the paper is noise
_INK_MARGIN_PX = 16  # paper that is kept around the ink


class PaddleEngine:
    """Detects text lines on a page and reads them. Not thread-safe.

    Attributes:
        lines: reads text lines.
        orientation: finds the rotation of a page from its text lines.

    Args:
        model: see `pipelines.ocr.engine.load_engine`.
        precision: `auto`, `bf16` or `f32`. Results can be reproduced only with the same precision.

    Raises:
        UsageError: the weights or the precision are not available.
    """

    name = "paddleocr"

    def __init__(self, model: str | None = None, precision: str = "auto") -> None:
        backend = choose_backend(precision, may_quantise=model is None)
        weights = find_weights(model, eight_bit=backend.eight_bit, headless=backend.headless)
        self.model = weights.model
        self.version = f"{version('paddleocr')} (reading {READING}, {backend.label})"
        try:
            self._detector, *recognisers = _load(weights, backend.engine_config)
        except Exception as error:  # PaddleX often raises a plain Exception
            if model is None:
                raise
            raise UsageError(
                f"--ocr_model {model}: PaddleOCR cannot load it ({error}). Give the name of a model family on its hub, "
                "such as PP-OCRv5_mobile (needs a network connection), or a directory with det/ and rec/."
            ) from error
        self.lines = LineReader(*recognisers)
        self.alphabet = frozenset(recognisers[-1].alphabet)
        self.orientation = Orientation(orientation_weights())

    def examine(self, image: np.ndarray) -> PaddlePage:
        """Returns the page of a `(height, width, 3)` uint8 RGB image."""
        return PaddlePage(self, image)

    def read_boxes(self, image: np.ndarray, boxes: np.ndarray) -> list[tuple[str, float]]:
        """Returns text and score of the words in boxes `(n, 4)` of a `(height, width, 3)` uint8 RGB image."""
        quads = list(np.asarray(boxes, np.float32).reshape(-1, 4)[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2))
        lines = self.lines.glance(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quads)
        return [("".join(run.text for run in line.runs), line.score) for line in lines]

    def detect(self, bgr: np.ndarray) -> list[np.ndarray]:
        """Returns the text lines of a `(height, width, 3)` uint8 BGR image.

        Returns:
            `(4, 2)` float32 corners of each line, in pixels, clockwise from the top left of upright text.
        """
        left, top, right, bottom = inked_window(bgr)
        if left == right:
            return []
        inked = bgr[top:bottom, left:right]
        scale = detection_scale(bgr)
        small = cv2.resize(inked, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else inked
        padding = (-side % _DETECTION_STEP for side in small.shape[:2])
        page = cv2.copyMakeBorder(small, 0, next(padding), 0, next(padding), cv2.BORDER_REPLICATE)
        found = self._detector.predict(page)[0]["dt_polys"]
        origin, limits = np.array((left, top), np.float32), np.array((right, bottom), np.float32)
        return [np.minimum(np.asarray(quad, np.float32) / scale + origin, limits) for quad in found]


class PaddlePage:
    """A page image. Its text lines are detected once, for the rotation and for the words."""

    def __init__(self, engine: PaddleEngine, image: np.ndarray) -> None:
        self._engine = engine
        self._bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)

    @cached_property
    def _quads(self) -> list[np.ndarray]:
        return [] if min(self._bgr.shape[:2]) < _MIN_SIDE_PX else self._engine.detect(self._bgr)

    def rotation(self) -> int:
        """Returns the degrees clockwise (0, 90, 180, 270) by which the image must be turned to be upright."""
        return self._engine.orientation.rotation(self._bgr, self._quads, self._engine.lines)

    def words(self) -> list[RawWord]:
        """Returns the words of the upright image, boxes in pixels."""
        lines = read_directed(self._engine.lines, self._bgr, self._quads)
        return _words(lines, self._bgr.shape)


def inked_window(bgr: np.ndarray) -> tuple[int, int, int, int]:
    """Returns left, top, right and bottom of the printed area with a margin, all 0 if the page is blank.

    Args:
        bgr: `(height, width, 3)` uint8.
    """
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    paper = np.full_like(grey, np.median(grey[::4, ::4]))
    ink = cv2.absdiff(grey, paper) >= _INK_CONTRAST
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return 0, 0, 0, 0
    left, top = (max(int(line[0]) - _INK_MARGIN_PX, 0) for line in (columns, rows))
    right, bottom = (
        min(int(line[-1]) + 1 + _INK_MARGIN_PX, side)
        for line, side in zip((columns, rows), bgr.shape[1::-1], strict=True)
    )
    return left, top, right, bottom


def _words(lines: list[ReadLine], shape: tuple[int, ...]) -> list[RawWord]:
    boxes = np.array([_hull(line.quad, shape) for line in lines]).reshape(-1, 4)
    runs = number_runs([line.angle_deg for line in lines], [line.text.characters for line in lines], boxes)
    return [_word(run, line, number, shape) for line, number in zip(lines, runs, strict=True) for run in line.text.runs]


def _word(run: TextRun, line: ReadLine, number: int, shape: tuple[int, ...]) -> RawWord:
    """Returns a run as a word with its box on the page: the part of the line between the run's start and end."""
    quad, shares = line.quad, np.array([[run.start], [run.end]])
    part = np.concatenate((quad[0] + shares * (quad[1] - quad[0]), quad[3] + shares * (quad[2] - quad[3])))
    return RawWord(run.text, *_hull(part, shape), run.score, line.angle_deg, number)


def _hull(corners: np.ndarray, shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    """Returns x0, y0, x1, y1 of corners `(n, 2)`, inside an image of this shape."""
    x0, y0 = np.maximum(corners.min(axis=0), 0)
    x1, y1 = np.minimum(corners.max(axis=0), (shape[1], shape[0]))
    return float(x0), float(y0), float(x1), float(y1)


def _load(weights: Weights, engine_config: dict[str, Any]) -> list[Any]:
    """Returns PaddleOCR's detector and the recognisers."""
    os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")  # else the import checks for a network
    from paddleocr import TextDetection, TextRecognition

    logging.getLogger("paddlex").setLevel(logging.WARNING)  # at INFO it logs a line per model
    common = {"engine": "onnxruntime", "engine_config": engine_config, "device": "cpu"}
    detector = TextDetection(**_named(weights.detector), limit_side_len=_DETECTION_STEP, limit_type="min", **common)
    networks = [weights.recogniser] if weights.quick is None else [weights.recogniser, weights.quick]
    return [detector, *(_recogniser(network, TextRecognition(**_named(network), **common)) for network in networks)]


def _recogniser(network: NetworkFolder, recognition: Any) -> Recogniser:
    predictor = recognition.paddlex_predictor
    best = best_of(network.folder, predictor.post_op.character)
    return Recogniser(lambda strips: best(predictor.runner([strips])[0]), predictor.post_op.character)


def _named(network: NetworkFolder) -> dict[str, Any]:
    return {"model_name": network.name, "model_dir": network.folder and str(network.folder)}
