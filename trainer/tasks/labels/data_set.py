"""What data sets of labels have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas import Tokenizer
from trainer.model.config import ModelConfig
from trainer.tasks.items import DataSet, Metric
from trainer.tasks.labels.scores import entity_scores
from trainer.tasks.labels.task import WordLabels


class LabelSet(DataSet):
    """A data set of pages whose words have labels. A subclass names it and reads its documents.

    Attributes:
        labels: all labels. `O` is that of words without one.
        score: the metric. The best model is chosen by its `f1`.
        has_images: whether the pages have images.
    """

    labels: Sequence[str] = ()
    score: Metric = staticmethod(entity_scores)
    has_images = True

    def make_task(self, settings: Any, model: ModelConfig, tokenizer: Tokenizer, seed: int) -> WordLabels:
        """Returns the labelling of words."""
        return self.word_labels(self.labels, self.score, settings, tokenizer, seed)

    def word_labels(
        self, labels: Sequence[str], score: Metric, settings: Any, tokenizer: Tokenizer, seed: int
    ) -> WordLabels:
        """Returns the labelling of words with labels and a metric. `settings` are those of `make_task`."""
        return WordLabels(
            labels,
            score,
            "f1",
            max_text_tokens=settings.max_text_tokens,
            reads_images=settings.reads_images and self.has_images,
            tokenizer=tokenizer,
            seed=seed,
        )
