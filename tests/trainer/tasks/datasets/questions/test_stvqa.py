"""ST-VQA has images in the folders of their sources, and no split for validation."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas import UsageError
from schemas.page_file import FilePage
from tests.trainer.tasks.datasets.files import write_image, write_json
from trainer.tasks.datasets.questions.stvqa import DATA_SET

COCO, ICDAR = "coco-text/COCO_train2014_1.jpg", "icdar/img_1.jpg"


def question(number: int, path: str, **more: object) -> dict:
    source, name = path.split("/")
    facts = {"file_name": name, "file_path": path, "dataset": source, "image_width": 256, "image_height": 256}
    return {"question_id": number, "question": "what does the sign say?", **facts, **more}


@pytest.fixture
def folder(tmp_path) -> Path:
    rows = [question(1, COCO, answers=["stop", "STOP"]), question(2, ICDAR, answers=["exit"])]
    write_json(tmp_path / "train_task_3.json", {"data": [*rows, question(3, COCO, answers=["way"])]})
    write_json(tmp_path / "train_task_1.json", {"data": []})
    for path in (COCO, ICDAR):
        write_image(tmp_path / path)
    return tmp_path


def test_images_are_read_by_folio(folder):
    first, second = DATA_SET.documents(folder, "train")
    assert (first.pages, second.pages) == ((FilePage(COCO),), (FilePage(ICDAR),))
    assert [item.id for item in first.items] == ["1", "3"]
    assert first.items[0].annotation == {"question": "what does the sign say?", "answers": ["stop", "STOP"]}


def test_images_may_lie_in_the_folder_of_their_split(folder):
    write_image(folder / "train_imgs" / COCO)
    assert next(DATA_SET.documents(folder, "train")).pages == (FilePage(f"train_imgs/{COCO}"),)


def test_the_test_split_has_no_answers(folder):
    write_json(folder / "test_task_3.json", {"data": [question(9, ICDAR)]})
    write_image(folder / "test_task3_imgs" / ICDAR)
    [document] = DATA_SET.documents(folder, "test")
    assert document.pages == (FilePage(f"test_task3_imgs/{ICDAR}"),)
    assert document.items[0].annotation["answers"] == []


def test_a_share_of_the_training_images_is_held_out():
    assert DATA_SET.splits == ("train", "test")
    assert DATA_SET.validation == ""


def test_another_folder_is_refused_with_what_was_expected_and_found(folder):
    (folder / "train_task_3.json").unlink()
    with pytest.raises(UsageError, match=r"has no train_task_3\.json: expected ST-VQA: .*; found coco-text/, icdar/"):
        list(DATA_SET.documents(folder, "train"))
