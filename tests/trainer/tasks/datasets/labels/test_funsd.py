"""FUNSD's forms become pages with a tag per word."""

from __future__ import annotations

from collections import Counter

import pytest

from schemas import UsageError
from tests.trainer.forms import write_funsd
from tests.trainer.tasks.datasets.files import write_json
from tests.trainer.tasks.datasets.samples import SAMPLES, needs_samples
from trainer.tasks.datasets.labels.funsd import DATA_SET, read_form


def entity(label: str, *words: tuple[str, int]) -> dict:
    boxes = [{"text": text, "box": [x, 0, x + 9, 10]} for text, x in words]
    return {"id": 0, "label": label, "text": "", "box": [0, 0, 99, 10], "words": boxes, "linking": [[0, 0]]}


def test_words_keep_their_own_boxes_and_get_the_tags_of_their_entity():
    words, labels = read_form([entity("question", ("Due", 0), ("date:", 20)), entity("answer", ("May", 50))])
    assert [(word.text, word.box) for word in words] == [
        ("Due", (0, 0, 9, 10)),
        ("date:", (20, 0, 29, 10)),
        ("May", (50, 0, 59, 10)),
    ]
    assert labels == ["B-QUESTION", "I-QUESTION", "B-ANSWER"]


def test_other_words_are_outside_of_all_entities():
    assert read_form([entity("other", ("Page", 0), ("1", 20)), entity("header", ("FORM", 40))])[1] == [
        "O",
        "O",
        "B-HEADER",
    ]


def test_blank_words_and_empty_entities_are_left_out():
    words, labels = read_form([entity("answer", (" ", 0), ("May", 20), ("", 40)), entity("answer")])
    assert [word.text for word in words] == ["May"]
    assert labels == ["B-ANSWER"]


def test_the_forms_of_a_split_are_read_in_the_order_of_their_names(tmp_path):
    documents = list(DATA_SET.documents(write_funsd(tmp_path, train=3, test=1), "train"))
    assert [document.name for document in documents] == ["form0", "form1", "form2"]
    assert documents[0].pages[0].file == "training_data/images/form0.png"
    assert len(documents[0].items[0].annotation["labels"][0]) == len(documents[0].pages[0].words)


def test_another_folder_is_refused_with_what_was_expected_and_found(tmp_path):
    write_json(tmp_path / "training_data/form.json", {})
    with pytest.raises(UsageError, match=r"has no training_data/annotations: expected FUNSD: .*; found training_data/"):
        list(DATA_SET.documents(tmp_path, "train"))


@needs_samples
def test_the_real_training_half_is_read():
    documents = list(DATA_SET.documents(SAMPLES / "funsd", "train"))
    tags = Counter(tag for document in documents for tag in document.items[0].annotation["labels"][0])
    assert len(documents) == 149
    assert tags.total() == 22_512 - 624, "all words without the blank ones"
    assert tags.keys() == {"O", "B-HEADER", "I-HEADER", "B-QUESTION", "I-QUESTION", "B-ANSWER", "I-ANSWER"}
    assert 2_500 < tags["B-ANSWER"] <= 2_802, "some answers hold no word"
