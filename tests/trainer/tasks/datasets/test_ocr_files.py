"""OCR files of data sets become pages with boxes, size and rotation."""

from __future__ import annotations

import pytest

from schemas import UsageError
from schemas.page_file import GivenWord
from tests.trainer.tasks.datasets.files import microsoft_file, microsoft_word, textract_file, write_json
from tests.trainer.tasks.datasets.samples import SAMPLES, needs_samples
from trainer.tasks.datasets.ocr_files import microsoft_read, textract


def test_the_box_of_a_word_of_microsoft_read_is_the_hull_of_its_corners(tmp_path):
    path = tmp_path / "page.json"
    write_json(path, microsoft_file(microsoft_word("Total:", 10, 22, 60, 20, 61, 30, 11, 32)))
    page = microsoft_read(path, "page.png")
    assert page.words == (GivenWord("Total:", (10, 20, 61, 32)),)
    assert (page.file, page.size, page.engine) == ("page.png", (400, 300), "microsoft_read")


@pytest.mark.parametrize(
    ("angle", "rotation"), [(359.96, 0), (0.2, 0), (90.3, 270), (180, 180), (269.7, 90), (44, 0), (46, 270)]
)
def test_a_page_is_turned_against_the_angle_of_its_text(tmp_path, angle, rotation):
    path = tmp_path / "page.json"
    write_json(path, microsoft_file(angle=angle))
    assert microsoft_read(path, "").rotation == rotation


def test_boxes_of_textract_are_shares_of_the_page(tmp_path):
    path = tmp_path / "page.json"
    write_json(path, textract_file(("Are", 0.25, 0.5, 0.125, 0.0625)))
    page = textract(path, "page.jpeg")
    assert page.words == (GivenWord("Are", (0.25, 0.5, 0.375, 0.5625), 0.995),)
    assert (page.size, page.engine) == ((1, 1), "textract")


def test_a_page_of_textract_without_words_is_empty(tmp_path):
    path = tmp_path / "page.json"
    write_json(path, {"PAGE": [{"BlockType": "PAGE"}]})
    assert textract(path, "page.jpeg").words == ()


@pytest.mark.parametrize("content", [[], {}, {"recognitionResults": []}, {"WORD": [{}]}, {"WORD": "text"}])
def test_another_file_is_refused_by_its_name(tmp_path, content):
    path = tmp_path / "page.json"
    write_json(path, content)
    with pytest.raises(UsageError, match=r"page\.json is not a file of Microsoft Read"):
        microsoft_read(path, "")
    with pytest.raises(UsageError, match=r"page\.json is not a file of Textract"):
        textract(path, "")


@pytest.mark.parametrize(("content", "reason"), [("{", "is not JSON"), (None, "cannot be read")])
def test_a_damaged_or_absent_file_is_refused(tmp_path, content, reason):
    path = tmp_path / "page.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=reason):
        microsoft_read(path, "")


@needs_samples
def test_real_files_are_read():
    page = textract(SAMPLES / "infographicvqa/ocr_results_sample/20196.json", "")
    assert len(page.words) == 146
    assert all(0 <= side <= 1 for word in page.words for side in word.box)
    paths = sorted((SAMPLES / "docvqa/train/ocr_results").glob("*.json"))
    assert len(paths) == 50
    assert all(microsoft_read(path, "").words for path in paths)
