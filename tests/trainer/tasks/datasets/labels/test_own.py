"""Own labels: a line per page, any set of labels, BIO tags or not."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from schemas import UsageError
from tests.trainer.tasks.item_samples import TOKENIZER
from trainer.model.config import MODEL_SIZES
from trainer.tasks.datasets.labels.own import DATA_SET
from trainer.tasks.items import Item
from trainer.tasks.labels.task import WordLabels

SETTINGS = {"max_text_tokens": 64, "reads_images": True}


def word(text: str, label: str | None = None) -> dict[str, Any]:
    return {"text": text, "box": [1, 2, 3, 4], **({} if label is None else {"label": label})}


def write(folder: Path, *rows: Any, split: str = "train") -> Path:
    (folder / f"{split}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def task_of(folder: Path) -> WordLabels:
    settings = SimpleNamespace(data=str(folder), train_split="", **SETTINGS)
    return DATA_SET.make_task(settings, MODEL_SIZES["tiny"], TOKENIZER, 0)


def scores_of(task: WordLabels, gold: list[str], found: list[str]) -> dict[str, float]:
    return task.scores([Item("a", {"labels": [gold]})], [[found]])


def test_a_line_is_a_page_with_a_label_for_each_word(tmp_path):
    row = {"file": "a.pdf", "page": 2, "words": [word("Total:", "B-KEY"), word("9.00", "B-TOTAL"), word("USD")]}
    [document] = DATA_SET.documents(write(tmp_path, row), "train")
    [page] = document.pages
    assert (page.file, page.page, page.size) == ("a.pdf", 2, None)
    assert [(given.text, given.box) for given in page.words or ()] == [
        (t, (1, 2, 3, 4)) for t in ("Total:", "9.00", "USD")
    ]
    assert document.items[0].annotation == {"labels": [["B-KEY", "B-TOTAL", "O"]]}


def test_words_without_text_are_left_out_and_an_empty_label_is_none(tmp_path):
    row = {"file": "a.png", "words": [word(" ", "A"), word("b", ""), word("c", "A")]}
    [document] = DATA_SET.documents(write(tmp_path, row), "train")
    assert [given.text for given in document.pages[0].words or ()] == ["b", "c"]
    assert document.items[0].annotation == {"labels": [["O", "A"]]}


def test_a_page_without_a_file_has_a_size(tmp_path):
    rows = [{"size": [300, 400], "words": [word("a")], "id": "x"}, {"words": [word("a")]}]
    assert next(DATA_SET.documents(write(tmp_path, rows[0]), "train")).pages[0].size == (300, 400)
    with pytest.raises(UsageError, match=r"line 2 is not a labelled page \(a page without file needs its size\)"):
        list(DATA_SET.documents(write(tmp_path, *rows), "train"))


def test_the_pages_of_a_file_are_on_the_same_side_of_the_held_out_share(tmp_path):
    rows = [{"file": name, "page": page, "words": [word("a")]} for name in ("a.pdf", "b.pdf") for page in (1, 2)]
    documents = list(DATA_SET.documents(write(tmp_path, *rows), "train"))
    assert [document.source for document in documents] == ["a.pdf", "a.pdf", "b.pdf", "b.pdf"]
    assert len({document.name for document in documents}) == 4


def test_the_labels_are_those_of_the_training_file(tmp_path):
    write(tmp_path, {"file": "a.png", "words": [word("a", "B-X"), word("b", "B-B"), word("c", "I-X"), word("d")]})
    write(tmp_path, {"file": "b.png", "words": [word("a", "B-OTHER")]}, split="val")
    assert task_of(tmp_path).labels == ("O", "B-B", "B-X", "I-X")


def test_an_exported_model_needs_no_training_file(tmp_path):
    write(tmp_path, {"file": "a.png", "words": [word("a", "title"), word("b", "text")]})
    task = task_of(tmp_path)
    settings = SimpleNamespace(**task.record())
    assert DATA_SET.make_task(settings, MODEL_SIZES["tiny"], TOKENIZER, 0).labels == task.labels


def test_bio_tags_are_scored_as_entities(tmp_path):
    task = task_of(write(tmp_path, {"file": "a.png", "words": [word("a", "B-X"), word("b", "I-X"), word("c")]}))
    assert scores_of(task, ["B-X", "I-X", "O", "B-X"], ["B-X", "O", "O", "B-X"])["f1"] == 0.5


def test_other_labels_are_scored_word_by_word(tmp_path):
    task = task_of(write(tmp_path, {"file": "a.png", "words": [word("a", "title"), word("b", "text")]}))
    scores = scores_of(task, ["title", "text", "text", "O"], ["title", "text", "O", "O"])
    assert scores == {"f1": pytest.approx((1 + 2 / 3) / 2), "accuracy": 0.75}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("text", "not a labelled page"),
        ({"file": "a.png"}, "'words' is missing"),
        ({"file": 3, "words": []}, "file must be a text"),
        ({"file": "/a.png", "words": []}, "file must be a path within the folder"),
        ({"file": "a.png", "words": ["a"]}, "word 1 needs a text"),
        ({"file": "a.png", "words": [word("a"), {"text": "b"}]}, "word 2 needs a box of four numbers"),
        ({"file": "a.png", "words": [{**word("a"), "box": [1, 2, 3]}]}, "word 1 needs a box of four numbers"),
        ({"file": "a.png", "words": [{**word("a"), "label": 3}]}, "the label of word 1 must be a text"),
        ({"file": "a.png", "words": [{**word("a"), "labels": "B-X"}]}, "labels is not one of text, box, label"),
        ({"file": "a.png", "words": [], "label": []}, "label is not one of file, words, page, size, id"),
        ({"file": "../a.png", "words": []}, "file must be a path within the folder"),
        ({"file": "a.png", "words": [{**word("a"), "label": "\ud800"}]}, "surrogates not allowed"),
        ({"file": "a.png", "words": [], "page": 0}, "page 0"),
        ({"file": "a.png", "words": [], "size": [0, 1]}, "0 is not above 0"),
        ({"file": "a.png", "words": [], "id": "train-1"}, "has the id train-1 of line 1"),
    ],
)
def test_a_line_of_another_form_is_named_with_the_reason(tmp_path, row, reason):
    write(tmp_path, {"file": "a.png", "words": []}, row)
    with pytest.raises(UsageError, match=r"train\.jsonl, line 2 ") as caught:
        list(DATA_SET.documents(tmp_path, "train"))
    assert reason in str(caught.value)


def test_a_training_file_without_labels_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"train\.jsonl has no word with a label: expected own labels"):
        task_of(write(tmp_path, {"file": "a.png", "words": [word("a")]}))
