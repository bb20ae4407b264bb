"""A fine-tuned model that answers questions about pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas import Box, Sample, UsageError
from trainer.data.collate import collate
from trainer.data.loader import with_image
from trainer.model.batch import to_device
from trainer.model.export import exported_in
from trainer.run.finetuned import load_finetuned
from trainer.tasks.answers.spans import find_answer
from trainer.tasks.answers.task import Answers
from trainer.tasks.items import Item, ItemSample


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


class Predictor:
    """A model that was fine-tuned on questions.

    Args:
        model: an exported model, or the directory of its run.
        device: such as `cpu` or `cuda`.
        batch_size: windows that the model reads at a time.

    Raises:
        UsageError: the model was not fine-tuned on questions.
        FolioError: there is no fine-tuned model in the folder.
    """

    def __init__(self, model: str | Path, device: str = "cpu", batch_size: int = 8) -> None:
        folder = exported_in(Path(model))
        self.model, task, self.tokenizer = load_finetuned(folder)
        if not isinstance(task, Answers):
            raise UsageError(f"--model {folder} was not fine-tuned on questions: use a task with questions")
        self.model.to(device)
        self.task, self.device, self.batch_size = task, device, batch_size

    def ask(self, pages: Sample | Sequence[Sample], question: str) -> Answer:
        """Answers a question about a page or a document."""
        return self.ask_all(pages, {"": question})[""]

    def ask_all(self, pages: Sample | Sequence[Sample], questions: Mapping[str, str]) -> dict[str, Answer]:
        """Answers several questions about the same pages.

        Args:
            questions: by name.
        """
        pages = [pages] if isinstance(pages, Sample) else list(pages)
        items = {name: Item(name, {"question": text, "answers": []}) for name, text in questions.items()}
        windows = [
            (name, number, with_image(example, page, self.model.config) if self.task.reads_images else example)
            for name, item in items.items()
            for number, page in enumerate(pages)
            for example in self.task.windows(
                ItemSample(page.key, page.jpg, page.json, page.tokens, item=item, number=number)
            )
        ]
        outputs: dict[str, list[Any]] = {name: [] for name in items}
        for start in range(0, len(windows), self.batch_size):
            part = windows[start : start + self.batch_size]
            batch = to_device(collate([example for _, _, example in part], self.task), self.device)
            for (name, number, example), output in zip(part, self.task.predict(self.model, batch), strict=True):
                outputs[name].append((number, example, output))
        return {name: self._answer(item, outputs[name], pages) for name, item in items.items()}

    def _answer(self, item: Item, outputs: list[Any], pages: Sequence[Sample]) -> Answer:
        found = self.task.combine(item, outputs)
        if not found["page"]:
            return Answer("", 0.0, 0)
        page = pages[found["page"] - 1].page()
        span = find_answer([word.text for word in page.words], [found["answer"]])
        boxes = tuple(word.box for word in page.words[slice(*span)]) if span else ()
        return Answer(found["answer"], found["score"], page.page, boxes)
