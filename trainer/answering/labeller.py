"""A fine-tuned model that labels the words of pages."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from schemas import Box, Page, Sample
from schemas.geometry import hull
from trainer.answering.page_model import PageModel
from trainer.tasks.items import Item
from trainer.tasks.labels.scores import are_bio_tags, entities_of, mean_score
from trainer.tasks.labels.task import OUTSIDE, WordLabels


@dataclass(frozen=True)
class Entity:
    """Words that follow each other on a page and have a label.

    Attributes:
        label: of the words, without the `B-` and `I-` of BIO tags.
        text: the words, joined by blanks.
        page: number of the page in its document, from 1.
        score: 0..1, the mean probability of the labels of the words.
        boxes: where the words stand, in thousandths of the page: a box for each line.
    """

    label: str
    text: str
    page: int
    score: float
    boxes: tuple[Box, ...]

    def record(self) -> dict[str, Any]:
        """Returns the entity as values for JSON."""
        facts = {"label": self.label, "text": self.text, "page": self.page, "score": round(self.score, 4)}
        return {**facts, "boxes": [list(box) for box in self.boxes]}


class Labeller(PageModel[WordLabels]):
    """A model that was fine-tuned on labels of words.

    Args:
        model: an exported model, or the directory of its run.
        device: such as `cpu` or `cuda`.
        batch_size: windows that the model reads at a time.

    Attributes:
        names: all labels that an entity can have, sorted.

    Raises:
        UsageError: the model was not fine-tuned on labels.
        FolioError: there is no fine-tuned model in the folder.
    """

    def __init__(self, model: str | Path, device: str = "cpu", batch_size: int = 8) -> None:
        super().__init__(model, WordLabels, "labels", device, batch_size)
        self._bio = are_bio_tags(self.task.labels)
        self.names = sorted({label[2:] if self._bio else label for label in self.task.labels if label != OUTSIDE})

    def entities(self, sample: Sample) -> list[Entity]:
        """Returns the entities of a page in reading order."""
        page = sample.page()
        [outputs] = self.outputs([Item("", {})], [sample])
        labels = self.task.page_labels(len(page.words), outputs)
        found = entities_of([label.text for label in labels], bio=self._bio)
        return [_entity(page, label, words, mean_score(labels, words)) for label, words in found]


def _entity(page: Page, label: str, numbers: range, score: float) -> Entity:
    words = page.words[numbers.start : numbers.stop]
    lines = groupby(words, key=lambda word: word.line)
    boxes = tuple(hull(word.box for word in line) for _, line in lines)
    return Entity(label, " ".join(word.text for word in words), page.page, score, boxes)
