"""The gallery shows random and extreme pages of many documents."""

from __future__ import annotations

import cv2
import numpy as np
import pyarrow as pa
import pytest

from pipelines.report.gallery import PICTURE_BYTES, pick_gallery, shrink
from schemas import MANIFEST_SCHEMA
from tests.support.drawn_pages import document_sha256, draw_page


def row(document: int, page: int = 1, **facts: object) -> dict:
    sha256 = document_sha256(0, f"{document}")
    empty = {field.name: "" if field.type == pa.string() else 0 for field in MANIFEST_SCHEMA}
    usual = {"key": f"{sha256[:16]}-{page:05d}", "doc_sha256": sha256, "status": "ok", "words": 100, "mean_score": 0.9}
    return empty | usual | facts


def jpeg(image: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def table(rows: list[dict]) -> pa.Table:
    return pa.Table.from_pylist(rows, MANIFEST_SCHEMA)


def test_the_extremes_are_in_the_gallery():
    extremes = [row(90, words=900), row(91, words=1), row(92, mean_score=0.2), row(93, skew_deg=-7.0)]
    picked = pick_gallery(table([*(row(number) for number in range(50)), *extremes]))
    assert len(picked) == 12
    assert {item["key"] for item in extremes} < set(picked)


def test_pages_come_from_different_documents_if_there_are_enough():
    rows = [row(document, page, words=page) for document in range(12) for page in range(1, 9)]
    assert len({key[:16] for key in pick_gallery(table(rows))}) == 12


def test_one_document_can_fill_the_gallery():
    picked = pick_gallery(table([row(0, page) for page in range(1, 30)]))
    assert len(set(picked)) == 12


def test_the_selection_does_not_depend_on_the_order_of_the_rows():
    rows = [row(number, words=number % 7, skew_deg=number % 5) for number in range(40)]
    shuffled = [rows[i] for i in np.random.default_rng(0).permutation(40)]
    assert pick_gallery(table(rows)) == pick_gallery(table(shuffled))


def test_pages_without_a_sample_are_never_picked():
    picked = pick_gallery(table([row(0), row(1, status="blank"), row(2, status="corrupt", page=0)]))
    assert picked == [row(0)["key"]]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_the_number_of_picked_pages_is_limited(count):
    assert len(pick_gallery(table([row(number) for number in range(9)]), count)) == count


def test_an_empty_manifest_gives_an_empty_gallery():
    assert pick_gallery(MANIFEST_SCHEMA.empty_table()) == []


def test_the_picture_of_a_page_full_of_noise_is_not_too_large():
    page, _ = draw_page(seed=0, number=0, words=900, long_side=1024, total=1)
    noise = np.random.default_rng(0).integers(0, 255, (1024, page.image_width, 3), np.uint8)
    picture = shrink(jpeg(noise))
    assert 0.5 * PICTURE_BYTES < len(picture) < 1.2 * PICTURE_BYTES


@pytest.mark.parametrize(
    ("size", "shown"), [((2100, 2800), (700, 933)), ((500, 4800), (100, 960)), ((90, 80), (90, 80))]
)
def test_large_pages_are_shrunk_and_small_pages_keep_their_size(size, shown):
    picture = shrink(jpeg(np.full((size[1], size[0], 3), 255, np.uint8)))
    assert cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR).shape == (shown[1], shown[0], 3)


@pytest.mark.parametrize("data", [b"", b"no image"])
def test_bytes_that_are_not_an_image_are_refused(data):
    with pytest.raises(ValueError, match="not an image"):
        shrink(data)
