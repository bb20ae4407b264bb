"""OCR-VQA keeps all splits in one file, and names covers by their ids."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas import UsageError
from schemas.page_file import FilePage
from tests.trainer.tasks.datasets.files import write_image, write_json
from trainer.tasks.datasets.questions.ocrvqa import DATA_SET
from trainer.tasks.items import Item

QUESTIONS = ["Who wrote this book?", "Is this a novel?"]


def cover(split: int, ending: str = ".jpg") -> dict:
    facts = {"title": "Emma", "authorName": "Jane Austen", "genre": "Romance"}
    address = f"http://ecx.images-amazon.com/images/I/51Qyz{ending}"
    return {"imageURL": address, "questions": QUESTIONS, "answers": ["Jane Austen", "Yes"], **facts, "split": split}


@pytest.fixture
def folder(tmp_path) -> Path:
    covers = {"0001": cover(1), "0002": cover(2, ".png"), "0003": cover(3), "0004": cover(1, ".gif"), "0005": cover(1)}
    write_json(tmp_path / "dataset.json", covers)
    write_image(tmp_path / "images/0001.jpg")
    return tmp_path


def names(folder: Path, split: str) -> list[str]:
    return [document.name for document in DATA_SET.documents(folder, split)]


def test_each_cover_belongs_to_the_split_of_its_number(folder):
    assert names(folder, "val") == ["0002"]
    assert names(folder, "test") == ["0003"]


def test_covers_that_are_neither_jpg_nor_png_are_left_out(folder):
    assert names(folder, "train") == ["0001", "0005"], "a cover that was not downloaded stays: its answers are wrong"


def test_an_image_has_the_id_of_its_cover_and_the_ending_of_its_address(folder):
    [document] = DATA_SET.documents(folder, "val")
    assert document.pages == (FilePage("images/0002.png"),)


def test_each_question_has_one_answer(folder):
    first = next(DATA_SET.documents(folder, "train"))
    assert first.items == (
        Item("0001-0", {"question": QUESTIONS[0], "answers": ["Jane Austen"]}),
        Item("0001-1", {"question": QUESTIONS[1], "answers": ["Yes"]}),
    )


def test_answers_must_be_equal_but_for_case_and_outer_blanks(folder):
    items = [Item(str(i), {"question": "q", "answers": ["Test Preparation"]}) for i in range(4)]
    scores = DATA_SET.score(items, [" test preparation ", "test-preparation", "preparation", ""])
    assert scores == {"exact": 0.25, "accuracy": 0.5}
    assert DATA_SET.metric == "exact"


def test_another_folder_is_refused_with_what_was_expected_and_found(folder, tmp_path):
    write_json(folder / "dataset.json", {"0001": {"title": "Emma"}})
    with pytest.raises(
        UsageError, match=r"dataset\.json is not the list of OCR-VQA: each cover needs answers, imageURL"
    ):
        names(folder, "train")
    (folder / "dataset.json").unlink()
    with pytest.raises(UsageError, match=r"has no dataset\.json: expected OCR-VQA: .*; found images/"):
        names(folder, "train")


@pytest.mark.parametrize("damage", [{"answers": ["Jane Austen"]}, {"questions": [None, "b"]}, {"imageURL": None}])
def test_a_damaged_cover_is_named(tmp_path, damage):
    (tmp_path / "images").mkdir()
    write_json(tmp_path / "dataset.json", {"0009": {**cover(1), **damage}})
    with pytest.raises(UsageError, match=r"dataset\.json is not the list of OCR-VQA at 0009 .*download it again"):
        names(tmp_path, "train")
