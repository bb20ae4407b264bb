"""SROIE: four fields of receipts, with the lines of its box files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas import UsageError
from schemas.page_file import GivenWord
from tests.trainer.tasks.datasets.files import write_image
from tests.trainer.tasks.datasets.samples import SAMPLES, needs_samples
from trainer.tasks.answers.fields import field_items
from trainer.tasks.datasets.fields.sroie import DATA_SET, QUESTIONS
from trainer.tasks.items import ItemDocument

OFFICIAL = ("0325updated.task1train(626p)/{}.jpg", "0325updated.task1train(626p)/{}.txt")
OFFICIAL_KEYS = "0325updated.task2train(626p)/{}.txt"
LAYOUTS = [
    (*OFFICIAL, OFFICIAL_KEYS),
    ("train/img/{}.jpg", "train/box/{}.txt", "train/entities/{}.txt"),
    ("data/img/{}.jpg", "data/box/{}.csv", "data/key/{}.json"),
]
NAME = "X51005255805"
BOXES = "72,25,326,25,326,64,72,64,TAN WOON YANN\r\n\r\n5,90,80,92,80,110,5,108,NO. 3, JALAN 4,\r\n"
KEYS = {"company": "TAN WOON YANN", "date": "25/12/2018", "address": "NO. 3, JALAN 4", "total": ""}


def write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def write_receipt(folder: Path, layout: tuple[str, str, str], name: str = NAME, boxes: str | bytes = BOXES) -> None:
    image, box, keys = (folder / place.format(name) for place in layout)
    write_image(image)
    write(box, boxes)
    write(keys, json.dumps(KEYS))


def documents(folder: Path, split: str = "train") -> list[ItemDocument]:
    return list(DATA_SET.documents(folder, split))


@pytest.mark.parametrize("layout", LAYOUTS, ids=["official", "train and test", "renumbered"])
def test_a_receipt_has_its_lines_and_a_question_per_key_in_each_layout(tmp_path, layout):
    write_receipt(tmp_path, layout)
    [receipt] = documents(tmp_path)
    [page] = receipt.pages
    assert page.file == layout[0].format(NAME)
    assert page.words == (
        GivenWord("TAN WOON YANN", (72, 25, 326, 64)),
        GivenWord("NO. 3, JALAN 4,", (5, 90, 80, 110)),
    )
    assert [item.annotation["answers"] for item in receipt.items] == [
        ["TAN WOON YANN"],
        ["25/12/2018"],
        ["NO. 3, JALAN 4"],
        ["None"],
    ]


def test_files_may_be_in_latin_1_or_begin_with_a_mark_of_utf_8(tmp_path):
    write_receipt(tmp_path, LAYOUTS[0], boxes="1,2,3,2,3,4,1,4,CAFÉ \x85".encode("latin-1"))
    write(tmp_path / OFFICIAL_KEYS.format(NAME), b"\xef\xbb\xbf" + json.dumps({"company": "CAFÉ"}).encode())
    [receipt] = documents(tmp_path)
    assert [word.text for word in receipt.pages[0].words] == ["CAFÉ"]
    assert receipt.items[0].annotation["values"] == ["CAFÉ"]


def test_copies_of_a_receipt_are_left_out(tmp_path):
    for name in (NAME, f"{NAME}(1)", f"{NAME}(12)"):
        write_receipt(tmp_path, LAYOUTS[0], name)
    assert [receipt.name for receipt in documents(tmp_path)] == [NAME]


def test_a_receipt_without_box_file_is_read_by_folio_and_one_without_image_ends_at_its_last_line(tmp_path):
    for name in ("A", "B"):
        write_receipt(tmp_path, LAYOUTS[0], name)
    (tmp_path / OFFICIAL[1].format("A")).unlink()
    (tmp_path / OFFICIAL[0].format("B")).unlink()
    [first], [second] = (receipt.pages for receipt in documents(tmp_path))
    assert (first.file, first.words) == (OFFICIAL[0].format("A"), None)
    assert (second.file, second.size) == ("", (326, 110))


def test_the_truth_of_the_test_split_may_be_absent_or_known_for_some_receipts(tmp_path):
    layout = ("task1&2_test(361p)/{}.jpg", "text.task1&2-test（361p)/{}.txt", "task3-test（347p)/{}.txt")
    for name in ("A", "B"):
        write_receipt(tmp_path, layout, name)
    (tmp_path / layout[2].format("A")).unlink()
    assert [receipt.name for receipt in documents(tmp_path, "test")] == ["B"]
    (tmp_path / layout[2].format("B")).unlink()
    first, second = documents(tmp_path, "test")
    assert first.pages[0].file == layout[0].format("A")
    assert [item.annotation["answers"] for item in (*first.items, *second.items)] == [[]] * 8


def test_the_worked_values_of_a_receipt():
    values = {"company": ["A B"], "date": ["1/2/18"], "address": ["C"], "total": ["9.00"]}
    items = field_items("a", QUESTIONS, values)
    assert DATA_SET.score(items, ["A B", "1/2/18", "C", "9.00"])["f1"] == 1
    assert DATA_SET.score(items, ["A B", "1/2/18", "C", "9.10"])["f1"] == 0.75
    omitted = DATA_SET.score(items, ["A B", "1/2/18", "C", "None"])
    assert (omitted["precision"], omitted["recall"], omitted["f1"]) == (1, 0.75, pytest.approx(6 / 7))
    assert (omitted["f1_company"], omitted["f1_total"]) == (1, 0)


def test_case_and_blanks_count_in_the_score_but_not_in_the_normalized_one():
    scores = DATA_SET.score(field_items("a", QUESTIONS, {"company": ["A  B"]}), ["a b", "None", "None", "None"])
    assert (scores["f1"], scores["f1_normalized"]) == (0, 1)


@pytest.mark.parametrize("boxes", ["1,2,3,4,TOTAL", "a,2,3,4,5,6,7,8,TOTAL"])
def test_another_box_file_is_refused_with_its_row(tmp_path, boxes):
    write_receipt(tmp_path, LAYOUTS[0], boxes=boxes)
    with pytest.raises(UsageError, match=rf"{NAME}\.txt is not a box file, '{boxes}'"):
        documents(tmp_path)


@pytest.mark.parametrize("content", ["text", "[]", '{"total": 9}'])
def test_another_key_file_is_refused(tmp_path, content):
    write_receipt(tmp_path, LAYOUTS[0])
    write(tmp_path / OFFICIAL_KEYS.format(NAME), content)
    with pytest.raises(UsageError, match=rf"{NAME}\.txt is not a file of keys"):
        documents(tmp_path)


def test_another_folder_is_refused_with_what_was_expected_and_found(tmp_path):
    write(tmp_path / "images/a.jpg", "")
    with pytest.raises(UsageError, match=r"has no \*task1train\*/\* or .*: expected SROIE: .*; found images/"):
        documents(tmp_path)
    write(tmp_path / OFFICIAL[1].format(NAME), BOXES)
    with pytest.raises(UsageError, match="has no key files for train: expected SROIE"):
        documents(tmp_path)


@needs_samples
def test_real_receipts_are_read():
    receipts = documents(SAMPLES / "sroie")
    assert len(receipts) == 355
    assert all(len(receipt.pages[0].words) > 5 for receipt in receipts)
    answers = [item.annotation["answers"] for receipt in receipts for item in receipt.items]
    assert answers.count(["None"]) == 1
