"""What `trainer.predict` does with a document: it answers questions about it, or labels its words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from schemas import UsageError
from trainer.answering.documents import ReadDocument
from trainer.answering.html import answers_html, entities_html
from trainer.answering.labeller import Labeller
from trainer.answering.predictor import Predictor
from trainer.run.finetuning.finetuned import finetuned_task
from trainer.tasks.answers.task import Answers
from trainer.tasks.labels.task import WordLabels

SIMPLE = ""  # name of a question that has none


class Found(NamedTuple):
    """What was found in a document: values for JSON, and a part of an HTML page ("" if no page can be used)."""

    record: dict[str, Any]
    html: str


class DocumentReader(Protocol):
    """Uses a model on documents. `title` is that of the HTML page."""

    title: str

    def read(self, document: ReadDocument) -> Found:
        """Returns what the model finds in a document."""
        ...


class QuestionReader(DocumentReader):
    """Answers the same questions about each document, by their names; the name `SIMPLE` is not written."""

    title = "Answers"

    def __init__(self, predictor: Predictor, questions: Mapping[str, str]) -> None:
        self._predictor, self._questions = predictor, questions

    def read(self, document: ReadDocument) -> Found:
        """Returns the answers to all questions."""
        pages = document.samples
        answers = self._predictor.ask_all(pages, self._questions) if pages else {}
        records = {name: answer.record() for name, answer in answers.items()}
        record = records.get(SIMPLE, {}) if SIMPLE in self._questions else {"fields": records}
        return Found(record, answers_html(document.uri, self._questions, answers, pages) if pages else "")


class LabelReader(DocumentReader):
    """Finds the entities of each page."""

    title = "Labels"

    def __init__(self, labeller: Labeller) -> None:
        self._labeller = labeller

    def read(self, document: ReadDocument) -> Found:
        """Returns the entities of all pages."""
        pages = document.samples
        entities = [entity for page in pages for entity in self._labeller.entities(page)]
        record = {"entities": [entity.record() for entity in entities]}
        return Found(record, entities_html(document.uri, self._labeller.names, entities, pages) if pages else "")


def document_reader(
    folder: Path, questions: Mapping[str, str], device: str, batch_size: int, beams: int
) -> DocumentReader:
    """Returns what a model can do with documents.

    Args:
        folder: the exported model.
        questions: the questions by name; empty: none was asked.
        device: such as `cpu` or `cuda`.
        batch_size: windows that the model reads at a time.
        beams: see `Predictor`.

    Raises:
        UsageError: the model answers questions and there is none, or it does not and there are, or it does neither.
        FolioError: there is no fine-tuned model in the folder.
    """
    task = finetuned_task(folder)
    if isinstance(task, WordLabels):
        if questions:
            raise UsageError(f"--model {folder} labels words: leave out --question and --fields")
        return LabelReader(Labeller(folder, device, batch_size))
    if not isinstance(task, Answers):
        raise UsageError(f"--model {folder} neither answers questions nor labels words: use trainer.evaluate")
    if not questions:
        raise UsageError(f"--model {folder} answers questions: ask one by --question, or several by --fields")
    return QuestionReader(Predictor(folder, device, batch_size, beams), questions)
