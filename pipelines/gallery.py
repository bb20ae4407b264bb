"""The pages that a report shows: which ones, and their pictures."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.overlay import draw_overlay, encode_jpeg
from schemas import Page, PageStatus, Sample

PICTURE_BYTES = 150_000
_QUALITIES = (85, 75, 60, 45, 30)


@dataclass(frozen=True)
class Exhibit:
    """One page of the gallery; `picture` is a `data:` uri, sizes are in pixels, `mean_score` is 0..1."""

    page: Page
    picture: str
    width: int
    height: int
    mean_score: float


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


def exhibit(sample: Sample, grid_rows: int, grid_cols: int) -> Exhibit:
    """Draws a sample's lines and grid; the picture takes at most about `PICTURE_BYTES`.

    Raises:
        SchemaError: the sample's record is no page.
        ValueError: its image is none.
    """
    page = sample.page()
    image = draw_overlay(sample.jpg, page, grid_rows, grid_cols)
    pictures = (encode_jpeg(image, quality) for quality in _QUALITIES)
    picture = next((data for data in pictures if len(data) <= PICTURE_BYTES), encode_jpeg(image, _QUALITIES[-1]))
    return Exhibit(
        page=page,
        picture="data:image/jpeg;base64," + base64.b64encode(picture).decode("ascii"),
        width=image.shape[1],
        height=image.shape[0],
        mean_score=float(np.mean([word.score for word in page.words])) if page.words else 0.0,
    )
