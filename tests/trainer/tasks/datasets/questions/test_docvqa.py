"""DocVQA is read from both of its downloads, with its own words where it has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas import UsageError
from schemas.page_file import FilePage
from tests.trainer.tasks.datasets.files import microsoft_file, microsoft_word, write_image, write_json
from tests.trainer.tasks.datasets.samples import SAMPLES, needs_samples
from trainer.tasks.datasets.questions.docvqa import DATA_SET

WORD = microsoft_word("0.28%", 10, 20, 60, 20, 60, 30, 10, 30)


def question(number: int, page: str, **more: object) -> dict:
    facts = {"docId": 1, "ucsf_document_id": "abcd0001", "ucsf_document_page_no": "7", "data_split": "val"}
    return {"questionId": number, "question": f"Question {number}?", "image": f"documents/{page}.png", **facts, **more}


def write_questions(path: Path, *rows: dict) -> None:
    write_json(path, {"dataset_name": "docvqa", "dataset_version": "1.0", "dataset_split": "val", "data": list(rows)})


@pytest.fixture
def folder(tmp_path) -> Path:
    """A page with two questions, its image and its words; a page with one question and an image."""
    rows = question(1, "a_1", answers=["0.28", "0.28%"]), question(2, "b_1", answers=["B"])
    write_questions(tmp_path / "val/val_v1.0.json", *rows, question(3, "a_1", answers=["x"]))
    for name in ("a_1", "b_1"):
        write_image(tmp_path / f"val/documents/{name}.png")
    write_json(tmp_path / "val/ocr_results/a_1.json", microsoft_file(WORD))
    return tmp_path


def test_all_questions_about_a_page_are_one_document(folder):
    first, second = DATA_SET.documents(folder, "val")
    assert [item.id for item in first.items] == ["1", "3"]
    assert first.items[0].annotation == {"question": "Question 1?", "answers": ["0.28", "0.28%"]}
    assert [item.id for item in second.items] == ["2"]


def test_a_page_has_the_words_of_its_ocr_file(folder):
    [page] = next(DATA_SET.documents(folder, "val")).pages
    assert (page.file, page.size) == ("val/documents/a_1.png", (400, 300))
    assert [word.text for word in page.words] == ["0.28%"]


def test_a_page_without_an_ocr_file_is_read_by_folio(folder):
    _, second = DATA_SET.documents(folder, "val")
    assert second.pages == (FilePage("val/documents/b_1.png"),)


def test_a_page_without_an_image_has_its_words(folder):
    (folder / "val/documents/a_1.png").unlink()
    [page] = next(DATA_SET.documents(folder, "val")).pages
    assert page.file == ""
    assert page.words


def test_questions_of_a_test_split_have_no_answers(folder):
    write_questions(folder / "test/test_v1.0.json", question(9, "c_1"))
    [document] = DATA_SET.documents(folder, "test")
    assert document.items[0].annotation["answers"] == []


def test_the_newer_download_is_read(tmp_path):
    write_questions(tmp_path / "spdocvqa_qas/train_v1.0_withQT.json", question(1, "a_1", question_types=["form"]))
    write_image(tmp_path / "spdocvqa_images/a_1.png")
    write_json(tmp_path / "spdocvqa_ocr/a_1.json", microsoft_file(WORD))
    [document] = DATA_SET.documents(tmp_path, "train")
    assert document.pages[0].file == "spdocvqa_images/a_1.png"
    assert len(document.pages[0].words) == 1


def test_another_folder_is_refused_with_what_was_expected_and_found(tmp_path):
    (tmp_path / "images").mkdir()
    with pytest.raises(UsageError, match=r"has no val/val_v1\.0\*\.json: expected DocVQA: train/.*; found images/"):
        list(DATA_SET.documents(tmp_path, "val"))
    with pytest.raises(UsageError, match="is not a folder: name the folder of DocVQA"):
        list(DATA_SET.documents(tmp_path / "absent", "val"))


@pytest.mark.parametrize("content", [[], {"questions": []}, {"data": [{"question": "q"}]}, {"data": ["q"]}])
def test_a_file_of_another_form_is_named(tmp_path, content):
    write_json(tmp_path / "val/val_v1.0.json", content)
    with pytest.raises(UsageError, match=r"val_v1\.0\.json is not a file of questions"):
        list(DATA_SET.documents(tmp_path, "val"))


@pytest.mark.parametrize("damage", [{"answers": "yes"}, {"answers": [1]}, {"question": None}])
def test_questions_and_answers_must_be_texts(tmp_path, damage):
    write_questions(tmp_path / "val/val_v1.0.json", {**question(1, "a_1"), **damage})
    with pytest.raises(UsageError, match=r"val_v1\.0\.json is not a file of questions .*of 1 "):
        list(DATA_SET.documents(tmp_path, "val"))


@needs_samples
def test_the_real_samples_are_read():
    val = list(DATA_SET.documents(SAMPLES / "docvqa", "val"))
    assert (len(val), sum(len(document.items) for document in val)) == (8, 42)
    assert all((SAMPLES / "docvqa" / page.file).is_file() for document in val for page in document.pages)
    train = list(DATA_SET.documents(SAMPLES / "docvqa", "train"))
    assert len(train) == 50
    assert all(page.words and not page.file for document in train for page in document.pages)
