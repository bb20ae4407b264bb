"""FUNSD's links lead from questions to answers, and count once."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import UsageError
from tests.trainer.forms import write_funsd
from tests.trainer.tasks.datasets.samples import SAMPLES, needs_samples
from trainer.tasks.datasets.links.funsd import DATA_SET, read_links


def entity(number: int, label: str, texts: list[str], *links: list[int]) -> dict[str, Any]:
    words = [{"text": text, "box": [0, 0, 9, 9]} for text in texts]
    return {"id": number, "label": label, "words": words, "linking": list(links)}


def test_a_link_that_both_entities_list_counts_once():
    form = [entity(7, "answer", ["May"], [3, 7]), entity(3, "question", ["Due", "date:"], [3, 7])]
    assert read_links(form) == {"questions": [[1, 2]], "answers": [[0]], "links": [[0, 0]]}


def test_only_links_from_questions_to_answers_count():
    form = [
        entity(0, "header", ["FORM"], [0, 1]),
        entity(1, "question", ["Date:"], [0, 1], [1, 1], [1, 2], [1, 9]),
        entity(2, "other", ["x"], [1, 2]),
        entity(3, "answer", ["May"], [3, 1]),
    ]
    assert read_links(form)["links"] == []


def test_an_answer_may_belong_to_two_questions():
    form = [
        entity(0, "question", ["Row"], [0, 2]),
        entity(1, "question", ["Column"]),
        entity(2, "answer", ["5"], [1, 2]),
    ]
    assert read_links(form)["links"] == [[0, 0], [1, 0]]


def test_entities_without_words_are_left_out_with_their_links():
    form = [
        entity(0, "question", ["A", " "], [0, 1], [0, 2]),
        entity(1, "answer", ["", " "], [0, 1]),
        entity(2, "answer", ["b"], [0, 2]),
    ]
    assert read_links(form) == {"questions": [[0]], "answers": [[1]], "links": [[0, 0]]}


def test_the_words_of_an_entity_are_those_of_the_page(tmp_path):
    for document in DATA_SET.documents(write_funsd(tmp_path, train=2, test=1), "train"):
        [item], [page] = document.items, document.pages
        texts = [[page.words[word].text for word in words] for words in item.annotation["questions"][0]]
        assert sorted(texts) == [["Date:"], ["Name:"], ["Order:"], ["Total:"]]
        assert sorted(item.annotation["links"][0]) == [[0, 0], [1, 1], [2, 2], [3, 3]]


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"has no testing_data/annotations: expected FUNSD: "):
        list(DATA_SET.documents(tmp_path, "test"))


@needs_samples
def test_the_real_training_half_is_read():
    items = [document.items[0].annotation for document in DATA_SET.documents(SAMPLES / "funsd", "train")]
    links = [pair for item in items for pair in item["links"][0]]
    assert (len(items), len(links)) == (149, 3_049)
    assert sum(len(item["questions"][0]) for item in items) <= 3_266
