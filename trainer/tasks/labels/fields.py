"""Fields of documents as labels of words: the other way than by questions (`trainer.tasks.answers.fields`).

The annotation of an item, which is a whole document, is `{"document": name, "values": {key: [text, ...]}}`; without
`values`, the truth is not known. Nobody has marked where the values stand: words are labelled where the page has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from schemas import Page, Tokenizer
from trainer.model.batch import IGNORE
from trainer.model.config import ModelConfig
from trainer.tasks.answers.fields import NONE, FieldSet, field_items
from trainer.tasks.answers.values import joined
from trainer.tasks.items import DataSet, Item, ItemDocument, ItemSample, Output
from trainer.tasks.labels.scores import entities_of, mean_score, tags_of
from trainer.tasks.labels.task import OUTSIDE, LabelExample, WordLabels
from trainer.tasks.labels.value_places import places_of_value


@dataclass(frozen=True, kw_only=True)
class FieldExample(LabelExample):
    """A window of a page, with the texts of its words."""

    texts: tuple[str, ...]


class FieldLabels(WordLabels):
    """Labels the words of fields, and reads each field from the words with its label."""

    def window(self, sample: ItemSample, window: slice) -> FieldExample:
        """Returns a window of the page with its labels."""
        example = super().window(sample, window)
        words = sample.page().words
        return FieldExample(**vars(example), texts=tuple(words[number].text for number in example.words))

    def classes(self, sample: ItemSample, words: np.ndarray) -> np.ndarray:
        """Returns the numbers of the labels of the words, where the page has the values."""
        values = sample.item.annotation.get("values")
        if values is None:
            return np.full(len(words), IGNORE, np.int64)
        labels = tags_of_values([word.text for word in sample.page().words], values)
        return np.array([self.numbers[labels[word]] for word in words], np.int64)

    def combine(self, item: Item, outputs: Sequence[Output]) -> dict[str, str]:
        """Returns the text of each key: that of the entity with the highest score on any page."""
        best: dict[str, tuple[float, str]] = {}
        for number in sorted({number for number, _, _ in outputs}):
            for key, score, text in self._entities([output for output in outputs if output[0] == number]):
                best[key] = max(best.get(key, (-1.0, "")), (score, text), key=lambda found: found[0])
        return {key: text for key, (_, text) in best.items()}

    def _entities(self, outputs: Sequence[Output]) -> Iterator[tuple[str, float, str]]:
        """Yields key, score and text of the entities of a page."""
        examples = [cast(FieldExample, example) for _, example, _ in outputs]
        texts = {int(n): text for e in examples for n, text in zip(e.words, e.texts, strict=True)}
        labels = self.page_labels(max(texts, default=-1) + 1, outputs)
        for key, words in entities_of([label.text for label in labels], bio=True):
            yield key, mean_score(labels, words), " ".join(texts[word] for word in words)


class FieldLabelSet(DataSet):
    """A data set of fields whose words are labelled.

    Args:
        fields: the same data set with a question per key. It reads the documents, and scores their fields.
        keys: all keys.
    """

    def __init__(self, fields: FieldSet, keys: Sequence[str]) -> None:
        self.name = f"{fields.name}-labels"
        self.splits = fields.splits
        self.validation = fields.validation
        self._fields = fields
        self._keys = tuple(keys)

    def make_task(self, settings: Any, model: ModelConfig, tokenizer: Tokenizer, seed: int) -> FieldLabels:
        """Returns the labelling of the words of fields."""
        return FieldLabels(
            tags_of(self._keys),
            self.scores,
            self._fields.metric,
            max_text_tokens=settings.max_text_tokens,
            reads_images=settings.reads_images,
            tokenizer=tokenizer,
            seed=seed,
        )

    def documents(self, folder: Path, split: str) -> Iterator[ItemDocument]:
        """Yields the documents of a split with an item each."""
        for document in self._fields.documents(folder, split):
            known = {item.annotation["key"]: item.annotation["values"] for item in document.items}
            values = {"values": known} if all(map(self._fields.has_truth, document.items)) else {}
            item = Item(document.name, {"document": document.name, **values})
            yield ItemDocument(document.name, document.pages, (item,), document.source)

    def has_truth(self, item: Item) -> bool:
        """Returns whether the values are known."""
        return "values" in item.annotation

    def shows(self, item: Item, page: Page) -> bool:
        """Returns whether a page has one of the values."""
        words = [word.text for word in page.words]
        return set(tags_of_values(words, item.annotation.get("values", {}))) != {OUTSIDE}

    def scores(self, items: Sequence[Item], predictions: Sequence[Any]) -> dict[str, float]:
        """Returns the scores of the fields, as if they had been asked for."""
        asked: list[Item] = []
        answers: list[str] = []
        for item, found in zip(items, predictions, strict=True):
            questions = field_items(item.id, dict.fromkeys(self._keys, ""), item.annotation["values"])
            asked += questions
            texts = [found.get(question.annotation["key"]) for question in questions]
            answers += [NONE if text is None else joined([text]) for text in texts]
        return self._fields.score(asked, answers)


def tags_of_values(words: Sequence[str], values: Mapping[str, Sequence[str]]) -> list[str]:
    """Returns the BIO tag of each word of a page: a value is tagged at all places where it stands.

    Where two values overlap, the longer one counts.

    Args:
        words: the words of the page in reading order.
        values: the values by key.
    """
    tags = [OUTSIDE] * len(words)
    pairs = [(key, value) for key, found in values.items() for value in found]
    for key, value in sorted(pairs, key=lambda pair: len(pair[1]), reverse=True):
        for place in places_of_value(words, value):
            if all(tags[word] == OUTSIDE for word in place):
                tags[place.start : place.stop] = [f"B-{key}", *[f"I-{key}"] * (len(place) - 1)]
    return tags
