"""Writes the files of miniature data sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (40, 30), 255).save(path)


def microsoft_file(*words: dict[str, Any], angle: float = 359.96) -> dict[str, Any]:
    """Returns a page as Microsoft Read writes it: 400 x 300 pixels, one line."""
    page = {"page": 1, "clockwiseOrientation": angle, "width": 400, "height": 300, "unit": "pixel"}
    return {"status": "Succeeded", "recognitionResults": [{**page, "lines": [{"text": "", "words": list(words)}]}]}


def microsoft_word(text: str, *corners: int) -> dict[str, Any]:
    """Returns a word with its four corners, clockwise from the top left of the text."""
    return {"text": text, "boundingBox": list(corners), "confidence": "Low"}


def textract_file(*words: tuple[str, float, float, float, float]) -> dict[str, Any]:
    """Returns a page as Textract reads it, grouped by type. A word is text, left, top, width and height (0..1)."""
    blocks = [
        {
            "BlockType": "WORD",
            "Confidence": 99.5,
            "Text": text,
            "Geometry": {"BoundingBox": {"Left": left, "Top": top, "Width": width, "Height": height}, "Polygon": []},
            "Id": str(number),
        }
        for number, (text, left, top, width, height) in enumerate(words)
    ]
    return {"PAGE": [{"BlockType": "PAGE"}], "LINE": [{"BlockType": "LINE", "Text": ""}], "WORD": blocks}
