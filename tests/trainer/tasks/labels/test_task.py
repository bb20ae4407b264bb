"""Labels follow their words into reading order, and every word is labelled once, also in overlapping windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.tasks.item_samples import TOKENIZER, item_sample
from trainer.model.batch import IGNORE
from trainer.tasks.items import Item, ItemSample
from trainer.tasks.labels.task import LabelExample, TokenLabels, WordLabels

LABELS = ("O", "B-A", "B-B")


def task_of(max_text_tokens: int, labels: tuple[str, ...] = LABELS) -> WordLabels:
    return WordLabels(
        labels,
        lambda items, predictions: {"f1": 0.0},
        "f1",
        max_text_tokens=max_text_tokens,
        reads_images=False,
        tokenizer=TOKENIZER,
        seed=0,
    )


def labelled(example: LabelExample, classes: np.ndarray) -> TokenLabels:
    """The output of a model that gives the words of a window these labels."""
    numbers = np.zeros(len(example.input_ids), np.int64)
    numbers[example.places] = classes
    return TokenLabels(numbers, np.full(len(numbers), 0.5, np.float32))


def sample_of(labels: list[str], sources: list[int]) -> ItemSample:
    """A page whose word i comes from the given word `sources[i]`; a word has one to three tokens."""
    texts = [("a", "total", "1234567")[source % 3] for source in sources]
    return item_sample(texts, Item("k", {"labels": [labels]}), sources)


@given(st.permutations(list(range(9))), st.integers(8, 40))
def test_predicted_labels_come_back_to_the_given_words(sources, max_text_tokens):
    labels = [LABELS[i % 3] for i in range(9)]
    task, sample = task_of(max_text_tokens), sample_of(labels, sources)
    outputs = []
    for example in task.windows(sample):
        assert len(example.input_ids) <= max_text_tokens
        outputs.append((0, example, labelled(example, example.classes)))
    assert task.combine(sample.item, outputs) == [labels]


def test_words_that_are_not_on_the_page_are_outside_of_all_entities():
    task, sample = task_of(32), sample_of(["B-A", "B-B", "B-A"], [2, 0])
    [example] = task.windows(sample)
    output = labelled(example, example.classes)
    assert task.combine(sample.item, [(0, example, output)]) == [["B-A", "O", "B-A"]]
    assert task.combine(sample.item, []) == [["O", "O", "O"]]


def test_the_words_of_a_page_are_labelled_without_given_words():
    task = task_of(12)
    sample = item_sample(["a", "total", "1234567", "a"], Item("", {}))
    outputs = []
    for example in task.windows(sample):
        outputs.append((0, example, labelled(example, example.words % 3)))
    assert task.page_labels(4, outputs) == [(text, 0.5) for text in ("O", "B-A", "B-B", "O")]
    assert task.page_labels(4, []) == [("O", 0)] * 4


def test_only_the_first_token_of_a_word_is_labelled():
    task = task_of(32)
    [example] = task.windows(sample_of(["B-A", "B-B", "B-A"], [0, 1, 2]))
    [row] = task.label_tensors([example], 32)["word_labels"].tolist()
    assert [label for label in row if label != IGNORE] == [1, 2, 1]
    assert len(example.input_ids) > 4, "the last word has several tokens"


def test_a_given_word_with_blanks_is_one_entity_and_scored_at_its_first_part():
    task = task_of(64, ("O", "B-A", "I-A", "title"))
    sample = item_sample(["12.50", "EUR", "the", "end"], Item("k", {"labels": [["B-A", "title"]]}), [0, 0, 1, 1])
    [example] = task.windows(sample)
    assert [task.labels[number] for number in example.classes] == ["B-A", "I-A", "title", "title"]
    for classes in ([1, 2, 3, 0], [1, 0, 3, 1]):
        output = labelled(example, np.array(classes))
        assert task.combine(sample.item, [(0, example, output)]) == [["B-A", "title"]]


def test_the_other_parts_of_a_given_word_are_not_supervised_if_there_is_no_label_for_them():
    sample = item_sample(["12.50", "EUR"], Item("k", {"labels": [["B-A"]]}), [0, 0])
    [example] = task_of(64).windows(sample)
    assert example.classes.tolist() == [1, IGNORE]


def test_an_unknown_label_is_not_supervised():
    [example] = task_of(32).windows(sample_of(["other", "B-B"], [0, 1]))
    assert example.classes.tolist() == [IGNORE, 2]


@pytest.mark.parametrize("epoch", [0, 1])
def test_the_example_of_an_epoch_is_the_same_each_time(epoch):
    task, sample = task_of(8), sample_of(["B-A"] * 9, list(range(9)))
    first, again = task.example(sample, epoch), task.example(sample, epoch)
    assert first.input_ids.tolist() == again.input_ids.tolist()
    assert first.classes.tolist() == again.classes.tolist()
