"""Selects the pages that a report shows, and makes their pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.report.page_view import PageView, page_view
from schemas import CorpusIndex, PageStatus, Sample

PICTURE_BYTES = 150_000
PICTURE_SIDES = (700, 960)  # width, height in pixels: sharp if enlarged, and twelve of them can be sent by e-mail
_QUALITIES = (85, 75, 60, 45, 30)


def pick_gallery(manifest: pa.Table, count: int = 12) -> list[str]:
    """Selects pages for the gallery: random and extreme pages alternate.

    The extremes are most words, lowest score, largest skew and fewest words. Each page comes from a different document
    as long as there are unused documents. The result does not depend on the order of the rows.

    Args:
        manifest: rows of `MANIFEST_SCHEMA`.
        count: maximum number of pages.

    Returns:
        Keys of at most `count` pages that have a sample.
    """
    rows = manifest.filter(pc.equal(manifest["status"], PageStatus.OK.value)).sort_by("key")
    words, score, skew = (rows[name].to_numpy() for name in ("words", "mean_score", "skew_deg"))
    _, document = np.unique(rows["doc_sha256"].to_numpy(zero_copy_only=False), return_inverse=True)
    # The order of the keys is random, because a key starts with a hash.
    plain = np.arange(rows.num_rows)
    extremes = [np.argsort(values, kind="stable") for values in (-words, score, -np.abs(skew), words)]
    rankings = [ranking for extreme in extremes for ranking in (plain, extreme)]
    free, unseen = np.ones(rows.num_rows, bool), np.ones(rows.num_rows, bool)
    picked: list[int] = []
    for turn in range(min(count, rows.num_rows)):
        ranking = rankings[turn % len(rankings)]
        preferred = free & unseen
        row = ranking[(preferred if preferred.any() else free)[ranking]][0]
        free[row] = False
        unseen[document == document[row]] = False
        picked.append(int(row))
    return rows["key"].take(pa.array(picked, pa.int64())).to_pylist()


def gallery_view(sample: Sample, index: CorpusIndex) -> PageView:
    """Returns the view of a sample with a small picture, see `shrink`.

    Args:
        sample: the page.
        index: the index of its corpus.

    Raises:
        SchemaError: the record of the sample is not a page.
        ValueError: the image of the sample is not an image.
    """
    return page_view(sample, index, shrink(sample.jpg))


def shrink(jpg: bytes) -> bytes:
    """Returns an image as a JPEG that fits in `PICTURE_SIDES`, with at most about `PICTURE_BYTES`.

    The quality decreases until the JPEG is small enough. At the lowest quality, the JPEG may be larger.

    Raises:
        ValueError: `jpg` is not an image.
    """
    image = cv2.imdecode(np.frombuffer(jpg, np.uint8), cv2.IMREAD_COLOR) if jpg else None
    if image is None:
        raise ValueError("the jpg member of the page is not an image")
    height, width = image.shape[:2]
    fit = min(1.0, PICTURE_SIDES[0] / width, PICTURE_SIDES[1] / height)
    small = cv2.resize(image, (max(1, round(width * fit)), max(1, round(height * fit))), interpolation=cv2.INTER_AREA)
    encoded = (cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1] for quality in _QUALITIES)
    for data in encoded:
        if len(data) <= PICTURE_BYTES:
            break
    return data.tobytes()
