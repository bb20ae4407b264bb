"""Entities are read from BIO tags, or from words with the same label."""

from __future__ import annotations

from trainer.tasks.labels.scores import are_bio_tags, entities_of


def test_an_entity_ends_at_the_next_one_and_at_another_label():
    tags = ["B-A", "I-A", "B-A", "O", "I-B", "I-A"]
    assert entities_of(tags, bio=True) == [("A", range(2)), ("A", range(2, 3)), ("B", range(4, 5)), ("A", range(5, 6))]


def test_words_with_the_same_label_are_an_entity():
    labels = ["title", "title", "O", "text", "title"]
    assert entities_of(labels, bio=False) == [("title", range(2)), ("text", range(3, 4)), ("title", range(4, 5))]
    assert entities_of(["O"], bio=False) == []


def test_all_labels_but_the_one_of_other_words_must_be_tags():
    assert are_bio_tags(["O", "B-X", "I-X"])
    assert not are_bio_tags(["O", "B-X", "title"])
