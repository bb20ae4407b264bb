"""The pages that a report shows: which ones, and their pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.report.page_view import PageView, page_view
from schemas import CorpusIndex, PageStatus, Sample

PICTURE_BYTES = 150_000
PICTURE_SIDES = (700, 960)  # width and height in pixels: sharp when enlarged, and twelve of them can still be mailed
_QUALITIES = (85, 75, 60, 45, 30)


def pick_gallery(manifest: pa.Table, count: int = 12) -> list[str]:
    """Chooses pages worth a look: plain ones, and between them the fullest, emptiest, least sure and most tilted.

    Each comes from another document while there are documents left. The choice depends on the rows, not on their order.

    Args:
        manifest: rows of `MANIFEST_SCHEMA`.

    Returns:
        Keys of at most `count` pages that have a sample.
    """
    rows = manifest.filter(pc.equal(manifest["status"], PageStatus.OK.value)).sort_by("key")
    words, score, skew = (rows[name].to_numpy() for name in ("words", "mean_score", "skew_deg"))
    _, document = np.unique(rows["doc_sha256"].to_numpy(zero_copy_only=False), return_inverse=True)
    # Keys begin with a digest, so their order is that of a fair draw.
    plain = np.arange(rows.num_rows)
    extremes = [np.argsort(values, kind="stable") for values in (-words, score, -np.abs(skew), words)]
    rankings = [ranking for extreme in extremes for ranking in (plain, extreme)]
    free, unseen = np.ones(rows.num_rows, bool), np.ones(rows.num_rows, bool)
    picked: list[int] = []
    for turn in range(min(count, rows.num_rows)):
        ranking = rankings[turn % len(rankings)]
        fresh = free & unseen
        row = ranking[(fresh if fresh.any() else free)[ranking]][0]
        free[row] = False
        unseen[document == document[row]] = False
        picked.append(int(row))
    return rows["key"].take(pa.array(picked, pa.int64())).to_pylist()


def exhibit(sample: Sample, index: CorpusIndex) -> PageView:
    """Lays out a sample with a picture of at most about `PICTURE_BYTES`.

    Raises:
        SchemaError: the sample's record is no page.
        ValueError: its image is none.
    """
    return page_view(sample, index, shrink(sample.jpg))


def shrink(jpg: bytes) -> bytes:
    """Returns an image at most `PICTURE_SIDES` large, as JPEG of at most about `PICTURE_BYTES`.

    Raises:
        ValueError: `jpg` is no image.
    """
    image = cv2.imdecode(np.frombuffer(jpg, np.uint8), cv2.IMREAD_COLOR) if jpg else None
    if image is None:
        raise ValueError("the page's jpg member is no image")
    height, width = image.shape[:2]
    fit = min(1.0, PICTURE_SIDES[0] / width, PICTURE_SIDES[1] / height)
    small = cv2.resize(image, (max(1, round(width * fit)), max(1, round(height * fit))), interpolation=cv2.INTER_AREA)
    encoded = (cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1] for quality in _QUALITIES)
    for data in encoded:
        if len(data) <= PICTURE_BYTES:
            break
    return data.tobytes()
