"""A fine-tuned model that answers questions about pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas import Box, Sample
from trainer.answering.page_model import PageModel
from trainer.answering.places import answer_boxes
from trainer.tasks.answers.task import Answers
from trainer.tasks.items import Item, Output


@dataclass(frozen=True)
class Answer:
    """An answer to a question.

    Attributes:
        text: the answer.
        score: 0..1: the geometric mean of the probabilities of its tokens.
        page: number of the page that answers, from 1, as in the document; 0: no page could be used.
        boxes: where the words of the answer stand on that page, in thousandths; empty if they are not found there.
    """

    text: str
    score: float
    page: int
    boxes: tuple[Box, ...] = ()

    def record(self) -> dict[str, Any]:
        """Returns the answer as values for JSON."""
        return {"answer": self.text, "score": round(self.score, 4), "page": self.page}


class Predictor(PageModel[Answers]):
    """A model that was fine-tuned on questions.

    Args:
        model: an exported model, or the directory of its run.
        device: such as `cpu` or `cuda`.
        batch_size: windows that the model reads at a time.
        beams: hypotheses of beam search for an answer; 1: greedy, the fastest.

    Raises:
        UsageError: the model was not fine-tuned on questions.
        FolioError: there is no fine-tuned model in the folder.
    """

    def __init__(self, model: str | Path, device: str = "cpu", batch_size: int = 8, beams: int = 1) -> None:
        super().__init__(model, Answers, "questions", device, batch_size)
        self.task.beams = beams

    def ask(self, pages: Sample | Sequence[Sample], question: str) -> Answer:
        """Answers a question about a page or a document."""
        return self.ask_all(pages, {"": question})[""]

    def ask_all(self, pages: Sample | Sequence[Sample], questions: Mapping[str, str]) -> dict[str, Answer]:
        """Answers several questions about the same pages.

        Args:
            questions: by name.
        """
        pages = [pages] if isinstance(pages, Sample) else list(pages)
        items = [Item(name, {"question": text, "answers": []}) for name, text in questions.items()]
        outputs = self.outputs(items, pages)
        return {item.id: self._answer(item, found, pages) for item, found in zip(items, outputs, strict=True)}

    def _answer(self, item: Item, outputs: Sequence[Output], pages: Sequence[Sample]) -> Answer:
        found = self.task.combine(item, outputs)
        if not found["page"]:
            return Answer("", 0.0, 0)
        page = pages[found["page"] - 1].page()
        _, window, _ = max(outputs, key=lambda output: output[2][1])  # the one that `combine` chooses
        return Answer(found["answer"], found["score"], page.page, answer_boxes(page.words, found["answer"], window))
