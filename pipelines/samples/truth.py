"""The truth file of a sample: the words on its pages, with boxes in thousandths of the page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pipelines.drawing.canvas import Sheet
from schemas.geometry import box_1000


def encode_truth(kind: str, scan: bool, skew_deg: float, sheets: Sequence[Sheet]) -> bytes:
    """Returns the JSON of a document: `kind`, `scan`, `skew_deg` and one entry per page.

    A page holds its size in points and `words`. These are stored by column, in reading order: `text`, `box` (x0, y0,
    x1, y1 in thousandths of the upright page) and `line` (number of the visual line, starting at 0). `skew_deg` is the
    clockwise rotation of a scan about the centre of the page. The boxes are those before the rotation.
    """
    record = {"kind": kind, "scan": scan, "skew_deg": skew_deg, "pages": [_page(sheet) for sheet in sheets]}
    return (json.dumps(record, ensure_ascii=False) + "\n").encode()


def _page(sheet: Sheet) -> dict[str, Any]:
    return {
        "width_pt": sheet.width,
        "height_pt": sheet.height,
        "words": {
            "text": [word.text for word in sheet.words],
            "box": [box_1000(*word.box, sheet.width, sheet.height) for word in sheet.words],
            "line": [word.line for word in sheet.words],
        },
    }
