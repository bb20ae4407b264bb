"""The second engine: Tesseract through tesserocr, which is an optional dependency."""

from __future__ import annotations

import os
import string
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.lines.words import RawWord
from pipelines.ocr.directions import DOWN, UP, UPRIGHT
from pipelines.ocr.runs import number_runs
from schemas import UsageError

_MIN_SIDE_PX = 8  # a smaller image holds no letter
_MARGIN_PX = 8  # Tesseract misses words that touch the edge of the image
_UPRIGHT_SCORE = 0.75  # a page with this mean score is upright; pages that are not upright have less than 0.6
_MIN_LEVEL_LETTERS = 3  # minimum length of a word whose box shows the direction of its text
_MIN_MARGIN = 0.1  # minimum gain of the score when the page is turned
_INSTALL = "pip install '.[tesseract]' in Folio's folder"
_TESSDATA = (
    "/usr/share/tesseract-ocr/*/tessdata",  # Debian, Ubuntu
    "/usr/share/tessdata",  # Arch
    "/usr/share/tesseract/tessdata",  # Fedora
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)


class TesseractEngine:
    """Reads whole pages with Tesseract's LSTM. Uses one thread. Not thread-safe.

    Args:
        model: installed languages joined by `+`; `None` means `eng`.
        precision: has no effect, because Tesseract has only one.

    Raises:
        UsageError: tesserocr or the language's data is not installed.
    """

    name = "tesseract"

    def __init__(self, model: str | None = None, precision: str = "auto") -> None:
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # read by Tesseract when it starts its threads
        try:
            import tesserocr
        except ImportError as error:
            raise UsageError(f"--ocr tesseract needs tesserocr: {_INSTALL}") from error
        self._word_level, self._line_level = tesserocr.RIL.WORD, tesserocr.RIL.TEXTLINE
        self._top_to_bottom = tesserocr.WritingDirection.TOP_TO_BOTTOM
        self._angles = {tesserocr.Orientation.PAGE_RIGHT: DOWN, tesserocr.Orientation.PAGE_LEFT: UP}
        self._iterate = tesserocr.iterate_level
        self.model = model or "eng"
        # The data of other languages does not say which characters it knows.
        self.alphabet = frozenset(string.printable) if self.model == "eng" else frozenset(map(chr, range(0x10000)))
        self.version = tesserocr.tesseract_version().split()[1]
        folder = tessdata(self.model.split("+"))
        self._api = tesserocr.PyTessBaseAPI(path=str(folder), lang=self.model, psm=tesserocr.PSM.AUTO)
        self._osd = None
        if (folder / "osd.traineddata").is_file():
            self._osd = tesserocr.PyTessBaseAPI(path=str(folder), lang="osd", psm=tesserocr.PSM.OSD_ONLY)

    def examine(self, image: np.ndarray) -> TesseractPage:
        """Returns the page of a `(height, width, 3)` uint8 RGB image."""
        return TesseractPage(self, image)

    def detect_rotation(self, image: np.ndarray) -> int:
        """Returns the degrees clockwise (0, 90, 180, 270) to upright, found by Tesseract's orientation detector.

        The detector takes a third of the time of reading. The result is 0 without the language data `osd`, or if the
        detector finds nothing.
        """
        if self._osd is None or min(image.shape[:2]) < _MIN_SIDE_PX:
            return 0
        _show(self._osd, image)
        found = self._osd.DetectOrientationScript()
        self._osd.Clear()
        return -found["orient_deg"] % 360 if found else 0

    def read(self, image: np.ndarray) -> list[RawWord]:
        """Returns the words of an image, boxes in pixels. The image is read without turning it."""
        if min(image.shape[:2]) < _MIN_SIDE_PX:
            return []
        _show(self._api, image)
        self._api.Recognize()
        found = self._api.GetIterator()
        items = self._iterate(found, self._word_level) if found else ()
        lines: list[list[RawWord]] = []
        for item in items:
            if not lines or item.IsAtBeginningOf(self._line_level):
                lines.append([])
            if not item.Empty(self._word_level):
                lines[-1].append(self._word(item))
        self._api.Clear()
        return _with_runs([[word for word in line if word.text] for line in lines])

    def read_boxes(self, image: np.ndarray, boxes: np.ndarray) -> list[tuple[str, float]]:
        """Returns text and score of the words in boxes `(n, 4)` of a `(height, width, 3)` uint8 RGB image."""
        found = []
        height, width = image.shape[:2]
        for x0, y0, x1, y1 in np.rint(np.asarray(boxes).reshape(-1, 4)).astype(int).tolist():
            part = image[max(y0, 0) : min(y1, height), max(x0, 0) : min(x1, width)]
            words = self.read(np.pad(part, ((_MARGIN_PX,) * 2, (_MARGIN_PX,) * 2, (0, 0)), mode="edge"))
            score = sum(word.score for word in words) / max(1, len(words))
            found.append(("".join(word.text for word in words), score))
        return found

    def _word(self, item: Any) -> RawWord:
        x0, y0, x1, y1 = map(float, item.BoundingBox(self._word_level))
        text = "".join(item.GetUTF8Text(self._word_level).split())
        score = min(max(item.Confidence(self._word_level) / 100, 0.0), 1.0)
        top, writing, *_ = item.Orientation()
        angle = DOWN if writing == self._top_to_bottom else self._angles.get(top, UPRIGHT)
        return RawWord(text, x0, y0, x1, y1, score, angle)


