"""Reads the OCR files that data sets ship: words with boxes, the size of the page and its rotation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from schemas import UsageError
from schemas.page_file import FilePage, GivenWord
from trainer.tasks.datasets.layout import read_json

MICROSOFT, TEXTRACT = "microsoft_read", "textract"


def microsoft_read(path: Path, image: str) -> FilePage:
    """Returns the page of a file of Microsoft Read 2, as DocVQA ships them. Boxes are in pixels.

    Args:
        image: the file of the page's image, "" if there is none.

    Raises:
        UsageError: the file has another form.
    """
    record = read_json(path)
    try:
        page = record["recognitionResults"][0]
        words = [word for line in page["lines"] for word in line["words"]]
        return FilePage(
            image,
            words=tuple(GivenWord(word["text"], hull_of_corners(word["boundingBox"])) for word in words),
            size=(page["width"], page["height"]),
            rotation=-round(page.get("clockwiseOrientation", 0) / 90) * 90 % 360,
            engine=MICROSOFT,
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise UsageError(f"--data: {path} is not a file of Microsoft Read ({error!r})") from error


def textract(path: Path, image: str) -> FilePage:
    """Returns the page of a file of Amazon Textract with its blocks by type, as InfographicVQA ships them.

    Raises:
        UsageError: the file has another form.
    """
    record = read_json(path)
    try:
        words = [
            GivenWord(word["Text"], _box(word["Geometry"]["BoundingBox"]), word["Confidence"] / 100)
            for word in _blocks(record, "WORD")
        ]
        return FilePage(image, words=tuple(words), size=(1, 1), engine=TEXTRACT)
    except (KeyError, TypeError) as error:
        raise UsageError(f"--data: {path} is not a file of Textract ({error!r})") from error


def _blocks(record: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Returns the blocks of a type. A page without text has none."""
    return record[kind] if record["PAGE"] and kind in record else []


def hull_of_corners(corners: Sequence[float]) -> tuple[float, float, float, float]:
    """Returns the box around corners x1, y1, x2, y2, ... in any order."""
    xs, ys = corners[::2], corners[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def _box(box: dict[str, float]) -> tuple[float, float, float, float]:
    return box["Left"], box["Top"], box["Left"] + box["Width"], box["Top"] + box["Height"]
