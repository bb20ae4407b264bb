"""The truth file beside a sample: what stands on its pages, in the project's boxes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pipelines.samples.canvas import Sheet
from schemas.geometry import box_1000


def encode_truth(kind: str, scan: bool, skew_deg: float, sheets: Sequence[Sheet]) -> bytes:
    """JSON of a document: `kind`, `scan`, `skew_deg` and one entry a page.

    A page holds its size in points and `words`, column-wise in reading order: `text`, `box` (x0, y0, x1, y1 in
    thousandths of the upright page) and `line` (visual lines from 0). `skew_deg` says how far a scan is turned about
    the middle of the page, clockwise as seen; the boxes are those before that turn.
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
