"""TextVQA is read with the words of Rosetta, and scored by the accuracy of VQA."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas import UsageError
from schemas.page_file import FilePage, GivenWord
from tests.trainer.tasks.datasets.files import write_image, write_json
from tests.trainer.tasks.datasets.samples import SAMPLES, needs_samples
from trainer.tasks.datasets.questions.textvqa import DATA_SET
from trainer.tasks.items import Item

TEN = [*["dakota"] * 5, *["dakota digital"] * 3, "nous les gosses", "clos culombu"]


def question(number: int, image: str, **more: object) -> dict:
    facts = {"image_width": 800, "image_height": 600, "image_classes": ["Camera"], "set_name": "val"}
    return {"question_id": number, "question": "what brand?", "question_tokens": [], "image_id": image, **facts, **more}


def seen(image: str, *words: str, boxes: bool = True) -> dict:
    box = {"top_left_x": 0.25, "top_left_y": 0.5, "width": 0.5, "height": 0.25, "rotation": 0, "yaw": 0, "roll": 0}
    infos = [{"word": word, "bounding_box": box} for word in words] if boxes else []
    return {"image_id": image, "ocr_tokens": list(words), "ocr_info": infos}


@pytest.fixture
def folder(tmp_path) -> Path:
    rows = [question(34602, "a", answers=TEN), question(34603, "b", answers=TEN), question(34604, "a", answers=TEN)]
    write_json(tmp_path / "TextVQA_0.5.1_val.json", {"dataset_name": "textvqa", "data": rows})
    write_json(tmp_path / "TextVQA_Rosetta_OCR_v0.2_val.json", {"data": [seen("a", "DAKOTA"), seen("c", "x")]})
    for name in ("a", "b"):
        write_image(tmp_path / f"train_images/{name}.jpg")
    return tmp_path


def test_images_for_validation_lie_beside_those_for_training(folder):
    first, second = DATA_SET.documents(folder, "val")
    assert [item.id for item in first.items] == ["34602", "34604"]
    assert first.items[0].annotation == {"question": "what brand?", "answers": TEN}
    assert first.pages[0].file == "train_images/a.jpg"
    assert second.pages == (FilePage("train_images/b.jpg"),), "Rosetta has no words: Folio reads the image"


def test_the_boxes_of_rosetta_are_shares_of_the_image(folder):
    [page] = next(DATA_SET.documents(folder, "val")).pages
    assert page.words == (GivenWord("DAKOTA", (200, 300, 600, 450)),)
    assert (page.size, page.engine) == ((800, 600), "rosetta")


def test_images_whose_words_have_no_boxes_are_read_by_folio(folder):
    seen_again = [seen("a", "DAKOTA", boxes=False), seen("b")]
    write_json(folder / "TextVQA_Rosetta_OCR_v0.2_val.json", {"data": seen_again})
    first, second = DATA_SET.documents(folder, "val")
    assert first.pages == (FilePage("train_images/a.jpg"),)
    assert second.pages[0].words == (), "Rosetta has found that there is no text"


def test_without_the_file_of_rosetta_all_images_are_read_by_folio(folder):
    (folder / "TextVQA_Rosetta_OCR_v0.2_val.json").unlink()
    assert all(page.words is None for document in DATA_SET.documents(folder, "val") for page in document.pages)


def test_the_test_split_has_its_own_images_and_no_answers(folder):
    write_json(folder / "TextVQA_0.5.1_test.json", {"data": [question(1, "z")]})
    [document] = DATA_SET.documents(folder, "test")
    assert document.pages[0].file == "test_images/z.jpg"
    assert document.items[0].annotation["answers"] == []


def test_answers_are_scored_by_how_many_people_gave_them():
    items = [Item(str(number), {"question": "q", "answers": TEN}) for number in range(4)]
    scores = DATA_SET.score(items, ["dakota", "Dakota Digital", "nous les gosses", "sony"])
    assert scores["accuracy"] == pytest.approx((1 + 0.9 + 0.3 + 0) / 4)
    assert DATA_SET.metric in scores


def test_another_folder_is_refused_with_what_was_expected_and_found(folder):
    with pytest.raises(UsageError, match=r"has no TextVQA_0\.5\.1_train\.json: expected TextVQA: .*; found TextVQA_0"):
        list(DATA_SET.documents(folder, "train"))
    write_json(folder / "TextVQA_Rosetta_OCR_v0.2_val.json", {"data": [{"image_id": "a"}]})
    with pytest.raises(UsageError, match=r"v0\.2_val\.json is not a file of Rosetta"):
        list(DATA_SET.documents(folder, "val"))


@needs_samples
def test_the_real_questions_are_read():
    documents = list(DATA_SET.documents(SAMPLES / "textvqa", "val"))
    items = [item for document in documents for item in document.items]
    assert (len(documents), len(items)) == (1583, 2486)
    assert all(len(item.annotation["answers"]) == 10 for item in items)
    most_given = [max(item.annotation["answers"], key=item.annotation["answers"].count) for item in items]
    assert DATA_SET.score(items, most_given)["accuracy"] > 0.95, "people agree"
