"""Own questions: a line per question, documents of any kind and any number of pages."""

from __future__ import annotations

import json
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from schemas import UsageError
from tests.trainer.letters import write_pdf
from trainer.data.items.pages import open_split
from trainer.settings.data import DataSettings
from trainer.tasks.datasets.questions.own import DATA_SET


def write(folder: Path, *rows: dict, split: str = "train") -> Path:
    (folder / f"{split}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def test_questions_about_a_file_are_one_document_with_all_its_pages(tmp_path):
    with pymupdf.open() as document:
        for _ in range(3):
            document.new_page()
        document.save(tmp_path / "a.pdf")
    frames = [Image.new("1", (9, 9)) for _ in range(2)]
    frames[0].save(tmp_path / "b.tif", save_all=True, append_images=frames[1:])
    rows = [{"file": name, "question": "q", "answers": ["a"]} for name in ("a.pdf", "b.tif", "a.pdf", "c.png")]
    pdf, tiff, png = DATA_SET.documents(write(tmp_path, *rows), "train")
    assert [(page.file, page.page) for page in pdf.pages] == [("a.pdf", 1), ("a.pdf", 2), ("a.pdf", 3)]
    assert [page.page for page in tiff.pages] == [1, 2]
    assert [page.page for page in png.pages] == [1]
    assert [item.id for item in pdf.items] == ["train-1", "train-3"]


def test_a_question_about_one_page_reads_only_that_page(tmp_path):
    rows = [{"file": "a.pdf", "question": "q", "answers": [], "page": 2, "id": "x"}]
    [document] = DATA_SET.documents(write(tmp_path, *rows), "train")
    assert [page.page for page in document.pages] == [2]
    assert document.items[0].id == "x"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("text", "it is not a JSON object"),
        ({}, "'question' is missing"),
        ({"file": "a"}, "'question' is missing"),
        ({"file": "a", "question": 3}, "must be texts"),
        ({"file": "a", "question": "b", "answers": "c"}, "answers must be a list"),
        ({"file": "a", "question": "b", "answers": [""]}, "must be texts that are not empty"),
        ({"file": "a", "question": "b", "answer": ["c"]}, "answer is not one of file, question, answers, page, id"),
        ({"file": "a", "question": "b", "page": 0}, "page must be a number from 1"),
        ({"file": "a\ud800", "question": "b"}, "surrogates not allowed"),
        ({"file": "a", "question": "b\ud800"}, "surrogates not allowed"),
    ],
)
def test_a_line_that_is_no_question_is_named_with_the_reason(tmp_path, row, reason):
    write(tmp_path, {"file": "a", "question": "q"}, row)
    with pytest.raises(UsageError, match=r"train\.jsonl, line 2 is not a question .* expected own quest") as caught:
        list(DATA_SET.documents(tmp_path, "train"))
    assert reason in str(caught.value)


@pytest.mark.parametrize("file", ["/data/a.pdf", "../../a.pdf", "b/../../a.pdf", "", " "])
def test_a_file_outside_of_the_folder_is_refused(tmp_path, file):
    write(tmp_path, {"file": file, "question": "q"})
    with pytest.raises(UsageError, match=r"line 1 is not a question \(file must be a path within the folder\)"):
        list(DATA_SET.documents(tmp_path, "train"))


def test_lines_are_utf_8_with_or_without_a_mark(tmp_path):
    row = json.dumps({"file": "a.png", "question": "Où\u2028?"}, ensure_ascii=False)
    (tmp_path / "train.jsonl").write_text(f"{row}\r\n\n", encoding="utf-8-sig")
    [document] = DATA_SET.documents(tmp_path, "train")
    assert document.items[0].annotation["question"] == "Où\u2028?"
    (tmp_path / "train.jsonl").write_bytes(row.encode("latin-1", "replace"))
    with pytest.raises(UsageError, match=r"line 1 is not a question .*decode"):
        list(DATA_SET.documents(tmp_path, "train"))


def test_another_folder_is_refused_with_what_was_expected_and_found(tmp_path):
    with pytest.raises(UsageError, match=r"has no val\.jsonl: expected own questions: .*; found train\.jsonl"):
        list(DATA_SET.documents(write(tmp_path), "val"))


def test_a_file_without_questions_is_refused_as_empty(tmp_path):
    with pytest.raises(UsageError, match=r"train\.jsonl is empty: write a line of JSON for each item"):
        list(DATA_SET.documents(write(tmp_path), "train"))


def test_the_first_page_that_shows_an_answer_trains_the_model(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    with pymupdf.open() as whole:
        for number in (0, 1, 2):
            with pymupdf.open(write_pdf(tmp_path / f"{number}.pdf", number)) as letter:
                whole.insert_pdf(letter)
        whole.save(folder / "letters.pdf")
    rows = [{"file": "letters.pdf", "question": "q", "answers": [answer]} for answer in ("400 USD", "Garcia", "absent")]
    settings = DataSettings(cache_dir=str(tmp_path / "cache"))
    pages = open_split(DATA_SET, write(folder, *rows), "train", "t5", settings).of(lambda _: True)
    found = {pages.sample(row).item.annotation["answers"][0]: pages.sample(row).number for row in range(len(pages))}
    assert found == {"400 USD": 2, "Garcia": 1, "absent": 0}
    assert [len(item.rows) for item in pages.items] == [3, 3, 3]
