"""The synthetic documents: they are reproducible, and their truth is what is printed on the page."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.samples.__main__ import main
from pipelines.samples.document import KINDS, make_document

UPRIGHT = [kind for kind in KINDS if kind != "chart"]  # in a chart some words run up or down the page
SINGLE_COLUMN = [kind for kind in UPRIGHT if kind not in ("article", "block_form", "form")]
few = settings(max_examples=8)
indices = st.integers(0, 10_000)


def pages_of(kind: str, index: int) -> list[dict]:
    return json.loads(make_document(3, index, 0.0, [kind]).truth)["pages"]


def words_of(page: dict) -> tuple[list[str], np.ndarray, np.ndarray]:
    words = page["words"]
    return words["text"], np.array(words["box"]), np.array(words["line"])


def line_of(page: dict, text: str) -> list[str]:
    """Returns the words of the line that holds `text`."""
    texts, _, lines = words_of(page)
    return [word for word, line in zip(texts, lines, strict=True) if line == lines[texts.index(text)]]


def folder_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_another_process_writes_the_same_bytes(tmp_path):
    flags = ["--count", "7", "--seed", "5"]
    assert main(["--output", str(tmp_path / "here"), *flags]) == 0
    subprocess.run([sys.executable, "-m", "pipelines.samples", "--output", tmp_path / "there", *flags], check=True)
    assert folder_bytes(tmp_path / "here") == folder_bytes(tmp_path / "there")


def test_a_larger_count_only_adds_documents(tmp_path):
    for count in (4, 9):
        assert main(["--output", str(tmp_path / str(count)), "--count", str(count)]) == 0
    small, large = folder_bytes(tmp_path / "4"), folder_bytes(tmp_path / "9")
    assert len(small) == 8 and len(large) == 18
    assert small.items() <= large.items()


def test_different_seeds_draw_different_documents():
    assert make_document(0, 0, 0.0, ["letter"]).truth != make_document(1, 0, 0.0, ["letter"]).truth


def test_every_kind_is_drawn_equally_often():
    kinds = Counter(make_document(2, index, 0.0).kind for index in range(3 * len(KINDS)))
    assert kinds == dict.fromkeys(KINDS, 3)


@pytest.mark.parametrize(("share", "scans"), [(0.0, 0), (0.25, 5), (0.4, 8), (1.0, 20)])
def test_the_share_of_scans_is_exact(share, scans):
    assert sum(make_document(1, index, share, ["receipt"]).scan for index in range(20)) == scans


@pytest.mark.parametrize("kind", KINDS)
def test_a_scan_has_the_same_words_as_the_born_digital_document(kind):
    printed, scanned = (json.loads(make_document(4, 1, share, [kind]).truth) for share in (0.0, 1.0))
    assert not printed["scan"] and scanned["scan"]
    assert printed["skew_deg"] == 0.0
    assert printed["pages"] == scanned["pages"]


@pytest.mark.parametrize("kind", UPRIGHT)
@few
@given(index=indices)
def test_the_truth_matches_the_text_layer(kind, index):
    document = make_document(3, index, 0.0, [kind])
    truth = json.loads(document.truth)["pages"]
    with pymupdf.open(stream=document.pdf) as pdf:
        assert len(pdf) == len(truth) == document.pages
        for page, expected in zip(pdf, truth, strict=True):
            assert (page.rect.width, page.rect.height) == (expected["width_pt"], expected["height_pt"])
            _assert_same_words(page, expected)


def _assert_same_words(page: pymupdf.Page, expected: dict) -> None:
    """Asserts that the text layer has the expected words at the expected places.

    The boxes of the text layer are as high as the font, those of the truth as high as its letters.
    """
    texts, boxes, _ = words_of(expected)
    layer = page.get_text("words")
    assert Counter(word[4] for word in layer) == Counter(texts)
    scale = np.array([1000 / page.rect.width, 1000 / page.rect.height] * 2)
    found = np.array([word[:4] for word in layer]) * scale
    for text, box in zip(texts, boxes, strict=True):
        same = np.array([word[4] == text for word in layer])
        aside = np.abs(found[same][:, [0, 2]] - box[[0, 2]]).max(axis=1)
        nearest = found[same][np.argmin(aside + np.abs(found[same][:, 1] - box[1]))]
        assert np.abs(nearest[[0, 2]] - box[[0, 2]]).max() <= 1.0
        assert nearest[1] - 1 <= box[1] < box[3] <= nearest[3] + 1


@pytest.mark.parametrize("kind", SINGLE_COLUMN)
@few
@given(index=indices)
def test_lines_go_down_the_page_without_overlap(kind, index):
    for page in pages_of(kind, index):
        _, boxes, lines = words_of(page)
        assert lines[0] == 0 and set(np.diff(lines)) <= {0, 1}
        for line in range(lines[-1]):
            assert boxes[lines == line][:, 3].max() <= boxes[lines == line + 1][:, 1].min() + 1


@pytest.mark.parametrize("kind", UPRIGHT)
@few
@given(index=indices)
def test_the_words_of_a_line_overlap_vertically_and_go_from_left_to_right(kind, index):
    for page in pages_of(kind, index):
        _, boxes, lines = words_of(page)
        for line in range(lines[-1] + 1):
            row = boxes[lines == line]
            assert row[:, 1].max() < row[:, 3].min()
            assert (row[1:, 0] >= row[:-1, 2] - 1).all()


@pytest.mark.parametrize("kind", KINDS)
@few
@given(index=indices)
def test_no_two_words_overlap(kind, index):
    for page in pages_of(kind, index):
        boxes = words_of(page)[1]
        low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
        high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
        overlap = (high - low > 1).all(axis=2)
        assert overlap.sum() == np.trace(overlap)


@few
@given(index=indices)
def test_total_and_amount_at_opposite_edges_of_a_receipt_are_one_line(index):
    (page,) = pages_of("receipt", index)
    texts, boxes, lines = words_of(page)
    total = boxes[lines == lines[texts.index("TOTAL")]]
    assert line_of(page, "TOTAL")[0] == "TOTAL" and len(total) >= 2
    assert total[-1, 0] - total[0, 2] > 100


@few
@given(index=indices)
def test_a_tick_question_and_its_answers_are_one_line(index):
    for page in pages_of("form", index):
        if "licence?" in page["words"]["text"]:
            assert line_of(page, "licence?") == ["Do", "you", "hold", "a", "licence?", "Yes", "No"]


def test_the_seller_and_the_number_of_an_invoice_share_a_line():
    page = pages_of("invoice", 0)[0]
    row = line_of(page, "Invoice")
    assert row[-3:-1] == ["Invoice", "no."] and row[0].isdigit()


@few
@given(index=indices)
def test_the_columns_of_an_article_share_no_line_and_the_left_one_is_read_first(index):
    for page in pages_of("article", index):
        _, boxes, lines = words_of(page)
        middle = (boxes[:, 0] + boxes[:, 2]) / 2
        level = np.minimum(boxes[:, None, 3], boxes[None, :, 3]) - np.maximum(boxes[:, None, 1], boxes[None, :, 1]) > 2
        side_by_side = level & (lines[:, None] < lines[None, :])
        assert side_by_side.sum() > 100
        left, right = np.nonzero(side_by_side)
        assert (middle[left] < 500).all() and (middle[right] > 500).all()


@few
@given(index=indices)
def test_a_block_of_a_form_is_read_to_its_end_before_the_next_one_to_its_right(index):
    for page in pages_of("block_form", index):
        _, boxes, lines = words_of(page)
        hulls = np.array([boxes[lines == line][:, [0, 1]].min(axis=0) for line in range(lines[-1] + 1)])
        upwards = np.flatnonzero(np.diff(hulls[:, 1]) < 0)
        assert len(upwards) >= 2
        assert (hulls[upwards + 1, 0] > hulls[upwards, 0]).all()


def test_each_visual_row_of_a_cell_with_several_rows_is_a_line():
    tall = [page for index in range(12) for page in pages_of("table_ruled", index) if _has_tall_cell(page)]
    assert tall


def _has_tall_cell(page: dict) -> bool:
    """Returns whether a line starts at the column "Remarks": then it is the second or a later row of a remark."""
    texts, boxes, lines = words_of(page)
    if "Remarks" not in texts:
        return False
    column = boxes[texts.index("Remarks"), 0]
    return any(abs(boxes[lines == line][0, 0] - column) <= 1 for line in range(lines[-1] + 1))


@pytest.mark.parametrize("kind", KINDS)
def test_a_scan_has_one_image_per_page_and_no_text(kind):
    document = make_document(6, 2, 1.0, [kind])
    truth = json.loads(document.truth)["pages"]
    with pymupdf.open(stream=document.pdf) as pdf:
        assert len(pdf) == len(truth)
        for page, expected in zip(pdf, truth, strict=True):
            assert page.get_text() == ""
            (image,) = page.get_images()
            assert image[8] == "DCTDecode"
            assert (page.rect.width, page.rect.height) == (expected["width_pt"], expected["height_pt"])
            assert 149 <= image[2] / page.rect.width * 72 <= 201


def contrast_of_boxes(pdf: bytes, page: dict, turn_deg: float) -> np.ndarray:
    """Returns the contrast (paper minus ink, grey levels) in each word's box on the first page.

    The page is first turned clockwise by `turn_deg`.
    """
    with pymupdf.open(stream=pdf) as document:
        pixmap = document[0].get_pixmap(dpi=120, colorspace=pymupdf.csGRAY)
    image = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width)
    middle = ((pixmap.width - 1) / 2, (pixmap.height - 1) / 2)
    turn = cv2.getRotationMatrix2D(middle, -turn_deg, 1.0)
    upright = cv2.warpAffine(image, turn, (pixmap.width, pixmap.height), borderValue=255)
    boxes = np.rint(words_of(page)[1] * np.array([pixmap.width, pixmap.height] * 2) / 1000).astype(int)
    spans = [np.percentile(upright[y0:y1, x0:x1], (10, 90)) for x0, y0, x1, y1 in boxes]
    return np.array([paper - ink for ink, paper in spans])


@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_a_scan_corrected_by_its_skew_has_ink_in_every_box(index):
    document = make_document(8, index, 1.0, ["letter"])
    truth = json.loads(document.truth)
    page, skew = truth["pages"][0], truth["skew_deg"]
    corrected, doubled = (contrast_of_boxes(document.pdf, page, turn).min() for turn in (-skew, skew))
    assert corrected > 25
    assert doubled < corrected / 2


@few
@given(kind=st.sampled_from(KINDS), index=indices)
def test_every_word_of_a_scan_stays_on_the_page(kind, index):
    truth = json.loads(make_document(9, index, 1.0, [kind]).truth)
    angle = np.radians(truth["skew_deg"])
    assert abs(truth["skew_deg"]) <= 3.0
    for page in truth["pages"]:
        size = np.array([page["width_pt"], page["height_pt"]])
        boxes = words_of(page)[1]
        corners = np.concatenate([boxes[:, [i, j]] for i in (0, 2) for j in (1, 3)]) / 1000 * size - size / 2
        across = corners[:, 0] * np.cos(angle) - corners[:, 1] * np.sin(angle)
        down = corners[:, 0] * np.sin(angle) + corners[:, 1] * np.cos(angle)
        assert (np.abs(np.stack([across, down], axis=1)) <= size / 2).all()


def test_some_documents_have_several_pages():
    pages = Counter(make_document(1, index, 0.0).pages for index in range(35))
    assert pages[1] > 15 and sum(pages[count] for count in (2, 3, 4)) > 3
