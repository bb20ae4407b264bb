"""The words of fields are labelled where the values stand, and the fields are read back from the labels."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.trainer.tasks.item_samples import TOKENIZER, item_sample
from trainer.model.batch import IGNORE
from trainer.tasks.datasets.labels.sroie import DATA_SET
from trainer.tasks.items import Item, Output
from trainer.tasks.labels.fields import FieldLabels, tags_of_values
from trainer.tasks.labels.task import TokenLabels

WORDS = ["TAN", "YANN", "3", "JALAN", "4", "Total", "12.50", "cash", "12.50"]
VALUES = {"company": ["TAN YANN"], "date": [], "address": ["3, JALAN 4"], "total": ["12.50"]}
ITEM = Item("r", {"document": "r", "values": VALUES})


def task_of(max_text_tokens: int = 64) -> FieldLabels:
    settings = SimpleNamespace(max_text_tokens=max_text_tokens, reads_images=False)
    return DATA_SET.make_task(settings, None, TOKENIZER, 0)


def perfect_outputs(task: FieldLabels, item: Item, words: list[str], number: int = 0) -> list[Output]:
    """The outputs of a model that has learned the labels of a page."""
    outputs = []
    for example in task.windows(item_sample(words, item)):
        numbers = np.zeros(len(example.input_ids), np.int64)
        numbers[example.places] = example.classes
        outputs.append((number, example, TokenLabels(numbers, np.full(len(numbers), 0.9, np.float32))))
    return outputs


def test_values_are_tagged_at_all_their_places():
    assert tags_of_values(WORDS, VALUES) == [
        *("B-company", "I-company", "B-address", "I-address", "I-address", "O", "B-total", "O", "B-total")
    ]


def test_the_longer_of_two_values_at_one_place_counts():
    assert tags_of_values(["4", "JALAN", "4"], {"total": ["4"], "address": ["4 JALAN"]}) == [
        *("B-address", "I-address", "B-total")
    ]


@pytest.mark.parametrize("max_text_tokens", [12, 64])
def test_right_labels_give_the_words_of_the_fields(max_text_tokens):
    task = task_of(max_text_tokens)
    found = task.combine(ITEM, perfect_outputs(task, ITEM, WORDS))
    assert found == {"company": "TAN YANN", "address": "3 JALAN 4", "total": "12.50"}


def test_the_entity_with_the_highest_score_on_any_page_is_the_field():
    task = task_of()
    first, second = (perfect_outputs(task, ITEM, words, number) for number, words in enumerate([WORDS, ["12.5", "0"]]))
    [(_, _, output)] = second
    output.scores[:] = 0.95
    assert task.combine(ITEM, [*first, *second])["total"] == "12.5 0"
    output.scores[:] = 0.85
    assert task.combine(ITEM, [*first, *second])["total"] == "12.50"


def test_a_document_without_usable_pages_has_no_fields():
    assert task_of().combine(ITEM, []) == {}


def test_words_have_no_labels_if_the_truth_is_not_known():
    [example] = task_of().windows(item_sample(WORDS, Item("r", {"document": "r"})))
    assert set(example.classes.tolist()) == {IGNORE}


def test_fields_are_scored_as_if_they_had_been_asked_for():
    """3 fields right, 1 not given: precision 1, recall .75; 2 right, 1 wrong, 1 not given: 5 of 6 and 5 of 8."""
    values = {"company": ["A"], "date": ["1/1/18"], "address": ["B"], "total": ["2.00"]}
    items = [Item(name, {"document": name, "values": values}) for name in ("r", "s")]
    found = [{"company": "A", "date": "1/1/18", "address": "B"}, {"company": "A", "date": "1/1/18", "address": "C"}]
    one = DATA_SET.scores(items[:1], found[:1])
    both = DATA_SET.scores(items, found)
    assert (one["precision"], one["recall"]) == (1, 0.75)
    assert (both["precision"], both["recall"]) == (pytest.approx(5 / 6), pytest.approx(5 / 8))
    assert both["f1_total"] == 0


def test_a_bar_belongs_to_the_text_of_a_field():
    item = Item("r", {"document": "r", "values": {"company": ["A | B"]}})
    assert DATA_SET.scores([item], [{"company": "A | B"}])["f1"] == 1


def test_receipts_without_key_files_have_no_truth(tmp_path):
    folder = tmp_path / "test/box"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("1,2,3,2,3,4,1,4,TOTAL")
    [receipt] = DATA_SET.documents(tmp_path, "test")
    assert not DATA_SET.has_truth(receipt.items[0])
    assert DATA_SET.has_truth(ITEM)