def _with_runs(lines: list[list[RawWord]]) -> list[RawWord]:
    """Returns the words of lines, each with the number of its run."""
    lines = [line for line in lines if line]
    hulls = [
        (min(w.x0 for w in line), min(w.y0 for w in line), max(w.x1 for w in line), max(w.y1 for w in line))
        for line in lines
    ]
    angles = [line[0].angle_deg or UPRIGHT for line in lines]
    texts = ["".join(word.text for word in line) for line in lines]
    runs = number_runs(angles, texts, np.array(hulls).reshape(-1, 4))
    return [replace(word, run=run) for line, run in zip(lines, runs, strict=True) for word in line]


class TesseractPage:
    """A page image. It is read once, for the rotation and for the words."""

    def __init__(self, engine: TesseractEngine, image: np.ndarray) -> None:
        self._engine, self._image = engine, image

    @cached_property
    def _words(self) -> list[RawWord]:
        return self._engine.read(self._image)

    def rotation(self) -> int:
        """Returns the degrees clockwise (0, 90, 180, 270) by which the image must be turned to be upright.

        Pages with a high score are upright. For the others the detector decides. Because it makes errors, the turned
        page must also have a better score.
        """
        score = _upright_score(self._words)
        if score >= _UPRIGHT_SCORE:
            return 0
        rotation = self._engine.detect_rotation(self._image)
        if not rotation:
            return 0
        turned = _upright_score(self._engine.read(np.rot90(self._image, -rotation // 90)))
        return rotation if turned >= score + _MIN_MARGIN else 0

    def words(self) -> list[RawWord]:
        """Returns the words of the upright image, boxes in pixels."""
        return self._words


def _upright_score(words: list[RawWord]) -> float:
    """Returns the mean score. Words that run up or down the page, which Tesseract reads as well, count as 0."""
    level = (word for word in words if len(word.text) < _MIN_LEVEL_LETTERS or word.x1 - word.x0 >= word.y1 - word.y0)
    return sum(word.score for word in level) / max(1, len(words))


def _show(api: Any, image: np.ndarray) -> None:
    height, width = image.shape[:2]
    api.SetImageBytes(np.ascontiguousarray(image).tobytes(), width, height, 3, 3 * width)


def tessdata(languages: list[str]) -> Path:
    """Returns the folder with the data of all given languages.

    It is searched in `TESSDATA_PREFIX` and in the usual folders of the operating systems.

    Raises:
        UsageError: no folder has the data of all languages.
    """
    prefix = os.environ.get("TESSDATA_PREFIX")
    folders = [Path(prefix), Path(prefix) / "tessdata"] if prefix else []
    for pattern in _TESSDATA:
        folders += sorted(Path("/").glob(pattern[1:]), reverse=True)
    for folder in folders:
        if all((folder / f"{language}.traineddata").is_file() for language in languages):
            return folder
    names = " and ".join(f"{language}.traineddata" for language in languages)
    raise UsageError(
        f"--ocr tesseract: no folder holds {names}; install Tesseract's language data "
        f"(Debian: apt-get install tesseract-ocr) or set TESSDATA_PREFIX to its folder"
    )
