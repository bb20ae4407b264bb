"""What data sets of questions have in common."""

from __future__ import annotations

from typing import Any

from schemas import Page, Tokenizer
from trainer.model.config import ModelConfig
from trainer.tasks.answers.scores import anls_scores
from trainer.tasks.answers.spans import find_answer, shown_texts
from trainer.tasks.answers.task import Answers
from trainer.tasks.items import DataSet, Item, Metric


class QuestionSet(DataSet):
    """A data set of questions. A subclass names it and reads its documents.

    Attributes:
        score: the metric.
        metric: the score by which the best model is chosen.
        task: the task that answers.
        max_target_tokens: the longest answer in tokens, if the settings do not say it.
    """

    score: Metric = staticmethod(anls_scores)
    metric = "anls"
    task: type[Answers] = Answers
    max_target_tokens = 64

    def has_truth(self, item: Item) -> bool:
        """Returns whether there is an answer."""
        return bool(item.annotation["answers"])

    def shows(self, item: Item, page: Page) -> bool:
        """Returns whether a page shows one of the answers."""
        return find_answer([word.text for word in page.words], shown_texts(item)) is not None

    def make_task(self, settings: Any, model: ModelConfig, tokenizer: Tokenizer, seed: int) -> Answers:
        """Returns the answering of questions."""
        return self.task(
            self.score,
            self.metric,
            max_text_tokens=settings.max_text_tokens,
            max_target_tokens=settings.max_target_tokens or self.max_target_tokens,
            reads_images=settings.reads_images,
            tokenizer=tokenizer,
            seed=seed,
        )
